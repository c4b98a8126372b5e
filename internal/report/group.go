package report

import (
	"slices"
	"strings"
)

// Group is the findings of one rule that are shown together: they have the same heading,
// and the fix is printed once.
type Group struct {
	Findings []Finding // at least one, in the order of the report
}

// GroupFindings puts findings of the same rule together, in the order in which the rules
// first appear. Findings that block are never in a group with findings that do not, and
// a secret of the tree is never in a group with a secret that only the history has.
func GroupFindings(all []Finding) []Group {
	var groups []Group
	index := map[string]int{}
	for _, f := range all {
		key := strings.Join([]string{f.group(), f.Rule, f.Package, string(f.Severity), f.Secret, f.Unused}, "\x00")
		i, ok := index[key]
		if !ok {
			i = len(groups)
			index[key] = i
			groups = append(groups, Group{})
		}
		groups[i].Findings = append(groups[i].Findings, f)
	}
	return groups
}

// First is the finding that stands for the group.
func (g Group) First() Finding { return g.Findings[0] }

// Rest returns the other findings of the group.
func (g Group) Rest() []Finding { return g.Findings[1:] }

// Fixes returns what to do, each text once.
func (g Group) Fixes() []string {
	var out []string
	for _, f := range g.Findings {
		if fix := strings.TrimSpace(f.Fix); fix != "" && !slices.Contains(out, fix) {
			out = append(out, fix)
		}
	}
	return out
}

// sameMessage reports whether all findings of the group have one message.
func (g Group) sameMessage() bool {
	return !slices.ContainsFunc(g.Findings, func(f Finding) bool { return f.Message != g.First().Message })
}
