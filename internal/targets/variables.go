package targets

import (
	"fmt"
	"os"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// variables returns a function that looks a name up in --variables and then in the
// environment. A called workflow receives secrets by name, and can pass on only those
// that it declares, so it passes all of them in one.
func (a Access) variables() (func(name string) string, error) {
	given := a.Variables
	if given == "" {
		return a.Getenv, nil
	}
	text := given
	if !strings.Contains(given, "=") && !strings.Contains(given, "<<") {
		b, err := os.ReadFile(given)
		if err != nil {
			return nil, report.Usage("--variables is neither NAME=value lines nor a readable file")
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
		return a.Getenv(name)
	}, nil
}

// parseVariables reads the format of $GITHUB_ENV: NAME=value, where the value is the
// rest of the line, unchanged; or NAME<<WORD, lines, WORD. Libraries for .env files do
// not fit: they expand a $ in a password. Errors quote no values, because they are
// secrets.
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
				return nil, report.Usage(fmt.Sprintf("--variables: the value that starts at line %d does not end: its last line must be the word after <<", i+1))
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
