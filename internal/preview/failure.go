package preview

import (
	"context"
	"errors"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// recordFailure reports and records a preview that did not become ready. Its remaining
// resources expire like those of any other preview.
func (u *up) recordFailure(ctx context.Context, f *target.Failure) error {
	u.reportFailure(f)
	now, err := u.Target.Status(ctx, prefix+u.o.Name)
	if errors.Is(err, target.ErrNotDeployed) {
		_, _, err := u.closeRecord(ctx, u.o.Name, "failed", u.elapsed(), &u.record)
		return errors.Join(noResult(f), err)
	}
	running := u.running
	if err == nil && now.Alive {
		running = now // the previous generation
	}
	err = u.updateRecord(ctx, "failed", report.Fail, func(r *record) {
		r.Phase = failed
		if running.URL == "" || running.Commit == u.record.Commit {
			return
		}
		r.Phase, r.URL, r.Commit, r.Digest = ready, running.URL, running.Commit, running.Digest
		if u.previous != nil && u.previous.Commit == running.Commit {
			r.Costs = r.Costs.From(u.elapsed().UTC(), u.previous.Costs.Current())
		}
	})
	switch {
	case errors.Is(err, errRemoved):
		return u.remove(ctx, refuse(report.ReasonSuperseded, u.o.Name+" was removed", ""))
	case errors.Is(err, errTakenOver):
		err = nil
	}
	return errors.Join(noResult(f), err)
}

// noResult returns the failure as an error, unless it is a verdict on the application.
func noResult(f *target.Failure) error {
	if f.NotUp {
		return nil
	}
	return f
}

func (u *up) reportFailure(f *target.Failure) {
	r := u.report
	r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonNotReady, u.o.Name+" did not become ready: "+f.What
	if f.Migration {
		r.Reason, r.Title = report.ReasonMigrateFailed, u.o.Name+" was not deployed: "+f.What
	}
	u.check(report.Check{Name: "preview", State: report.Failed, Result: f.What, Note: f.Remedy})
	if len(f.Detail) > 0 {
		r.Sections = append(r.Sections, report.Section{Title: "what the application reported last", Open: true, Text: strings.Join(f.Detail, "\n") + "\n"})
	}
	if f.Log != "" {
		u.check(report.Check{Name: "full log", State: report.OK, Result: f.Log})
		r.Set("log", f.Log)
	}
	if u.o.Brief {
		return
	}
	kept := f.Kept
	if kept == "" {
		kept = "what was applied"
	}
	u.check(report.Check{Name: "kept", State: report.Warned, Result: kept, Note: "goldenpath preview down --name " + u.o.Name + " removes it; otherwise a sweep does when it expires"})
}
