package report

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Group is the findings of one cause that are shown together: they have the same heading,
// and the fix is printed once. The cause is a rule or, for vulnerabilities, the version of
// a package, because one update fixes all of them.
type Group struct {
	Findings []Finding // at least one, in the order of the report
}

// GroupFindings puts findings with the same cause together, in the order in which the causes
// first appear. Findings that block are never in a group with findings that do not, and
// a secret of the tree is never in a group with a secret that only the history has.
func GroupFindings(all []Finding) []Group {
	var groups []Group
	index := map[string]int{}
	for _, f := range all {
		rule, severity := f.Rule, string(f.Severity)
		if f.Vulnerability() {
			rule, severity = "", ""
		}
		key := strings.Join([]string{f.group(), rule, f.Package, severity, f.Secret, f.Unused}, "\x00")
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

// Vulnerability reports whether the finding is a vulnerability of a package. Rules of a
// policy, such as licence-not-allowed, are about a package too and begin with a small
// letter.
func (f Finding) Vulnerability() bool {
	return f.Package != "" && f.Rule != "" && unicode.IsUpper(rune(f.Rule[0]))
}

// First is the finding that stands for the group.
func (g Group) First() Finding { return g.Findings[0] }

// Rest returns the other findings of the group.
func (g Group) Rest() []Finding { return g.Findings[1:] }

// Rules returns the rules of the group, each once.
func (g Group) Rules() []string {
	var out []string
	for _, f := range g.Findings {
		if !slices.Contains(out, f.Rule) {
			out = append(out, f.Rule)
		}
	}
	return out
}

// One reports whether all findings of the group have one rule.
func (g Group) One() bool { return len(g.Rules()) == 1 }

// Cause names the group in a few words: a rule, or several vulnerabilities of a package.
func (g Group) Cause() string {
	f := g.First()
	if n := len(g.Rules()); n > 1 {
		return fmt.Sprintf("%d vulnerabilities in %s", n, PackageName(f.Package))
	}
	return f.Rule
}

// Places returns where the group was found, each place once.
func (g Group) Places() []Location {
	var out []Location
	for _, f := range g.Findings {
		if !slices.Contains(out, f.At) {
			out = append(out, f.At)
		}
	}
	return out
}

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

// PackageName returns the name and the version of a package URL as a person writes them:
// golang.org/x/text 0.3.7.
func PackageName(purl string) string {
	_, name, ok := strings.Cut(strings.TrimPrefix(purl, "pkg:"), "/")
	if !ok || !strings.HasPrefix(purl, "pkg:") {
		return purl
	}
	name, _, _ = strings.Cut(name, "#")
	name, _, _ = strings.Cut(name, "?")
	version := ""
	if i := strings.LastIndexByte(name, '@'); i > 0 {
		name, version = name[:i], " "+name[i+1:]
	}
	if plain, err := url.PathUnescape(name + version); err == nil {
		return plain
	}
	return name + version
}
