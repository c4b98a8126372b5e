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
	// A second line of comment says for whom a starter is: it is not for all.
	onlyFor = regexp.MustCompile(`^# Copy this file [^\n]*\n# ([^\n]+)`)
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
			path: to, why: starterFor(name, text), also: []string{strings.TrimSuffix(to, ".yml") + ".yaml"},
			make: func(f *Facts) (string, string, error) {
				return pinned(f.onBranch(text), f), f.notFor(strings.TrimSuffix(name, ".yml"), text), nil
			},
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

const mainBranch = "branches: [main]"

// plainBranch is a branch whose name means itself in a filter of branches.
var plainBranch = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)

// onBranch lets a starter wait for pushes to the repository's own default branch.
func (f *Facts) onBranch(text string) string {
	if f.Branch == "" || f.Branch == "main" || !plainBranch.MatchString(f.Branch) {
		return text
	}
	return strings.ReplaceAll(text, mainBranch, `branches: ["`+f.Branch+`"]`)
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

// notFor says why a starter is not written: it is for some repositories alone, and
// nobody asked for it.
func (f *Facts) notFor(name, text string) string {
	m := onlyFor.FindStringSubmatch(text)
	if m == nil || slices.Contains(f.With, name) {
		return ""
	}
	return strings.TrimSuffix(m[1], ".") + ": --with " + name
}

// conditional are the starters that --with can name.
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

// starterFor says what a starter is for, by its name and its second line.
func starterFor(name, text string) string {
	name = strings.TrimSuffix(path.Base(name), ".yml")
	if name == "pull-request" || name == "goldenpath" {
		return "the path on GitHub: every pull request and every push"
	}
	why := strings.ReplaceAll(name, "-", " ") + ", as a workflow"
	if onlyFor.MatchString(text) {
		why += "; with `--with " + name + "`"
	}
	return why
}
