// Package gate decides, from findings and policy, whether a change may pass.
//
// The scanners are its sub-packages and reach it through the Scanner interface:
// this package links none of them.
package gate

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Options says what is scanned and what blocks.
type Options struct {
	Input
	App             string
	Scanners        []Scanner
	BaseDir         string          // checkout of Base; findings it has too do not block
	FailOn          report.Severity // default high
	Waivers         []Waiver
	MissingDatabase string        // warn: a gap is stated and does not stop
	Timeout         time.Duration // of each scanner; default 10 minutes
	Now             time.Time
}

// Data is what is particular to the gate's JSON report.
type Data struct {
	Scanners []ScannerData  `json:"scanners"`
	Counts   map[string]int `json:"counts"` // new findings by severity, and new, known, waived, blocking
	Base     string         `json:"base,omitempty"`
	Excluded []string       `json:"excluded,omitempty"`
}

// ScannerData is the status of one scanner.
type ScannerData struct {
	Name      string     `json:"name"`
	Version   string     `json:"version"`
	Covered   string     `json:"covered"`
	Seconds   float64    `json:"seconds"`
	Error     string     `json:"error,omitempty"`
	Gaps      []Gap      `json:"gaps,omitempty"`
	Databases []Database `json:"databases,omitempty"`
}

// run is one scanner's outcome.
type run struct {
	scanner Scanner
	Result
	err     error
	elapsed time.Duration
}

// Run scans in parallel and decides. When a scanner or its data is missing it
// returns an error, because there is no answer, and still the report, because
// what was found is worth knowing.
func Run(ctx context.Context, o Options) (*report.Report, error) {
	start := time.Now()
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Minute
	}
	if o.FailOn == "" {
		o.FailOn = report.High
	}
	runs := scanAll(ctx, o.Scanners, o.Input, o.Timeout)
	findings := merge(collect(runs))
	var baseErr error
	if o.BaseDir != "" {
		base := o.Input
		base.Dir, base.Head, base.Base = o.BaseDir, o.Base, ""
		before := scanAll(ctx, o.Scanners, base, o.Timeout)
		for _, r := range before {
			if r.err != nil {
				baseErr = errors.Join(baseErr, fmt.Errorf("scan base %.7s with %s: %w", o.Base, r.scanner.Name(), r.err))
			}
		}
		markKnown(findings, merge(collect(before)))
	}
	used := waive(findings, o.Waivers, o.Now)
	for i := range findings {
		f := &findings[i]
		// Without the base nobody knows what is new: there is no answer then.
		f.Blocking = baseErr == nil && f.Status == report.New && f.Severity.AtLeast(o.FailOn)
	}
	rep := &report.Report{
		Name: "security-gate", Subject: o.App, Commit: o.Head,
		Findings: findings, Started: start.UTC(),
	}
	rep.Sort()
	errs := []error{baseErr}
	for _, r := range runs {
		c, err := r.check(o.MissingDatabase == "warn")
		rep.Checks = append(rep.Checks, c)
		errs = append(errs, err)
	}
	if c, ok := waiverCheck(o.Waivers, used, o.Now); ok {
		rep.Checks = append(rep.Checks, c)
	}
	rep.Data = data(runs, rep, o)
	rep.Seconds = time.Since(start).Seconds()
	err := errors.Join(errs...)
	decide(rep, o, runs, err)
	if hint, ok := waiverHint(rep.Findings, o.Now); ok {
		rep.Sections = append(rep.Sections, hint)
	}
	return rep, err
}

// scanAll runs every scanner at once, each with a deadline and its panics
// caught: none can end or hide another.
func scanAll(ctx context.Context, scanners []Scanner, in Input, timeout time.Duration) []run {
	runs := make([]run, len(scanners))
	var wg sync.WaitGroup
	for i, s := range scanners {
		wg.Go(func() {
			own, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			start := time.Now()
			result, err := guarded(own, s, in)
			switch {
			case ctx.Err() != nil:
				err = context.Cause(ctx)
			case own.Err() != nil:
				err = fmt.Errorf("stopped after %s", timeout)
			}
			runs[i] = run{scanner: s, Result: result, err: err, elapsed: time.Since(start)}
		})
	}
	wg.Wait()
	return runs
}

type outcome struct {
	result Result
	err    error
}

// guarded returns when the scanner does or when its time is up, whichever is
// first: a library that ignores its context must not hold the gate.
func guarded(ctx context.Context, s Scanner, in Input) (Result, error) {
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if p := recover(); p != nil {
				o.err = fmt.Errorf("panic: %v\n%s", p, firstLines(string(debug.Stack()), 12))
			}
			done <- o
		}()
		o.result, o.err = s.Scan(ctx, in)
	}()
	select {
	case o := <-done:
		return o.result, o.err
	case <-ctx.Done():
		return Result{}, context.Cause(ctx)
	}
}

func firstLines(s string, n int) string {
	return strings.Join(strings.SplitAfterN(s, "\n", n+1)[:min(n, strings.Count(s, "\n"))], "")
}

