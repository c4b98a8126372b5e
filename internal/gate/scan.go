package gate

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// run is one scanner's outcome.
type run struct {
	scanner Scanner
	Result
	idle    bool // nothing that changed concerns it
	err     error
	elapsed time.Duration
}

// scanAll runs every scanner at once, each with a deadline and its panics
// caught: none can end or hide another.
func scanAll(ctx context.Context, o Options, in Input, changed Changes) []run {
	runs := make([]run, len(o.Scanners))
	var wg sync.WaitGroup
	for i, s := range o.Scanners {
		wg.Go(func() {
			own, cancel := context.WithTimeout(ctx, o.Timeout)
			defer cancel()
			start := time.Now()
			answer, err := guarded(own, s, in, changed)
			switch {
			case ctx.Err() != nil:
				err = context.Cause(ctx)
			case own.Err() != nil:
				err = fmt.Errorf("stopped after %s", o.Timeout)
			}
			answer.Findings = append(answer.Findings, o.Policy.check(answer.Packages)...)
			runs[i] = run{scanner: s, Result: answer.Result, idle: answer.idle, err: err, elapsed: time.Since(start)}
		})
	}
	wg.Wait()
	// Not before all are done: one tells what another must not quote.
	for i := range runs {
		if o.Redact != nil {
			runs[i].redact(o.Redact, o.conceal())
		}
	}
	return runs
}

// redact removes secrets from all that the scanner has to say: with conceal from
// what it says in words.
func (r *run) redact(clean, conceal func(string) string) {
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Fingerprint == "" { // of what was said: it is the same whatever else was looked at
			f.Fingerprint = fingerprint(*f)
		}
		f.Message, f.Fix = conceal(f.Message), conceal(f.Fix)
		if shown := clean(f.At.Path); shown != f.At.Path { // a fingerprint may hold the path
			f.Fingerprint = strings.ReplaceAll(f.Fingerprint, f.At.Path, shown)
		}
		for _, text := range []*string{&f.Rule, &f.At.Path, &f.Rated, &f.Fixed, &f.Package} {
			*text = clean(*text)
		}
		cleanAll(f.Aliases, clean)
		cleanAll(f.Through, clean)
		for j := range f.Also {
			f.Also[j].Path = clean(f.Also[j].Path)
		}
	}
	for i := range r.Packages {
		p := &r.Packages[i]
		p.PURL, p.At.Path = clean(p.PURL), clean(p.At.Path)
		cleanAll(p.Through, clean)
		cleanAll(p.Licences, clean)
	}
	r.Covered = clean(r.Covered)
	r.Missing = cleanGaps(r.Missing, conceal)
	if r.err != nil {
		if text := conceal(r.err.Error()); text != r.err.Error() {
			r.err = errors.New(text)
		}
	}
}

func cleanAll(texts []string, clean func(string) string) {
	for i := range texts {
		texts[i] = clean(texts[i])
	}
}

func cleanGaps(all []Gap, clean func(string) string) []Gap {
	out := make([]Gap, 0, len(all))
	for _, g := range all {
		out = append(out, Gap{clean(g.What), clean(g.Why), clean(g.Remedy)})
	}
	return out
}

type outcome struct {
	Result
	idle bool
	err  error
}

// guarded returns when the scanner does or when its time is up, whichever is
// first: a library that ignores its context must not hold the gate.
func guarded(ctx context.Context, s Scanner, in Input, changed Changes) (outcome, error) {
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if p := recover(); p != nil {
				o = outcome{err: fmt.Errorf("panic: %s\n%s", panicked(p), firstLines(string(debug.Stack()), 12))}
			}
			done <- o
		}()
		var concerned bool
		if in.Files, concerned = s.Select(in.Files, changed); !concerned {
			o.idle = true
			return
		}
		o.Result, o.err = s.Scan(ctx, in)
	}()
	select {
	case o := <-done:
		return o, o.err
	case <-ctx.Done():
		return outcome{}, context.Cause(ctx)
	}
}

// panicked names a panic's value. Only the runtime's own words are shown: a
// library's may hold what it was looking at, a secret.
func panicked(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", p)
}

func firstLines(s string, n int) string {
	return strings.Join(strings.SplitAfterN(s, "\n", n+1)[:min(n, strings.Count(s, "\n"))], "")
}

