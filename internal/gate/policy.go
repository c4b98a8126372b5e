package gate

import (
	"bufio"
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Policy is what a repository says about the packages its app is made of. The
// zero value accepts every one.
type Policy struct {
	// Dependencies are patterns of package URLs without version, such as
	// pkg:npm/react or pkg:golang/golang.org/x/*. Nil accepts all. A package that
	// comes in through another is accepted with it.
	Dependencies []string
	Allow, Deny  []string // licences by SPDX id; an empty Allow is every one
}

// ReadAllowed reads a list of dependencies: a package URL or a pattern of them a
// line, # begins a comment. A mistake is a *report.UsageError with its line.
func ReadAllowed(dir, name string) ([]string, error) {
	b, err := readPolicyFile(dir, name)
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("%s:1:1 gate.allowed-dependencies names it and it cannot be read: %v", name, err))
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
			problems = append(problems, fmt.Sprintf("%s:%d:1 %q is no package URL such as pkg:npm/react", name, n, line))
		case strings.ContainsAny(line, "?#") || nameOf(line) != line:
			problems = append(problems, fmt.Sprintf("%s:%d:1 %q has a version or qualifiers: a lock file says these", name, n, line))
		case !doublestar.ValidatePattern(line):
			problems = append(problems, fmt.Sprintf("%s:%d:1 %q is no pattern", name, n, line))
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

// Check reports what is no SPDX id in the lists of licences.
func (p Policy) Check() error {
	var problems []string
	for key, ids := range map[string][]string{"allow": p.Allow, "deny": p.Deny} {
		if bad := slices.DeleteFunc(slices.Clone(ids), IsLicence); len(bad) > 0 {
			problems = append(problems, fmt.Sprintf("gate.licences.%s: %s: no SPDX id such as MIT or AGPL-3.0-only", key, strings.Join(bad, ", ")))
		}
	}
	if len(problems) == 0 {
		return nil
	}
	slices.Sort(problems)
	return report.Usage(strings.Join(problems, "\n"))
}

// policyTool is who finds what the policy forbids.
const policyTool = "goldenpath"

func (p Policy) check(packages []Package) []report.Finding {
	if p.Dependencies == nil && len(p.Allow)+len(p.Deny) == 0 {
		return nil
	}
	tells := map[string]bool{} // files that say which packages are direct
	for _, pkg := range packages {
		tells[pkg.At.Path] = tells[pkg.At.Path] || pkg.Direct
	}
	var out []report.Finding
	for _, pkg := range packages {
		found := func(rule string, s report.Severity, message, fix string) {
			out = append(out, report.Finding{Rule: rule, Severity: s, Message: message, Fix: fix, At: pkg.At, Package: pkg.PURL, Through: pkg.Through, Tools: []string{policyTool}})
		}
		name := nameOf(pkg.PURL)
		if name == "pkg:golang/stdlib" { // comes with the toolchain
			continue
		}
		own := !pkg.system() && (pkg.Direct || !tells[pkg.At.Path])
		if p.Dependencies != nil && own && !pkg.Image && !slices.ContainsFunc(p.Dependencies, func(pattern string) bool { return doublestar.MatchUnvalidated(pattern, name) }) {
			found("dependency-not-allowed", report.High, name+" is not on the list of allowed dependencies",
				"use one that is on the list, or add "+name+" to the list on the base branch")
		}
		for _, l := range pkg.Licences {
			if bad := p.forbids(l, pkg.system()); bad != "" {
				found("licence-not-allowed", report.High, name+" is under "+l+": "+bad, "replace "+name+", or waive it with its purl, a reason and an expiry")
			}
		}
		if len(p.Allow) > 0 && len(pkg.Licences) == 0 && !pkg.system() && !pkg.Image {
			found("licence-unknown", report.Low, "nothing here says under which licence "+name+" is", "look it up; where the policy must hold, waive it with its purl once it is known")
		}
	}
	return out
}

// forbids says why a licence expression is not accepted, or "". Of alternatives
// one that is accepted is enough. An image's system packages are only held to
// what is denied: nobody writes a list of all licences of a distribution.
func (p Policy) forbids(expression string, system bool) string {
	ids, err := LicenceIDs(expression)
	if err != nil {
		if len(p.Allow) > 0 && !system {
			return "it is no SPDX expression, so nobody knows whether it is allowed"
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

// system reports whether the package is one of an operating system.
func (p Package) system() bool {
	kind, _, _ := strings.Cut(strings.TrimPrefix(p.PURL, "pkg:"), "/")
	return slices.Contains([]string{"apk", "deb", "rpm", "alpm"}, kind)
}

// nameOf is a package URL without version, qualifiers and subpath.
func nameOf(purl string) string {
	purl, _, _ = strings.Cut(purl, "#")
	purl, _, _ = strings.Cut(purl, "?")
	// pkg:npm/@scope/name has no version.
	if i := strings.LastIndexByte(purl, '@'); i > strings.LastIndexByte(purl, '/') {
		purl = purl[:i]
	}
	return purl
}
