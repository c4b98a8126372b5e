package scaffold

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/workflows"
)

var (
	copyTo = regexp.MustCompile(`^# Copy this file to (\.github/workflows/[a-z0-9-]+\.yml)\b`)
	zeros  = regexp.MustCompile(`@0{40}( # v0)?\b`)
)

// starters returns all starter workflows.
func starters() []file {
	names, err := fs.Glob(workflows.Starters, "*.yml")
	if err != nil {
		return nil // the pattern is a constant
	}
	var all []file
	for _, name := range names {
		if name == forApps {
			continue // it takes the place of another one
		}
		text := starter(name)
		to := target(name, text)
		all = append(all, file{
			path: to, why: starterFor(name), group: starterGroup(name), also: []string{strings.TrimSuffix(to, ".yml") + ".yaml"},
			make: func(f *Facts) (string, string, error) {
				text := text
				if name == "goldenpath.yml" && f.several {
					text = starter(forApps)
				}
				return pinned(f.onBranch(f.credentials(f.introduced(name, text))), f), f.notFor(starterGroup(name)), nil
			},
		})
	}
	return all
}

// mainStarter is the workflow of the path, and forApps its starter in a repository with several
// apps.
const (
	mainStarter = ".github/workflows/goldenpath.yml"
	forApps     = "apps.yml"
)

// starter returns the text of a starter, which is embedded.
func starter(name string) string {
	b, _ := workflows.Starters.ReadFile(name)
	return workflows.Own(string(b))
}

// target is the destination that the starter names, or one derived from its name.
func target(name, text string) string {
	if m := copyTo.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	if name == "pull-request.yml" || name == "goldenpath.yml" {
		return mainStarter
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

// notFor returns why a workflow does not work with the target, or "".
func (f *Facts) notFor(group string) string {
	if f.Deploys == "process" && slices.Contains(released, group) {
		return "with target process nothing is released on GitHub, so it has nothing to do"
	}
	return ""
}

var firstComment = regexp.MustCompile(`\A# Copy this file [^\n]*\n`)

// introduced replaces the first comment, which is about copying, with what the workflow
// does for this repository.
func (f *Facts) introduced(name, text string) string {
	if starterGroup(name) != "" || !firstComment.MatchString(text) {
		return text
	}
	about := "# Runs goldenpath: previews for pull requests, releases for pushes to the default branch.\n"
	if f.Deploys == "process" {
		about = "# Runs goldenpath on GitHub: tests, build, security gate and scorecard. The environments have target\n" +
			"# process, so previews, staging and production exist only where you run \"goldenpath run\".\n"
	}
	if f.Pin == "" {
		about += "# Replace the zeros with the full commit of a goldenpath release.\n"
	}
	return firstComment.ReplaceAllLiteralString(text, about)
}

// starterGroup is the group of a starter: "" for the one that is always written.
func starterGroup(name string) string {
	if name = strings.TrimSuffix(name, ".yml"); name != "goldenpath" && name != "pull-request" {
		return name
	}
	return ""
}

// starterFor describes a starter by its name.
func starterFor(name string) string {
	group := starterGroup(name)
	for _, g := range groups {
		if g.Name == group {
			return strings.TrimPrefix(g.What, "workflow: ")
		}
	}
	return "runs the path on GitHub for every pull request and every push"
}
