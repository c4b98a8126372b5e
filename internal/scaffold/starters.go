package scaffold

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/workflows"
)

var (
	copyTo = regexp.MustCompile(`^# Copy this file to (\.github/workflows/[a-z0-9-]+\.yml)\b`)
	zeros  = regexp.MustCompile(`@0{40}( # v0)?\b`)
	// A second line of comment marks an optional starter and describes it.
	onlyFor = regexp.MustCompile(`^# Copy this file [^\n]*\n# ([^\n]+)`)
)

// starters returns all starter workflows.
func starters() []file {
	names, err := fs.Glob(workflows.Starters, "*.yml")
	if err != nil {
		return nil // the pattern is a constant
	}
	var all []file
	for _, name := range names {
		b, err := workflows.Starters.ReadFile(name)
		if err != nil {
			continue // the file is embedded
		}
		text := string(b)
		to := target(name, text)
		all = append(all, file{
			path: to, why: starterFor(name, text), also: []string{strings.TrimSuffix(to, ".yml") + ".yaml"},
			make: func(f *Facts) (string, string, error) {
				return pinned(f.onBranch(text), f), f.notFor(strings.TrimSuffix(name, ".yml"), text), nil
			},
		})
	}
	return all
}

// target is the destination that the starter names, or one derived from its name.
func target(name, text string) string {
	if m := copyTo.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	if name == "pull-request.yml" || name == "goldenpath.yml" {
		return ".github/workflows/goldenpath.yml"
	}
	return ".github/workflows/goldenpath-" + name
}

const mainBranch = "branches: [main]"

// plainBranch matches branch names without special characters of branch filters.
var plainBranch = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)

// onBranch sets the branch filter to the repository's default branch.
func (f *Facts) onBranch(text string) string {
	if f.Branch == "" || f.Branch == "main" || !plainBranch.MatchString(f.Branch) {
		return text
	}
	return strings.ReplaceAll(text, mainBranch, `branches: ["`+f.Branch+`"]`)
}

// pinned replaces the zeros with the commit of this release, if it is known.
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

// notFor returns why an optional starter is not written, or "".
func (f *Facts) notFor(name, text string) string {
	m := onlyFor.FindStringSubmatch(text)
	if m == nil || slices.Contains(f.With, name) {
		return ""
	}
	return strings.TrimSuffix(m[1], ".") + ": --with " + name
}

// conditional returns the optional starters, which --with can name.
func conditional() []string {
	var all []string
	names, err := fs.Glob(workflows.Starters, "*.yml")
	if err != nil {
		return nil
	}
	for _, name := range names {
		if b, err := workflows.Starters.ReadFile(name); err == nil && onlyFor.Match(b) {
			all = append(all, strings.TrimSuffix(name, ".yml"))
		}
	}
	return all
}

// starterFor describes a starter by its name and its second line.
func starterFor(name, text string) string {
	name = strings.TrimSuffix(path.Base(name), ".yml")
	if name == "pull-request" || name == "goldenpath" {
		return "runs the path on GitHub for every pull request and every push"
	}
	why := strings.ReplaceAll(name, "-", " ") + " workflow"
	if onlyFor.MatchString(text) {
		why += "; with `--with " + name + "`"
	}
	return why
}
