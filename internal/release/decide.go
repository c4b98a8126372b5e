package release

import (
	"context"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// check checks the facts against one rule. It uses only the options and the facts, and
// changes nothing.
type check func(o Options, f *facts) finding

// finding is the outcome of one check. The zero finding adds nothing to the report.
type finding struct {
	row    report.Check  // without a name: no row
	reason report.Reason // "": the check does not refuse
	why    string        // ends with a remedy
}

// accept returns the finding of a check that passed.
func accept(name, result, note string) finding {
	return finding{row: report.Check{Name: name, State: report.OK, Result: result, Note: note}}
}

// refuse returns the finding of a check that did not pass.
func refuse(name, result string, reason report.Reason, why string) finding {
	return finding{row: report.Check{Name: name, State: report.Failed, Result: result, Note: why}, reason: reason, why: why}
}

// decision is the outcome of all checks.
type decision struct {
	rows     []report.Check
	refusals []finding // in the order of the checks; none: go on
}

// decide runs every check, even after a check has refused, so that the report lists
// everything that must be fixed.
func decide(o Options, f *facts, checks []check) decision {
	var d decision
	for _, check := range checks {
		found := check(o, f)
		if found.row.Name != "" {
			d.rows = append(d.rows, found.row)
		}
		if found.reason != "" {
			d.refusals = append(d.refusals, found)
		}
	}
	return d
}

// refused reports whether any check refused.
func (d decision) refused() bool { return len(d.refusals) > 0 }

// newReport returns the report of a release with a row for each finding. If checks
// refused, the first refusal supplies the reason and the title.
func (d decision) newReport(name string, o Options, f *facts) *report.Report {
	r := &report.Report{
		Name: name, Subject: o.App + " → " + o.Environment, Digest: o.Digest, Checks: d.rows, Started: f.now,
	}
	r.Set("digest", o.Digest)
	if f.artifact != nil {
		r.Commit = f.artifact.Commit()
	}
	if d.refused() {
		fail(r, d.refusals[0].reason, d.refusals[0].why)
	}
	return r
}

// fail gives a report the verdict fail, with a reason and a title.
func fail(r *report.Report, reason report.Reason, why string) {
	r.Verdict, r.Reason, r.Title = report.Fail, reason, why
}

// planned changes a report to that of a dry run. It also says which files the release that
// runs would leave behind.
func (d Deps) planned(ctx context.Context, o Options, r *report.Report) {
	r.Verdict, r.Reason, r.Title = report.Pass, report.ReasonPlanned, "nothing was changed: this is the plan"
	running, err := d.Target.Status(ctx, o.Environment)
	if err != nil || running.Digest == o.Digest {
		return
	}
	if c, stores := StoredData(running); stores {
		r.Checks, r.Verdict = append(r.Checks, c), report.Warn
	}
}

// locked makes a report refuse because another run has locked the environment.
func locked(r *report.Report, why error) {
	r.Checks = append(r.Checks, report.Check{Name: "lock", State: report.Failed, Result: why.Error()})
	fail(r, report.ReasonLocked, why.Error()+": wait for it, or take the lock with --break-lock --reason WHY if that run has ended")
}
