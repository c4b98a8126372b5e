// Package gate runs scanners on a change, and decides from their findings and the policy
// whether it may pass.
//
// The scanners are sub-packages that implement the Scanner interface; this package
// links none of them.
package gate

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Options are what to scan and what blocks.
type Options struct {
	Input
	App             string
	Scanners        []Scanner
	Against         *Base           // nil: every finding is new
	BaseProof       string          // why this base, or why none
	BaseKind        string          // what makes the findings of the base known; empty: there is none
	Baseline        Baseline        // findings that were there before the gate
	Past            []Waiver        // waivers under which the base was accepted; nil: it was not accepted by the gate
	Counted         bool            // what was published after the base is new, not disclosed
	BlockKnown      bool            // findings that the base has too block as well
	FailOn          report.Severity // default high
	Waivers         []Waiver
	Policy          Policy
	MissingDatabase string        // "warn": a gap is reported and does not block
	Timeout         time.Duration // of each scanner; default 10 minutes
	Now             time.Time

	// Unused returns why a file is not part of what is released, or "" if it may be.
	// Findings of configuration scanners in such a file do not block. Nil: every file is.
	Unused func(path string) string

	Scope      string     // what is examined, one line for a person
	Hint       Hint       // how the report explains waivers
	Checkout   []Gap      // files that are not in the checkout
	Secrets    Secrets    // nil: nothing is redacted
	Advisories Advisories // nil: nothing is added, and the age of data is not judged
}

// Secrets removes secrets from text that is reported.
type Secrets interface {
	// Redact removes what is a secret by its form. It is used for names and paths.
	Redact(text string) string
	// Conceal removes the secrets that were found in this scan as well. It is used
	// for sentences, which may quote a file.
	Conceal(text string) string
}

// Advisories is the data about vulnerabilities that the scanners themselves do not
// have.
type Advisories interface {
	// Complete adds known exploitation and its probability to the findings.
	Complete(findings []report.Finding)
	// Judge returns the databases that are missing or too old. Why continues the name
	// as a sentence: "is 9 days old".
	Judge(used []Database) []Gap
	// KnowsExploited reports whether the catalogue of exploited vulnerabilities is there.
	KnowsExploited() bool
}

// Run runs the scanners in parallel and decides. It returns the packages of the app
// that the scanners found, for an SBOM. If a scanner or its data is missing, Run
// returns an error together with the report of what was found.
func Run(ctx context.Context, o Options) (*report.Report, []Package, error) {
	start := time.Now()
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Minute
	}
	if o.FailOn == "" {
		o.FailOn = report.High
	}
	if o.Secrets != nil {
		o.Checkout = redactGaps(o.Checkout, o.Secrets.Redact)
	}
	var changed Changes
	if o.Against != nil {
		changed = o.Against.Changed
		o.Base, o.Whole = o.Against.Commit, changed == nil
	}
	runs := scanAll(ctx, o, o.Input, changed)
	findings := joined(runs)
	before, baseErr := o.compare(ctx, runs, findings, changed)
	if o.Advisories != nil {
		o.Advisories.Complete(findings)
	}
	lapse(findings, before, o.Past)
	baseline := o.Baseline.apply(findings, o.Past)
	used := waive(findings, o.Waivers, o.Now)
	for i := range findings {
		f := &findings[i]
		f.Link = link(*f)
		if o.Unused != nil && fromConfiguration(*f) {
			f.Unused = o.Unused(f.At.Path)
		}
		// Without the base it is unknown what is new; the error below stops the gate.
		always := o.BlockKnown || strings.HasPrefix(f.Rule, "MAL-") // a malicious package runs wherever it is installed
		blockable := f.Status == report.New || always && f.Status != report.Waived
		f.Blocking = baseErr == nil && blockable && f.Unused == "" && f.Severity.AtLeast(o.FailOn)
	}
	findings = joinCopies(findings)
	rep := &report.Report{
		Name: "security-gate", Subject: o.App, Commit: o.Head,
		Findings: findings, Started: start.UTC(),
	}
	rep.Sort()
	gaps, err := o.addChecks(rep, runs, changed)
	err = errors.Join(baseErr, err)
	if c, ok := o.Baseline.row(baseline, o.Advisories != nil && o.Advisories.KnowsExploited(), o.Updater()); ok {
		rep.Checks = append(rep.Checks, c)
	}
	waivers, warning, ok := waiverCheck(o.Waivers, used, changed == nil, o.Now)
	if ok {
		rep.Checks = append(rep.Checks, waivers)
	}
	d := data(runs, rep, o)
	d.Baseline = baseline.known
	rep.SetData(d)
	rep.Seconds = time.Since(start).Seconds()
	decide(rep, o, gaps, warning, baseline.known, err)
	warnRows(rep, runs)
	if o.Secrets != nil {
		redactWaivers(rep, o.Secrets)
	}
	if hint, ok := waiverHint(rep.Findings, o.Hint, o.Now); ok {
		rep.Sections = append(rep.Sections, hint...)
	}
	var packages []Package
	for _, r := range runs {
		packages = append(packages, r.Packages...)
	}
	return rep, packages, err
}

// addChecks adds a row for the checkout, each scanner, lock files and advisory data. It
// returns what was not checked and, unless gaps are tolerated, an error for each gap.
func (o Options) addChecks(rep *report.Report, runs []run, changed Changes) ([]Gap, error) {
	var errs []error
	add := func(c report.Check, err error) {
		rep.Checks = append(rep.Checks, c)
		errs = append(errs, err)
	}
	tolerant := o.MissingDatabase == "warn"
	if o.Scope != "" || len(o.Checkout) > 0 {
		add(checkoutCheck(o, tolerant))
	}
	gaps := slices.Clone(o.Checkout)
	for _, r := range runs {
		add(r.check(rep.Findings, changed == nil, tolerant))
	}
	open := unlocked(o, changed)
	if c, ok := lockCheck(open); ok {
		rep.Checks = append(rep.Checks, c)
	}
	gaps = append(gaps, open...)
	for _, r := range runs {
		gaps = append(gaps, r.Missing...)
	}
	if used := databases(runs); len(used) > 0 && o.Advisories != nil {
		stale := o.Advisories.Judge(used)
		gaps = append(gaps, stale...)
		add(databaseCheck(used, stale, tolerant))
	}
	return gaps, errors.Join(errs...)
}

// fromConfiguration reports whether only trivy's configuration checks report a finding.
func fromConfiguration(f report.Finding) bool {
	return f.Package == "" && len(f.Tools) == 1 && f.Tools[0] == "trivy"
}

// joined returns the findings of all runs. Facts that several scanners found appear
// once.
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
			if f.Status != report.Known || !r.Compared && f.Secret != report.SecretRemoved { // a base has no history
				f.Status = report.New
			}
			*to = append(*to, f)
		}
	}
	return joinImage(joinChecks(merge(found)), image)
}
