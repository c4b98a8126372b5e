package gate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Rows that do not belong to a scanner.
const (
	checkoutRow = "checkout"
	lockRow     = "lock files"
	databaseRow = "advisory data"
	waiverRow   = "waivers"
	baselineRow = "baseline"
)

// check returns the scanner's row and, if the result is incomplete, an error. all has
// the findings of all scanners after the decision; whole means that every file was
// examined.
func (r run) check(all []report.Finding, whole, tolerant bool) (report.Check, error) {
	c := report.Check{Name: r.row(), Seconds: r.elapsed.Seconds(), State: report.OK}
	switch {
	case r.err != nil:
		c.State, c.Result = report.Missing, "could not complete: "+firstLine(r.err.Error())
		return c, fmt.Errorf("%s: %w", r.scanner.Name(), r.err)
	case r.idle && !whole:
		c.State, c.Result = report.NotApplicable, "nothing that this scanner examines has changed"
		return c, nil
	case r.idle || r.Covered == "" && len(r.Missing)+len(r.Findings) == 0:
		c.State, c.Result = report.NotApplicable, "nothing to examine"
		return c, nil
	}
	c.State, c.Result = r.count(all)
	switch {
	case strings.HasPrefix(r.Covered, NoFile) && len(r.Findings) == 0:
		c.Result = "nothing was examined" + strings.Replace(strings.TrimPrefix(r.Covered, NoFile), "not examined: ", "left out: ", 1)
	case r.Covered != "":
		c.Result += " in " + r.Covered
	case len(r.Findings) == 0:
		c.Result = "nothing was examined"
	}
	return gapRow(c, r.scanner.Name(), r.Missing, tolerant)
}

// count returns the state of the scanner's row, and the numbers of its findings in
// words.
func (r run) count(all []report.Finding) (report.State, string) {
	blocking, by := 0, map[report.Status]int{}
	for _, f := range r.of(all) {
		if f.Blocking {
			blocking++
		} else {
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

// warnRows marks the rows whose findings do not block and are dangerous all the same: medium
// or worse, and not accepted by anyone, and the rows that cover little. It does not change
// the verdict.
func warnRows(rep *report.Report, runs []run) {
	for _, r := range runs {
		i := slices.IndexFunc(rep.Checks, func(c report.Check) bool { return c.Name == r.row() })
		if i < 0 || rep.Checks[i].State != report.OK {
			continue
		}
		if r.Unsure || strings.HasPrefix(r.Covered, NoFile) || slices.ContainsFunc(r.of(rep.Findings), func(f report.Finding) bool {
			return (f.Status == report.New || f.Status == report.Disclosed) && f.Unused == "" && f.Severity.AtLeast(report.Medium)
		}) {
			rep.Checks[i].State = report.Warned
		}
	}
}

// row is the name of the scanner's row.
func (r run) row() string { return r.scanner.Kind() + " (" + r.scanner.Name() + ")" }

// of returns those of all findings that the run found.
func (r run) of(all []report.Finding) []report.Finding {
	mine := r.facts()
	return slices.DeleteFunc(slices.Clone(all), func(f report.Finding) bool {
		return !slices.Contains(f.Tools, r.scanner.Name()) || !slices.ContainsFunc(facts(f), func(fact string) bool { return mine[fact] })
	})
}

// facts are the facts that the run found, before its findings were joined with those of
// other runs. Two scanners can have the same name: one examines files, the other
// images.
func (r run) facts() map[string]bool {
	own := map[string]bool{}
	for _, f := range r.Findings {
		for _, fact := range facts(f) {
			own[fact] = true
		}
	}
	return own
}

// facts returns keys of a finding that stay the same when findings are joined: each of
// its ids with the package or, without a package, the file.
func facts(f report.Finding) []string {
	where := f.At.Path
	if f.Package != "" {
		where = sameVersion(f.Package)
	}
	var out []string
	for _, id := range append([]string{f.Rule}, f.Aliases...) {
		out = append(out, id+"\x00"+where)
	}
	return out
}

// gapRow adds what was not checked to a row. Unless gaps are tolerated, it also returns
// an error.
func gapRow(c report.Check, name string, missing []Gap, tolerant bool) (report.Check, error) {
	c, err := incomplete(c, name, missing, tolerant, func(g Gap) (string, string) {
		return g.What + ": " + g.Why, g.What + " was not checked: " + g.Why
	})
	if c.Note != "" {
		c.Note = "not checked: " + c.Note
	}
	return c, err
}

// incomplete marks a row that has gaps. phrase returns the text for a gap in the row
// and the text in the error.
func incomplete(c report.Check, name string, missing []Gap, tolerant bool, phrase func(Gap) (note, sentence string)) (report.Check, error) {
	if len(missing) == 0 {
		return c, nil
	}
	tolerant = tolerant || !slices.ContainsFunc(missing, func(g Gap) bool { return !g.Known })
	switch {
	case tolerant && c.State != report.Failed:
		c.State = report.Warned
	case !tolerant:
		c.State = report.Inconclusive
	}
	const most = 20
	var notes []string
	var errs []error
	for _, g := range missing[:min(most, len(missing))] {
		note, sentence := phrase(g)
		notes = append(notes, note)
		if g.Known {
			continue
		}
		errs = append(errs, fmt.Errorf("%s: %s\n  try: %s", name, sentence, g.Remedy))
	}
	if rest := len(missing) - most; rest > 0 {
		notes = append(notes, fmt.Sprintf("and %d more", rest))
		errs = append(errs, fmt.Errorf("%s: %d more were not checked: the report lists them", name, rest))
	}
	c.Note = strings.Join(notes, "; ")
	if tolerant {
		c.Note += "; try: " + remedies(missing)
		return c, nil
	}
	return c, errors.Join(errs...)
}

// remedies returns what closes the gaps, each text once.
func remedies(missing []Gap) string {
	const most = 3
	var all []string
	for _, g := range missing {
		if !slices.Contains(all, g.Remedy) && len(all) < most {
			all = append(all, g.Remedy)
		}
	}
	return strings.Join(all, "; ")
}

// checkoutCheck is the row that states what was examined.
func checkoutCheck(o Options, tolerant bool) (report.Check, error) {
	return gapRow(report.Check{Name: checkoutRow, State: report.OK, Result: o.Scope}, checkoutRow, o.Checkout, tolerant)
}

// databases returns the advisory data that was used, each once.
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
	row := report.Check{Name: databaseRow, State: report.OK, Result: strings.Join(names, ", ")}
	return incomplete(row, databaseRow, stale, tolerant, func(g Gap) (string, string) {
		return g.What + " " + g.Why, g.What + " " + g.Why
	})
}
