package gate

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Policy restricts the packages of an app. The zero value accepts all packages.
type Policy struct {
	// Dependencies are patterns of package URLs without version, such as
	// pkg:npm/react or pkg:golang/golang.org/x/*. Nil accepts all. Indirect dependencies are not
	// restricted.
	Dependencies []string
	Allow, Deny  []string // SPDX ids; an empty Allow accepts every licence
}

// ReadAllowed reads a list of allowed dependencies: one package URL or pattern per
// line; # begins a comment. An invalid line is a *report.UsageError that names the
// line.
func ReadAllowed(dir, name string) ([]string, error) {
	b, err := readPolicyFile(dir, name, maxWaivers)
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("%s:1:1 cannot be read: %v: gate.allowed-dependencies must name a readable file", name, err))
	}
	return parseAllowed(name, b)
}

func parseAllowed(name string, b []byte) ([]string, error) {
	patterns := []string{}
	var problems []string
	lines := bufio.NewScanner(bytes.NewReader(b))
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		switch {
		case !strings.HasPrefix(line, "pkg:") || !strings.Contains(line, "/"):
			problems = append(problems, fmt.Sprintf("%s:%d:1 %q is not a package URL such as pkg:npm/react", name, n, line))
		case strings.ContainsAny(line, "?#") || nameOf(line) != line:
			problems = append(problems, fmt.Sprintf("%s:%d:1 %q has a version or qualifiers: remove them; versions belong in the lock file", name, n, line))
		case !doublestar.ValidatePattern(line):
			problems = append(problems, fmt.Sprintf("%s:%d:1 %q is not a valid pattern: * matches within a path segment, ** any number of them", name, n, line))
		}
		patterns = append(patterns, line)
	}
	if err := lines.Err(); err != nil {
		problems = append(problems, fmt.Sprintf("%s:1:1 cannot be read: %v", name, err))
	}
	if len(problems) > 0 {
		return nil, report.Usage(strings.Join(problems, "\n"))
	}
	return patterns, nil
}

// Check reports entries of the licence lists that are not SPDX ids.
func (p Policy) Check() error {
	var problems []string
	for key, ids := range map[string][]string{"allow": p.Allow, "deny": p.Deny} {
		if bad := slices.DeleteFunc(slices.Clone(ids), IsLicence); len(bad) > 0 {
			problems = append(problems, fmt.Sprintf("gate.licences.%s: %s: use SPDX ids such as MIT or AGPL-3.0-only", key, strings.Join(bad, ", ")))
		}
	}
	if len(problems) == 0 {
		return nil
	}
	slices.Sort(problems)
	return report.Usage(strings.Join(problems, "\n"))
}

// policyTool is the tool name in findings of the policy.
const policyTool = "goldenpath"

