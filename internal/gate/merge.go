package gate

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// merge makes one finding of the same fact told by several scanners: the same
// package of the same file under any common name (CVE, GHSA, GO, OSV), or the
// same rule at the same place.
func merge(all []report.Finding) []report.Finding {
	var out []report.Finding
	index := map[string]int{} // any name of a fact → its place in out
	for _, f := range all {
		if f.Fingerprint == "" {
			f.Fingerprint = fingerprint(f)
		}
		keys := names(f)
		at := -1
		for _, k := range keys {
			if i, ok := index[k]; ok {
				at = i
				break
			}
		}
		if at < 0 {
			at = len(out)
			out = append(out, f)
		} else {
			out[at] = join(out[at], f)
		}
		for _, k := range keys {
			index[k] = at
		}
	}
	return out
}

func names(f report.Finding) []string {
	if f.Package == "" {
		return []string{strings.Join([]string{f.Rule, f.At.String(), f.Fingerprint}, "\x00")}
	}
	var keys []string
	for _, id := range append([]string{f.Rule}, f.Aliases...) {
		keys = append(keys, strings.Join([]string{id, f.Package, f.At.Path}, "\x00"))
	}
	return keys
}

func join(a, b report.Finding) report.Finding {
	for _, id := range append([]string{b.Rule}, b.Aliases...) {
		if id != a.Rule && !slices.Contains(a.Aliases, id) {
			a.Aliases = append(a.Aliases, id)
		}
	}
	for _, t := range b.Tools {
		if !slices.Contains(a.Tools, t) {
			a.Tools = append(a.Tools, t)
		}
	}
	if b.Severity.AtLeast(a.Severity) {
		a.Severity = b.Severity
	}
	a.Fixed, a.Fix = cmp.Or(a.Fixed, b.Fixed), cmp.Or(a.Fix, b.Fix)
	if a.At.Line == 0 {
		a.At = b.At
	}
	return a
}

// fingerprint identifies a finding over commits: it leaves the line out, which
// moves, and the version, which changes while the fact stays.
func fingerprint(f report.Finding) string {
	pkg := f.Package
	if i := strings.LastIndexByte(pkg, '@'); i > 0 {
		pkg = pkg[:i]
	}
	what := f.Message
	if pkg != "" {
		what = ""
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{f.Rule, f.At.Path, pkg, what}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// markKnown marks what the base has as well. Of the same finding twice, the base
// excuses as many as it has.
func markKnown(findings, base []report.Finding) {
	have := map[string]int{}
	for _, f := range base {
		have[f.Fingerprint]++
	}
	for i := range findings {
		if fp := findings[i].Fingerprint; have[fp] > 0 {
			have[fp]--
			findings[i].Status = report.Known
		}
	}
}
