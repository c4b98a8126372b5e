package scaffold

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Group is a set of files that init writes only if it is asked to.
type Group struct{ Name, What string }

// groups are the sets that --with can name, in the order in which they are offered.
var groups = []Group{
	{"github", "Dependabot, CODEOWNERS, a pull request template and issue forms"},
	{"hooks", "pre-commit hooks with the quick checks"},
	{"devcontainer", "a development container from the app's Dockerfile"},
	{"waivers", "an empty file for findings that are accepted until a date"},
	{"product", "a product thesis, requirements with ids, and decisions (ADRs)"},
	{"runbooks", "ten runbooks and a postmortem template"},
	{"registers", "lists of risks, incidents, exceptions, access and debt"},
	{"ai", "a folder for prompts, and prompt and model cards"},
	{"flags", "a file of feature flags with owner and expiry"},
	{"comment", "workflow: comments on pull requests from forks"},
	{"governance", "workflow: a daily scan, and a check of environments and settings"},
	{"security", "workflow: only the gate, for a repository that does not use the path"},
	{"rollback", "workflow: a person rolls back a release"},
	{"promote", "workflow: a person promotes the staged release"},
	{"sweep", "workflow: removes previews that are due, every six hours"},
}

// all is the name of all groups together.
const everything = "all"

// released are the workflows that need releases on GitHub.
var released = []string{"rollback", "promote", "sweep"}

// selected returns the groups that --with names, or an error that lists them.
func selected(with []string) ([]string, error) {
	var names []string
	for _, g := range groups {
		names = append(names, g.Name)
	}
	var all []string
	for _, name := range with {
		switch {
		case name == everything:
			all = append(all, slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "security" })...)
		case slices.Contains(names, name):
			all = append(all, name)
		default:
			hint := ""
			for _, n := range names {
				if len(name) < 40 && levenshtein.ComputeDistance(n, name) <= 2 {
					hint = fmt.Sprintf("; did you mean %q?", n)
				}
			}
			return nil, report.Usage(fmt.Sprintf("--with %.40q is not a group of files%s: the groups are %s, or %s; --with list describes them", name, hint, strings.Join(names, ", "), everything))
		}
	}
	return all, nil
}

// wants reports whether a group was asked for. The group "" is always written, except
// for a repository that wants only the gate.
func (f *Facts) wants(group string) bool {
	if group == "" {
		return !gateAlone(f.With)
	}
	return slices.Contains(f.With, group)
}

// gateAlone reports whether a repository wants only the gate, which needs neither an app nor
// a configuration.
func gateAlone(with []string) bool { return slices.Equal(with, []string{"security"}) }

// offered returns the groups that work with the target.
func (f *Facts) offered() []Group {
	return slices.DeleteFunc(slices.Clone(groups), func(g Group) bool {
		return g.Name == "security" || f.notFor(g.Name) != "" || g.Name == "devcontainer" && len(f.Dockerfiles) == 0
	})
}

// Groups returns a section that lists the groups of --with.
func Groups() report.Section {
	s := report.Section{Title: "groups for --with", Open: true, Head: []string{"group", "files"}}
	for _, g := range groups {
		s.Rows = append(s.Rows, []string{g.Name, g.What})
	}
	s.Rows = append(s.Rows, []string{everything, "all of them that work with the target of the environments"})
	return s
}
