package gate

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// merge joins findings of several scanners that state the same fact: a vulnerability of
// the same package in the same file under any common id (CVE, GHSA, GO, OSV), or the
// same rule at the same place.
func merge(all []report.Finding) []report.Finding {
	var out []*report.Finding // nil: joined to an earlier one
	index := map[string]int{} // from each name of a fact to its place in out
	for _, f := range all {
		if f.Fingerprint == "" {
			f.Fingerprint = fingerprint(f)
		}
		at := len(out)
		for _, k := range names(f) {
			if i, ok := index[k]; ok {
				at = min(at, i)
			}
		}
		if at == len(out) {
			out = append(out, &f)
		} else {
			*out[at] = join(*out[at], f)
		}
		for _, k := range names(f) {
			// A finding that has the ids of two others joins them: CVE in one, GHSA in the
			// other, both in the third.
			if i, ok := index[k]; ok && i != at {
				*out[at] = join(*out[at], *out[i])
				out[i] = nil
				for name, place := range index {
					if place == i {
						index[name] = at
					}
				}
			}
			index[k] = at
		}
	}
	var left []report.Finding
	for _, f := range out {
		if f != nil {
			left = append(left, *f)
		}
	}
	return left
}

// joinChecks joins a finding of our own rules with the scanner's finding that it names
// as an alias, in the same file. If a file has several of both, they are joined in
// order; a finding without a counterpart stays.
func joinChecks(findings []report.Finding) []report.Finding {
	type place struct{ rule, path string }
	waiting := map[place][]int{} // by the rule that an alias names
	for i, f := range findings {
		for _, alias := range f.Aliases {
			if f.Package == "" && slices.Contains(f.Tools, policyTool) {
				waiting[place{alias, f.At.Path}] = append(waiting[place{alias, f.At.Path}], i)
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(findings), func(f report.Finding) bool {
		at := place{f.Rule, f.At.Path}
		if f.Package != "" || slices.Contains(f.Tools, policyTool) || len(waiting[at]) == 0 {
			return false
		}
		i := waiting[at][0]
		waiting[at] = waiting[at][1:]
		fingerprint := findings[i].Fingerprint
		findings[i] = join(findings[i], f)
		findings[i].Fingerprint = fingerprint
		return true
	})
}

// joinImage adds the findings of the image. If a lock file names the same package in
// the same version, the two findings are joined, and the image becomes another place of
// the finding.
func joinImage(findings, image []report.Finding) []report.Finding {
	index := map[string]int{}
	for i, f := range findings {
		for _, k := range anywhere(f) {
			if _, ok := index[k]; !ok {
				index[k] = i
			}
		}
	}
	for _, f := range merge(image) {
		at := -1
		for _, k := range anywhere(f) {
			if i, ok := index[k]; ok {
				at = i
			}
		}
		if at < 0 {
			findings = append(findings, f)
			continue
		}
		place := f.At
		if place.Path != "" {
			place.Path = "image: " + place.Path
			findings[at].Also = append(findings[at].Also, place)
		}
		f.At = findings[at].At
		findings[at] = join(findings[at], f)
	}
	return findings
}

// anywhere returns the names of a vulnerable package, whatever file it is in.
func anywhere(f report.Finding) []string {
	if f.Package == "" {
		return nil
	}
	f.At.Path = ""
	return names(f)
}

// names returns the keys under which the same fact is recognised.
func names(f report.Finding) []string {
	if f.Package == "" {
		return []string{strings.Join([]string{f.Rule, f.At.String(), f.Fingerprint}, "\x00")}
	}
	var keys []string
	for _, id := range append([]string{f.Rule}, f.Aliases...) {
		keys = append(keys, strings.Join([]string{id, sameVersion(f.Package), f.At.Path}, "\x00"))
	}
	return keys
}

// join adds to a the facts that only b has, and keeps the higher severity.
func join(a, b report.Finding) report.Finding {
	for _, id := range append([]string{b.Rule}, b.Aliases...) {
		if id != a.Rule && !slices.Contains(a.Aliases, id) {
			a.Aliases = append(slices.Clip(a.Aliases), id) // a scanner may share them
		}
	}
	for _, t := range b.Tools {
		if !slices.Contains(a.Tools, t) {
			a.Tools = append(a.Tools, t)
		}
	}
	if a.Rated == "" || b.Severity != a.Severity && b.Severity.AtLeast(a.Severity) {
		a.Rated = b.Rated
	}
	if b.Severity.AtLeast(a.Severity) {
		a.Severity = b.Severity
	}
	a.Fixed, a.Fix = cmp.Or(a.Fixed, b.Fixed), cmp.Or(a.Fix, b.Fix)
	a.Exploited, a.EPSS = cmp.Or(a.Exploited, b.Exploited), cmp.Or(a.EPSS, b.EPSS)
	a.Published = cmp.Or(a.Published, b.Published)
	if a.Through == nil {
		a.Through = b.Through
	}
	if a.At.Line == 0 {
		a.At = b.At
	}
	return a
}

// lineNumber matches a line that a message names, in the words of our rules and of
// actionlint.
var lineNumber = regexp.MustCompile(`\bline[: ][0-9]+(, ?col[: ][0-9]+)?`)

// fingerprint identifies a finding across commits. Lines are left out, also in the
// message, because they move, and so is the version, because an update may not fix the
// vulnerability.
func fingerprint(f report.Finding) string {
	pkg := nameOf(f.Package)
	what := lineNumber.ReplaceAllString(f.Message, "line")
	if pkg != "" {
		what = ""
	}
	return report.Digest(f.Rule, f.At.Path, pkg, what)
}

// Number gives the second and later of equal fingerprints a number, so that each of
// several containers of an object stays a finding of its own. Findings without a fingerprint
// get theirs later, from what they say.
func Number(all []report.Finding) {
	seen := map[string]int{}
	for i := range all {
		first := all[i].Fingerprint
		if first == "" {
			continue
		}
		if n := seen[first]; n > 0 {
			all[i].Fingerprint = report.Digest(first, strconv.Itoa(n))
		}
		seen[first]++
	}
}
