package path

import (
	"fmt"
	"os"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// variables looks values up in what --variables gives, and then in the
// environment: a called workflow gets secrets by name, and passes on one.
func (w *world) variables() (func(name string) string, error) {
	given := w.cluster.Variables
	if given == "" {
		return w.env.Getenv, nil
	}
	text := given
	if !strings.Contains(given, "=") && !strings.Contains(given, "<<") {
		b, err := os.ReadFile(given)
		if err != nil {
			return nil, report.Usage("--variables is neither lines NAME=value nor a file that can be read")
		}
		text = string(b)
	}
	all, err := parseVariables(text)
	if err != nil {
		return nil, err
	}
	return func(name string) string {
		if v, ok := all[name]; ok {
			return v
		}
		return w.env.Getenv(name)
	}, nil
}

// parseVariables reads what a step may write into $GITHUB_ENV: NAME=value, the
// value to the end of the line and as it is; or NAME<<WORD, lines, WORD. No
// library of .env files does: they take a $ in a password for a variable. An error
// quotes nothing, a value is a secret.
func parseVariables(text string) (map[string]string, error) {
	all := map[string]string{}
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if t := strings.TrimSpace(line); t == "" || strings.HasPrefix(t, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if before, word, long := strings.Cut(line, "<<"); long && (!ok || len(before) < len(name)) {
			end := i + 1
			for end < len(lines) && lines[end] != word {
				end++
			}
			if word == "" || end == len(lines) {
				return nil, report.Usage(fmt.Sprintf("--variables: line %d begins a value that does not end: its last line is the word after <<", i+1))
			}
			name, value, ok, i = before, strings.Join(lines[i+1:end], "\n"), true, end
		}
		if name = strings.TrimSpace(name); !ok || name == "" || strings.ContainsAny(name, " \t\"'") {
			return nil, report.Usage(fmt.Sprintf("--variables: line %d is not NAME=value", i+1))
		}
		all[name] = value
	}
	return all, nil
}
