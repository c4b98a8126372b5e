package gate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Data is the part of the JSON report that only the gate has.
type Data struct {
	Scanners  []ScannerData  `json:"scanners"`
	Counts    map[string]int `json:"counts"`               // new findings by severity, and new, known, disclosed, waived, blocking
	Base      string         `json:"base,omitempty"`       // commit that was compared with
	BaseProof string         `json:"base_proof,omitempty"` // why this base, or why none
	BaseKind  string         `json:"base_kind,omitempty"`  // named, proposed, release, passed or adoption; empty: no base
	Baseline  int            `json:"baseline,omitempty"`   // known findings that no release has accepted: they existed before the gate
	Scope     string         `json:"scope,omitempty"`      // what was examined, one line for a person
	Checkout  []Gap          `json:"checkout,omitempty"`
	Excluded  []string       `json:"excluded,omitempty"`
}

// ScannerData is the status of one scanner.
type ScannerData struct {
	Name      string     `json:"name"`
	Kind      string     `json:"kind"`
	Version   string     `json:"version"`
	Covered   string     `json:"covered"`
	Idle      bool       `json:"idle,omitempty"` // nothing that it examines has changed
	Seconds   float64    `json:"seconds"`
	Error     string     `json:"error,omitempty"`
	Gaps      []Gap      `json:"gaps,omitempty"`
	Databases []Database `json:"databases,omitempty"`
	SetAside  []string   `json:"set_aside,omitempty"` // digests of what was found and is not reported, see Aside
}

// data returns the part of the JSON report that is neither a finding nor a row.
func data(runs []run, rep *report.Report, o Options) Data {
	d := Data{Base: o.Base, BaseProof: o.BaseProof, BaseKind: o.BaseKind, Scope: o.Scope, Checkout: o.Checkout, Excluded: o.Exclude, Counts: map[string]int{
		"new": rep.Count(report.New), "known": rep.Count(report.Known), "disclosed": rep.Count(report.Disclosed), "waived": rep.Count(report.Waived), "blocking": rep.Blocking(),
	}}
	for _, s := range report.Severities {
		d.Counts[string(s)] = 0
	}
	for _, f := range rep.Findings {
		if f.Status == report.New {
			d.Counts[string(f.Severity)]++
		}
	}
	for _, r := range runs {
		s := ScannerData{Name: r.scanner.Name(), Kind: r.scanner.Kind(), Version: r.scanner.Version(), Covered: r.Covered, Idle: r.idle, Seconds: r.elapsed.Seconds(), Gaps: r.Missing, Databases: r.Database, SetAside: r.SetAside}
		if r.err != nil {
			s.Error = firstLine(r.err.Error())
		}
		d.Scanners = append(d.Scanners, s)
	}
	return d
}

// decide sets verdict, reason and title of the report. waivers is the reason why
// waivers need attention, or "". before is the number of findings in the baseline.
func decide(rep *report.Report, o Options, missing []Gap, waivers report.Reason, before int, err error) {
	blocking, waived := rep.Blocking(), rep.Count(report.Waived)
	var usage *report.UsageError
	extra := ""
	if n := rep.Count(report.Disclosed); n > 0 {
		extra = fmt.Sprintf(", %d newly disclosed, not caused by this change", n)
	}
	if before > 0 {
		extra += fmt.Sprintf(", %s from before", english.Plural(before, "known finding", ""))
	}
	if waived > 0 {
		extra += fmt.Sprintf(", %d waived", waived)
	}
	if err != nil {
		extra += "; not everything could be checked"
	}
	switch {
	case blocking > 0:
		rep.Verdict, rep.Reason = report.Fail, report.ReasonFindings
		what := "new finding"
		if slices.ContainsFunc(rep.Findings, func(f report.Finding) bool { return f.Blocking && f.Status != report.New }) {
			what = "finding"
		}
		rep.Title = fmt.Sprintf("%s at %s or above must be fixed or waived%s", english.Plural(blocking, what, ""), o.FailOn, extra)
	case errors.As(err, &usage):
		rep.Verdict, rep.Reason = report.Fail, report.ReasonInvalidInput
		rep.Title = "invalid gate configuration"
	case err != nil:
		rep.Verdict, rep.Reason = report.Fail, report.ReasonIncomplete
		rep.Title = "could not complete: a scanner or its data is missing"
	case !scanners(rep, report.OK, report.Warned):
		rep.Verdict, rep.Reason = report.Skip, report.ReasonNothingToCheck
		rep.Title = "no scanner found anything to examine"
	case scanners(rep, report.Warned):
		rep.Verdict, rep.Reason = report.Warn, report.ReasonNotEverythingChecked
		rep.Title = "nothing that was checked blocks" + extra + unchecked(missing)
	case waivers != "":
		rep.Verdict, rep.Reason = report.Warn, waivers
		rep.Title = "nothing blocks, but " + waiverTitles[waivers] + extra
	default:
		rep.Verdict, rep.Reason = report.Pass, report.ReasonNoBlockingFindings
		rep.Title = "nothing blocks" + extra
	}
	rep.Set("blocking", fmt.Sprint(blocking))
	rep.Set("new", fmt.Sprint(rep.Count(report.New)))
	rep.Set("known", fmt.Sprint(rep.Count(report.Known)))
	rep.Set("disclosed", fmt.Sprint(rep.Count(report.Disclosed)))
	rep.Set("waived", fmt.Sprint(waived))
}

// unchecked names the first gaps, for a title. It returns "" if there are none.
func unchecked(missing []Gap) string {
	const most = 3
	var whats []string
	for _, g := range missing {
		whats = append(whats, g.What)
	}
	if len(whats) == 0 {
		return ""
	}
	rest := ""
	if len(whats) > most {
		rest = fmt.Sprintf(" and %d more", len(whats)-most)
	}
	return "; not checked: " + strings.Join(whats[:min(most, len(whats))], ", ") + rest
}

// scanners reports whether a row has one of the states. It ignores the row on waivers.
// The rows on the checkout, the baseline and advisory data do not count as OK, because they do not
// show that a scanner ran.
func scanners(rep *report.Report, states ...report.State) bool {
	return slices.ContainsFunc(rep.Checks, func(c report.Check) bool {
		return c.Name != waiverRow && (c.State != report.OK || c.Name != checkoutRow && c.Name != databaseRow && c.Name != baselineRow) && slices.Contains(states, c.State)
	})
}
