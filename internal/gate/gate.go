// Package gate decides, from findings and policy, whether a change may pass.
//
// The scanners are its sub-packages and reach it through the Scanner interface:
// this package links none of them.
package gate

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Options says what is scanned and what blocks.
type Options struct {
	Input
	App             string
	Scanners        []Scanner
	Against         *Base           // nil: everything counts as new
	BlockKnown      bool            // what the base has too blocks as well
	FailOn          report.Severity // default high
	Waivers         []Waiver
	Policy          Policy
	MissingDatabase string        // warn: a gap is stated and does not stop
	Timeout         time.Duration // of each scanner; default 10 minutes
	Now             time.Time

	Scope    string                              // what is looked at, in words
	Checkout []Gap                               // what is not in the checkout
	Redact   func(string) string                 // removes what is a secret by its form
	Conceal  func(string) string                 // removes from words what was found too; nil: Redact
	Complete func([]report.Finding)              // adds what other data knows of a vulnerability
	Judge    func(used []Database) (stale []Gap) // says which advisory data is missing or too old
}

// Run scans in parallel and decides. When a scanner or its data is missing it
// returns an error, because there is no answer, and still the report, because
// what was found is worth knowing.
func Run(ctx context.Context, o Options) (rep *report.Report, packages []Package, err error) {
	start := time.Now()
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Minute
	}
	if o.FailOn == "" {
		o.FailOn = report.High
	}
	if o.Redact != nil {
		o.Checkout = cleanGaps(o.Checkout, o.Redact)
	}
	var changed Changes
	if o.Against != nil {
		changed = o.Against.Changed
		o.Base = o.Against.Commit
	}
	runs := scanAll(ctx, o, o.Input, changed)
	findings := joined(runs)
	baseErr := o.compare(ctx, runs, findings, changed)
	if o.Complete != nil {
		o.Complete(findings)
	}
	used := waive(findings, o.Waivers, o.Now)
	for i := range findings {
		f := &findings[i]
		// Without the base nobody knows what is new: there is no answer then.
		counts := f.Status == report.New || o.BlockKnown && f.Status != report.Waived
		f.Blocking = baseErr == nil && counts && f.Severity.AtLeast(o.FailOn)
	}
	rep = &report.Report{
		Name: "security-gate", Subject: o.App, Commit: o.Head,
		Findings: findings, Started: start.UTC(),
	}
	rep.Sort()
	errs := []error{baseErr}
	add := func(c report.Check, err error) {
		rep.Checks = append(rep.Checks, c)
		errs = append(errs, err)
	}
	tolerant := o.MissingDatabase == "warn"
	if o.Scope != "" || len(o.Checkout) > 0 {
		add(checkoutCheck(o, tolerant))
	}
	for _, r := range runs {
		add(r.check(rep.Findings, changed == nil, tolerant))
	}
	open := unlocked(o, changed)
	if c, ok := lockCheck(open); ok {
		rep.Checks = append(rep.Checks, c)
	}
	missing := append(slices.Clone(o.Checkout), open...)
	for _, r := range runs {
		missing = append(missing, r.Missing...)
		packages = append(packages, r.Packages...)
	}
	if used := databases(runs); len(used) > 0 && o.Judge != nil {
		stale := o.Judge(used)
		missing = append(missing, stale...)
		add(databaseCheck(used, stale, tolerant))
	}
	if c, ok := waiverCheck(o.Waivers, used, changed == nil, o.Now); ok {
		rep.Checks = append(rep.Checks, c)
	}
	rep.SetData(data(runs, rep, o))
	rep.Seconds = time.Since(start).Seconds()
	err = errors.Join(errs...)
	decide(rep, o, missing, err)
	if hint, ok := waiverHint(rep.Findings, o.Now); ok {
		rep.Sections = append(rep.Sections, hint)
	}
	if o.Redact != nil {
		redactWaivers(rep, o.Redact, o.conceal())
	}
	return rep, packages, err
}

func (o Options) conceal() func(string) string {
	if o.Conceal != nil {
		return o.Conceal
	}
	return o.Redact
}

// redactWaivers removes secrets that somebody wrote into a waiver. What scanners
// say is redacted where it comes from.
func redactWaivers(rep *report.Report, clean, conceal func(string) string) {
	for i := range rep.Checks {
		rep.Checks[i].Note = clean(rep.Checks[i].Note)
	}
	for i := range rep.Findings {
		rep.Findings[i].Waiver = conceal(rep.Findings[i].Waiver)
	}
	for i := range rep.Sections {
		rep.Sections[i].Text = clean(rep.Sections[i].Text)
	}
}

// joined are the findings of all runs, each fact once.
func joined(runs []run) []report.Finding {
	var found, image []report.Finding
	for _, r := range runs {
		to := &found
		if r.scanner.Kind() == "image" {
			to = &image
		}
		for _, f := range r.Findings {
			if f.Tools == nil {
				f.Tools = []string{r.scanner.Name()}
			}
			if f.Status != report.Known || !r.Compared {
				f.Status = report.New
			}
			*to = append(*to, f)
		}
	}
	return joinImage(joinChecks(merge(found)), image)
}