// check is the scanner's row and, when there is no answer, the error. all are the
// findings as they were decided on.
func (r run) check(all []report.Finding, whole, tolerant bool) (report.Check, error) {
	c := report.Check{Name: r.scanner.Kind() + " (" + r.scanner.Name() + ")", Seconds: r.elapsed.Seconds(), State: report.OK}
	switch {
	case r.err != nil:
		c.State, c.Result = report.Missing, "no answer: "+firstLine(r.err.Error())
		return c, fmt.Errorf("%s: %w", r.scanner.Name(), r.err)
	case r.idle && !whole:
		c.State, c.Result = report.NotApplicable, "nothing it looks at has changed"
		return c, nil
	case r.idle || r.Covered == "" && len(r.Missing)+len(r.Findings) == 0:
		c.State, c.Result = report.NotApplicable, "nothing to look at"
		return c, nil
	}
	c.State, c.Result = r.count(all)
	if r.Covered != "" {
		c.Result += " in " + r.Covered
	}
	return gaps(c, r.scanner.Name(), r.Missing, tolerant)
}

// count says how many findings of the scanner block, are new, and so on.
func (r run) count(all []report.Finding) (report.State, string) {
	blocking, by := 0, map[report.Status]int{}
	for _, f := range all {
		mine := slices.Contains(f.Tools, r.scanner.Name())
		if r.scanner.Name() == "trivy" { // which has two rows
			mine = mine && (f.Package != "" || f.Rule == "os-end-of-life") == (r.scanner.Kind() == "image")
		}
		switch {
		case mine && f.Blocking:
			blocking++
		case mine:
			by[f.Status]++
		}
	}
	var parts []string
	state := report.OK
	if blocking > 0 {
		state = report.Failed
		parts = append(parts, fmt.Sprintf("%d must be fixed", blocking))
	}
	for _, p := range []struct {
		status report.Status
		format string
	}{{report.New, "%d not blocking"}, {report.Disclosed, "%d newly disclosed"}, {report.Known, "%d known"}, {report.Waived, "%d waived"}} {
		if n := by[p.status]; n > 0 {
			parts = append(parts, fmt.Sprintf(p.format, n))
		}
	}
	if len(parts) == 0 {
		parts = []string{"nothing found"}
	}
	return state, strings.Join(parts, ", ")
}

// gaps puts what was not checked into the row and, unless that is tolerated, into
// an error.
func gaps(c report.Check, name string, missing []Gap, tolerant bool) (report.Check, error) {
	if len(missing) == 0 {
		return c, nil
	}
	switch {
	case tolerant && c.State != report.Failed:
		c.State = report.Warned
	case !tolerant:
		c.State = report.Inconclusive
	}
	const most = 20
	var whats []string
	var errs []error
	for _, g := range missing[:min(most, len(missing))] {
		whats = append(whats, g.What+": "+g.Why)
		errs = append(errs, fmt.Errorf("%s: %s was not checked: %s\n  try: %s", name, g.What, g.Why, g.Remedy))
	}
	if rest := len(missing) - most; rest > 0 {
		whats = append(whats, fmt.Sprintf("and %d more", rest))
		errs = append(errs, fmt.Errorf("%s: %d more were not checked: the report lists them", name, rest))
	}
	c.Note = "not checked: " + strings.Join(whats, "; ")
	if tolerant {
		return c, nil
	}
	return c, errors.Join(errs...)
}

// checkoutCheck is the row on what was looked at.
func checkoutCheck(o Options, tolerant bool) (report.Check, error) {
	return gaps(report.Check{Name: checkoutRow, State: report.OK, Result: o.Scope}, "checkout", o.Checkout, tolerant)
}

// Rows that are about no scanner.
const (
	checkoutRow = "checkout"
	databaseRow = "advisory data"
)

// databases are those that were used, once each.
func databases(runs []run) []Database {
	var out []Database
	for _, r := range runs {
		for _, d := range r.Database {
			if !slices.ContainsFunc(out, func(o Database) bool { return o.Name == d.Name }) {
				out = append(out, d)
			}
		}
	}
	return out
}

// databaseCheck is the row on advisory data.
func databaseCheck(used []Database, stale []Gap, tolerant bool) (report.Check, error) {
	var names []string
	for _, d := range used {
		name := d.Name
		if !d.Time.IsZero() {
			name += " of " + d.Time.Format(time.DateOnly)
		}
		names = append(names, name)
	}
	c, err := gaps(report.Check{Name: databaseRow, State: report.OK, Result: strings.Join(names, ", ")}, databaseRow, stale, tolerant)
	c.Note = strings.Replace(c.Note, "not checked: ", "", 1)
	if err != nil {
		err = errors.New(strings.ReplaceAll(err.Error(), " was not checked: it is ", " is "))
	}
	return c, err
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