// check is the scanner's row and, when there is no answer, the error.
func (r run) check(tolerateGaps bool) (report.Check, error) {
	c := report.Check{Name: title(r.scanner.Name()), Seconds: r.elapsed.Seconds(), State: report.OK}
	switch {
	case r.err != nil:
		c.State, c.Result = report.Missing, "no answer: "+firstLine(r.err.Error())
		return c, fmt.Errorf("%s: %w", r.scanner.Name(), r.err)
	case r.Covered == "" && len(r.Missing)+len(r.Findings) == 0:
		c.State, c.Result = report.NotApplicable, "nothing to look at"
		return c, nil
	}
	c.Result = english.Plural(len(r.Findings), "finding", "")
	if r.Covered != "" {
		c.Result += " in " + r.Covered
	}
	if len(r.Missing) == 0 {
		return c, nil
	}
	c.State = report.Missing
	if tolerateGaps {
		c.State = report.Warned
	}
	var whats []string
	var errs []error
	for _, g := range r.Missing {
		whats = append(whats, g.What+": "+g.Why)
		errs = append(errs, fmt.Errorf("%s: %s was not checked: %s\n  try: %s", r.scanner.Name(), g.What, g.Why, g.Remedy))
	}
	c.Note = "not checked: " + strings.Join(whats, "; ")
	if tolerateGaps {
		return c, nil
	}
	return c, errors.Join(errs...)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// title says what a scanner is for before it says its name.
func title(name string) string {
	if what, ok := map[string]string{
		"gitleaks": "secrets", "osv-scanner": "dependencies", "trivy": "configuration", "actionlint": "workflows",
	}[name]; ok {
		return what + " (" + name + ")"
	}
	return name
}

func collect(runs []run) []report.Finding {
	var all []report.Finding
	for _, r := range runs {
		for _, f := range r.Findings {
			f.Tools = []string{r.scanner.Name()}
			f.Status = report.New
			all = append(all, f)
		}
	}
	return all
}

func data(runs []run, rep *report.Report, o Options) Data {
	d := Data{Base: o.Base, Excluded: o.Exclude, Counts: map[string]int{
		"new": rep.Count(report.New), "known": rep.Count(report.Known), "waived": rep.Count(report.Waived), "blocking": rep.Blocking(),
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
		s := ScannerData{Name: r.scanner.Name(), Version: r.scanner.Version(), Covered: r.Covered, Seconds: r.elapsed.Seconds(), Gaps: r.Missing, Databases: r.Database}
		if r.err != nil {
			s.Error = firstLine(r.err.Error())
		}
		d.Scanners = append(d.Scanners, s)
	}
	return d
}

func decide(rep *report.Report, o Options, runs []run, err error) {
	blocking, waived := rep.Blocking(), rep.Count(report.Waived)
	extra := ""
	if waived > 0 {
		extra = fmt.Sprintf(", %d waived", waived)
	}
	if err != nil {
		extra += "; and not everything was checked, so there is no whole answer"
	}
	switch {
	case blocking > 0:
		rep.Verdict, rep.Reason = report.Fail, "findings"
		rep.Title = fmt.Sprintf("%s at %s or above must be fixed or waived%s", english.Plural(blocking, "new finding", ""), o.FailOn, extra)
	case err != nil:
		rep.Verdict, rep.Reason = report.Fail, "no-answer"
		rep.Title = "a scanner or its data is missing: there is no answer"
	case !scanners(rep, report.OK, report.Warned):
		rep.Verdict, rep.Reason = report.Skip, "nothing-to-check"
		rep.Title = "no scanner found anything to look at"
	case scanners(rep, report.Warned):
		rep.Verdict, rep.Reason = report.Warn, "not-everything-checked"
		rep.Title = "nothing blocks in what was checked" + extra + unchecked(runs)
	case report.Worst(rep.Checks) == report.Warn:
		rep.Verdict, rep.Reason = report.Warn, "waivers-need-care"
		rep.Title = "nothing blocks, and a waiver is unused or has expired" + extra
	default:
		rep.Verdict, rep.Reason = report.Pass, "no-blocking-findings"
		rep.Title = "nothing blocks" + extra
	}
	rep.Set("verdict", string(rep.Verdict))
	rep.Set("reason", rep.Reason)
	rep.Set("blocking", fmt.Sprint(blocking))
	rep.Set("new", fmt.Sprint(rep.Count(report.New)))
	rep.Set("known", fmt.Sprint(rep.Count(report.Known)))
	rep.Set("waived", fmt.Sprint(waived))
}

// unchecked names what nobody looked at.
func unchecked(runs []run) string {
	const most = 3
	var whats []string
	for _, r := range runs {
		for _, g := range r.Missing {
			whats = append(whats, g.What)
		}
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

// scanners reports whether a scanner's row has one of the states.
func scanners(rep *report.Report, states ...report.State) bool {
	return slices.ContainsFunc(rep.Checks, func(c report.Check) bool { return c.Name != waiverRow && slices.Contains(states, c.State) })
}
