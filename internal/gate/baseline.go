package gate

import (
	"fmt"
	"slices"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Baseline is the findings that a repository had before the gate could decide about
// them. They are reported as known and do not block. The zero value has none.
type Baseline struct {
	// First: the checkout is examined for the first time, and everything that it has is
	// part of the baseline.
	First bool
	// Unreleased: Options.Against is the commit that added goldenpath. It was never
	// accepted by a release.
	Unreleased bool
	Accepted   []Accepted // content of BaselineFile
}

// neverAccepted reports whether a finding blocks even if it is as old as the repository:
// a secret that anyone who reads the files can use, and a vulnerability that is being
// exploited. Only a waiver that names it covers it.
func neverAccepted(f report.Finding) bool {
	return f.Secret == report.SecretPresent || f.Exploited != ""
}

// baselined counts what the baseline contains and what it cannot contain.
type baselined struct{ known, refused, vulnerable int }

// apply marks the findings of the baseline as known. What the first commit has only under
// one of the past waivers is not part of it.
func (b Baseline) apply(findings []report.Finding, past []Waiver) baselined {
	have := map[string]int{}
	for _, a := range b.Accepted {
		have[a.Fingerprint] += a.Count
	}
	var n baselined
	for i := range findings {
		f := &findings[i]
		found := b.Unreleased && f.Status != report.New || b.First && !slices.ContainsFunc(past, func(w Waiver) bool { return w.matches(*f) })
		ids := acceptedAs(*f)
		if i := slices.IndexFunc(ids, func(id string) bool { return have[id] > 0 }); f.Status == report.New && i >= 0 {
			if !slices.Contains(acceptedEverywhere(*f), ids[i]) { // that entry has no count of its own
				have[ids[i]]--
			}
			found = true
		}
		switch {
		case !found:
		case neverAccepted(*f):
			f.Status = report.New
			n.refused++
		default:
			if f.Status == report.New {
				f.Status = report.Known
			}
			n.known++
			if f.Package != "" {
				n.vulnerable++
			}
		}
	}
	return n
}

// row is the row on the baseline, and false if the report needs none. exploits says
// whether it is known which vulnerabilities are exploited.
func (b Baseline) row(n baselined, exploits bool, update string) (report.Check, bool) {
	if n.known+n.refused == 0 {
		return report.Check{}, false
	}
	c := report.Check{Name: baselineRow, State: report.OK, Result: english.Plural(n.known, "finding", "") + " existed when goldenpath was added: known, not blocking"}
	if !b.First && !b.Unreleased {
		c.Result = english.Plural(n.known, "finding", "") + " accepted by " + BaselineFile + ": known, not blocking"
	}
	if n.refused > 0 {
		c.Note = fmt.Sprintf("%s not: secrets in the files and exploited vulnerabilities always block", english.Plural(n.refused, "other is", "others are"))
	}
	if n.vulnerable > 0 && !exploits {
		c.State = report.Warned
		c.Note = "without the catalogue of exploited vulnerabilities it is unknown which of them are exploited: run " + update
	}
	return c, true
}
