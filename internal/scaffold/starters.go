package scaffold

import (
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/seed-b235b314/goldenpath/workflows"
)

var (
	copyTo = regexp.MustCompile(`^# Copy this file to (\.github/workflows/[a-z0-9-]+\.yml)\b`)
	zeros  = regexp.MustCompile(`@0{40}( # v0)?\b`)
)

// starters are the workflows that a team copies: all that there are.
func starters() []file {
	names, err := fs.Glob(workflows.Starters, "*.yml")
	if err != nil {
		return nil // the pattern is a constant
	}
	var all []file
	for _, name := range names {
		b, err := workflows.Starters.ReadFile(name)
		if err != nil {
			continue // what Glob lists is embedded
		}
		text := string(b)
		to := target(name, text)
		all = append(all, file{
			path: to, why: starterFor(name), also: []string{strings.TrimSuffix(to, ".yml") + ".yaml"},
			make: func(f *Facts) (string, string, error) { return pinned(text, f), "", nil },
		})
	}
	return all
}

// target is where a starter says that it goes, or else where its name belongs.
func target(name, text string) string {
	if m := copyTo.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	if name == "pull-request.yml" || name == "goldenpath.yml" {
		return ".github/workflows/goldenpath.yml"
	}
	return ".github/workflows/goldenpath-" + name
}

// pinned puts the commit of this release in the place of the zeros, which mean
// none.
func pinned(text string, f *Facts) string {
	if f.Pin == "" {
		return text
	}
	pin := "@" + f.Pin
	if f.Version != "" {
		return zeros.ReplaceAllLiteralString(text, pin+" # "+f.Version)
	}
	return regexp.MustCompile(`@0{40}`).ReplaceAllLiteralString(text, pin)
}

// starterFor says what a starter is for, by its name.
func starterFor(name string) string {
	name = strings.TrimSuffix(path.Base(name), ".yml")
	if name == "pull-request" || name == "goldenpath" {
		return "the path on GitHub: every pull request and every push"
	}
	return strings.ReplaceAll(name, "-", " ") + ", as a workflow"
}
