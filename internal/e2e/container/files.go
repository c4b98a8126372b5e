//go:build e2e

package container

import (
	"fmt"
	"os"
	"strings"
)

// summaryLimit is the size in bytes above which GitHub rejects a summary.
// FileCommandManager.cs.
const summaryLimit = 1 << 20

// process reads the files of the file commands. A file that cannot be read fails the
// step, and the others are still read. FileCommandManager.cs, ProcessFiles.
func (j *Job) process(files map[string]string, l *log) {
	r := l.result
	for _, c := range []struct {
		name string
		into map[string]string
	}{{"env", r.Env}, {"output", r.Outputs}, {"state", r.State}} {
		err := pairs(read(files[c.name]), func(key, value string) error {
			if c.name == "env" && strings.EqualFold(key, "NODE_OPTIONS") {
				r.complain("Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.")
				return nil
			}
			if c.name == "output" && key == "" {
				return fmt.Errorf("Value cannot be null. (Parameter 'name')")
			}
			c.into[key] = value
			return nil
		})
		if err != nil {
			r.Failed = true
			r.complain("Unable to process file command '%s' successfully.", c.name)
			r.complain("%v", err)
		}
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(read(files["path"]), "\r", "\n"), "\n") {
		if line != "" {
			r.Path = append(r.Path, line)
		}
	}
	summary := read(files["step_summary"])
	if len(summary) > summaryLimit {
		r.complain("$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of %dk, got %dk.", summaryLimit>>10, len(summary)>>10)
		return
	}
	var masked strings.Builder
	for line := range strings.Lines(summary) {
		masked.WriteString(mask(j.Secrets, line))
	}
	r.Summary = masked.String()
}

// read reads a file, which the action may have removed.
func read(name string) string {
	b, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return string(b)
}

// pairs reads NAME=VALUE and NAME<<DELIMITER as EnvFileKeyValuePairs does. It handles
// one pair at a time, so that the pairs before an error take effect.
func pairs(text string, each func(key, value string) error) error {
	for text != "" {
		line, _ := cutLine(&text)
		if line == "" {
			continue
		}
		equals, heredoc := strings.Index(line, "="), strings.Index(line, "<<")
		key, value := "", ""
		switch {
		case equals >= 0 && (heredoc < 0 || equals < heredoc):
			key, value = line[:equals], line[equals+1:]
		case heredoc >= 0:
			delimiter := line[heredoc+2:]
			if key = line[:heredoc]; key == "" || delimiter == "" {
				return fmt.Errorf("Invalid format '%s'. Name must not be empty and delimiter must not be empty", line)
			}
			var err error
			if value, err = heredocValue(&text, delimiter); err != nil {
				return err
			}
		default:
			return fmt.Errorf("Invalid format '%s'", line)
		}
		if err := each(key, value); err != nil {
			return err
		}
	}
	return nil
}

// heredocValue returns the text before the delimiter, without its last line break.
func heredocValue(text *string, delimiter string) (string, error) {
	var value []string
	for {
		if *text == "" {
			return "", fmt.Errorf("Invalid value. Matching delimiter not found '%s'", delimiter)
		}
		line, newline := cutLine(text)
		if line == delimiter {
			return strings.Join(value, "\n"), nil
		}
		if !newline {
			return "", fmt.Errorf("Invalid value. EOF marker missing new line.")
		}
		value = append(value, line)
	}
}

// cutLine cuts a line off a text. On Linux a carriage return is part of the line.
func cutLine(text *string) (line string, newline bool) {
	line, *text, newline = strings.Cut(*text, "\n")
	return line, newline
}
