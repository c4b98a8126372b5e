package targets

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// SecretsFile is the file in a working tree that holds values for the secrets and
// variables that a configuration names.
const SecretsFile = ".goldenpath/secrets.env"

// variables returns a function that looks a name up in --variables, in the environment,
// and then in SecretsFile. A called workflow receives secrets by name, and can pass on
// only those that it declares, so it passes all of them in one.
func (a Access) variables() (func(name string) string, error) {
	given, err := a.given()
	if err != nil {
		return nil, err
	}
	kept, err := a.kept()
	if err != nil {
		return nil, err
	}
	return func(name string) string {
		if v, ok := given[name]; ok {
			return v
		}
		return cmp.Or(a.Getenv(name), kept[name])
	}, nil
}

// given reads --variables.
func (a Access) given() (map[string]string, error) {
	text := a.Given
	if text == "" {
		return nil, nil
	}
	if !strings.Contains(text, "=") && !strings.Contains(text, "<<") {
		b, err := os.ReadFile(text)
		if err != nil {
			return nil, report.Usage("--variables is neither NAME=value lines nor a readable file")
		}
		text = string(b)
	}
	return parseVariables("--variables", text)
}

var exported = regexp.MustCompile(`(?m)^export +`)

// kept reads SecretsFile. A file that git could commit, or that other users can read, is
// refused: its values are secrets.
func (a Access) kept() (map[string]string, error) {
	path := filepath.Join(a.Dir, filepath.FromSlash(SecretsFile))
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, report.Usage(SecretsFile + " is not a regular file: write the values into the file itself")
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return nil, report.Usage(fmt.Sprintf("%s can be read by other users of this machine (mode %#o): run chmod 600 %[1]s", SecretsFile, info.Mode().Perm()))
	}
	ctx := context.Background()
	if _, err := a.Git.Run(ctx, "ls-files", "--error-unmatch", "--", path); err == nil {
		return nil, report.Usage(fmt.Sprintf("%s is tracked by git, so its values are in every clone: run git rm --cached %[1]s, add it to .gitignore, commit, and replace the values, because the history keeps them", SecretsFile))
	}
	if _, err := a.Git.Run(ctx, "check-ignore", "--quiet", "--", path); err != nil {
		return nil, report.Usage(fmt.Sprintf("git does not ignore %s, so the next git add could commit it: run echo %[1]s >> .gitignore", SecretsFile))
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	// A value in quotes and the word export are as in a .env file.
	all, err := parseVariables(SecretsFile, exported.ReplaceAllString(string(b), ""))
	for name, value := range all {
		if n := len(value); n > 1 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
			all[name] = value[1 : n-1]
		}
	}
	return all, err
}

// parseVariables reads the format of $GITHUB_ENV: NAME=value, where the value is the
// rest of the line, unchanged; or NAME<<WORD, lines, WORD. Libraries for .env files do
// not fit: they expand a $ in a password. Errors quote no values, because they are
// secrets.
func parseVariables(source, text string) (map[string]string, error) {
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
				return nil, report.Usage(fmt.Sprintf("%s: the value that starts at line %d does not end: its last line must be the word after <<", source, i+1))
			}
			name, value, ok, i = before, strings.Join(lines[i+1:end], "\n"), true, end
		}
		if name = strings.TrimSpace(name); !ok || name == "" || strings.ContainsAny(name, " \t\"'") {
			return nil, report.Usage(fmt.Sprintf("%s: line %d is not NAME=value", source, i+1))
		}
		all[name] = value
	}
	return all, nil
}