// check returns a finding for each package that the policy does not accept.
func (p Policy) check(packages []Package) []report.Finding {
	if p.Dependencies == nil && len(p.Allow)+len(p.Deny) == 0 {
		return nil
	}
	marked := map[string]bool{} // files that distinguish direct packages
	for _, pkg := range packages {
		marked[pkg.At.Path] = marked[pkg.At.Path] || pkg.Direct
	}
	var out []report.Finding
	unknown := map[string]int{} // packages without a licence, by file
	for _, pkg := range packages {
		found := func(rule string, s report.Severity, message, fix string) {
			out = append(out, report.Finding{Rule: rule, Severity: s, Message: message, Fix: fix, At: pkg.At, Package: pkg.PURL, Through: pkg.Through, Tools: []string{policyTool}})
		}
		name := nameOf(pkg.PURL)
		if name == "pkg:golang/stdlib" { // part of the toolchain
			continue
		}
		own := !pkg.system() && (pkg.Direct || !marked[pkg.At.Path])
		if p.Dependencies != nil && own && !pkg.Image && !slices.ContainsFunc(p.Dependencies, func(pattern string) bool { return doublestar.MatchUnvalidated(oneSpelling(pattern), oneSpelling(name)) }) {
			found("dependency-not-allowed", report.High, name+" is not on the list of allowed dependencies",
				"use a dependency that is on the list, or add "+name+" to the list on the base branch")
		}
		for _, l := range pkg.Licences {
			if bad := p.forbids(l, pkg.system()); bad != "" {
				found("licence-not-allowed", report.High, name+" has the licence "+l+": "+bad, "replace "+name+", or waive it with its purl, a reason and an expiry")
			}
		}
		uncertain := func(l string) bool { _, err := LicenceIDs(l); return err != nil && p.forbids(l, false) == "" }
		if (len(pkg.Licences) == 0 || slices.ContainsFunc(pkg.Licences, uncertain)) && !pkg.system() && !pkg.Image {
			unknown[pkg.At.Path]++
		}
		if len(p.Allow) > 0 && len(pkg.Licences) == 0 && !pkg.system() && !pkg.Image {
			found("licence-unknown", report.Low, "the licence of "+name+" is unknown: no lock file or package states it", "look the licence up; if it is acceptable, waive the package by its purl")
		}
	}
	if len(p.Allow) > 0 {
		return out
	}
	for _, file := range slices.Sorted(maps.Keys(unknown)) {
		if len(p.Deny) > 0 && file != "" {
			out = append(out, report.Finding{Rule: "licence-unknown", Severity: report.Low, At: report.Location{Path: file}, Tools: []string{policyTool},
				Message: fmt.Sprintf("the licences of %s are unknown or not SPDX expressions, so gate.licences.deny cannot be applied to them", english.Plural(unknown[file], "package", "")),
				Fix:     "check their licences, and waive the rule for this file; or list the accepted licences with gate.licences.allow"})
		}
	}
	return out
}

// oneSpelling returns a package URL without version, or a pattern of them, in one spelling
// for all that name the same packages.
func oneSpelling(purl string) string {
	if plain, err := url.PathUnescape(purl); err == nil {
		purl = plain
	}
	kind, name, _ := strings.Cut(strings.TrimPrefix(purl, "pkg:"), "/")
	kind = strings.ToLower(kind)
	return kind + "/" + spelled(kind, name)
}

// forbids returns the reason why a licence expression is not accepted, or "" if it is.
// One accepted alternative of the expression is enough. Only Deny applies to system
// packages of an image, because a list of all licences of a distribution is not
// practical.
func (p Policy) forbids(expression string, system bool) string {
	ids, err := LicenceIDs(expression)
	if err != nil {
		if len(p.Allow) > 0 && !system {
			return "not an SPDX expression, so it cannot be compared with the allowed licences"
		}
		if slices.ContainsFunc(p.Deny, func(d string) bool { return strings.EqualFold(d, expression) }) {
			return "the policy denies it"
		}
		return ""
	}
	left := slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		denied, err := satisfies(id, p.Deny)
		return len(p.Deny) > 0 && err == nil && denied
	})
	if ok, err := satisfies(expression, left); len(left) == 0 || err != nil || !ok {
		return "the policy denies it"
	}
	if len(p.Allow) == 0 || system {
		return ""
	}
	if ok, err := satisfies(expression, p.Allow); err != nil || !ok {
		return "the policy does not allow it"
	}
	return ""
}

// system reports whether the package belongs to an operating system.
func (p Package) system() bool {
	kind, _, _ := strings.Cut(strings.TrimPrefix(p.PURL, "pkg:"), "/")
	return slices.Contains([]string{"apk", "deb", "rpm", "alpm"}, kind)
}

// nameOf returns a package URL without version, qualifiers and subpath.
func nameOf(purl string) string {
	purl, _, _ = strings.Cut(purl, "#")
	purl, _, _ = strings.Cut(purl, "?")
	// pkg:npm/@scope/name has no version.
	if i := strings.LastIndexByte(purl, '@'); i > strings.LastIndexByte(purl, '/') {
		purl = purl[:i]
	}
	return purl
}
