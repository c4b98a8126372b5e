package preview

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// decline is the report of a preview that may not be.
func (u *up) decline(no *refused) {
	r := u.report
	r.Reason, r.Title = no.reason, no.title
	r.Verdict = report.Fail
	state := report.Failed
	if no.reason == report.ReasonPullRequestClosed || no.reason == report.ReasonHeadMoved || no.reason == report.ReasonSuperseded {
		r.Verdict, state = report.Skip, report.Skipped
	}
	u.check(report.Check{Name: "preview", State: state, Result: no.title, Note: no.remedy})
}

// refused is the report of a preview that asks for what none gets.
func (u *up) refused(refusal *target.Refusal) {
	r := u.report
	r.Verdict, r.Reason = report.Fail, report.ReasonRefused
	r.Title = fmt.Sprintf("%s asks for what no preview gets: nothing was applied", u.o.Name)
	s := report.Section{Title: "refused", Open: true, Head: []string{"object, field, why"}}
	for _, problem := range refusal.Problems {
		s.Rows = append(s.Rows, []string{problem})
	}
	r.Sections = append(r.Sections, s)
	u.check(report.Check{Name: "preview", State: report.Failed, Result: strings.SplitN(refusal.Error(), "\n", 2)[0], Note: "nothing was applied"})
}

// undone ends a call whose deployment did not come to its end.
func (u *up) undone(ctx context.Context, running target.Running, err error) error {
	var no *refused
	var refusal *target.Refusal
	var failure *target.Failure
	if errors.As(err, &failure) && ctx.Err() == nil {
		// It may have failed because everything is being removed.
		if askErr := u.lease.ask(ctx); errors.As(askErr, &no) && no.reason == report.ReasonPullRequestClosed {
			return u.leave(ctx, no)
		}
		return u.failed(ctx, running, failure)
	}
	switch {
	case errors.As(err, &no) && no.reason == report.ReasonPullRequestClosed:
		return u.leave(ctx, no)
	case errors.Is(err, target.ErrSuperseded):
		return u.superseded(ctx, err)
	case errors.As(err, &no):
		return u.outrun(ctx, no)
	case ctx.Err() != nil:
		// Stopped: the record stays, so that the next call repairs it, or sweep removes it.
		return err
	case errors.As(err, &refusal):
		return errors.Join(refusal, u.takeBack(ctx, running))
	}
	return errors.Join(err, u.takeBack(ctx, running))
}

// leave removes what was made for a pull request that is closed by now, or after
// the preview was removed: a build in flight brings none back. A later run that
// has taken over finds that out itself.
func (u *up) leave(ctx context.Context, no *refused) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
	defer cancel()
	err := u.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		_, err := u.mine(ctx, tx)
		return err
	})
	if errors.Is(err, errTaken) {
		return no
	}
	if err != nil && !errors.Is(err, errRemoved) {
		return err
	}
	if err := u.Target.Down(ctx, prefix+u.o.Name); err != nil {
		return fmt.Errorf("%s, and what was made for it is still there: %w", no.title, err)
	}
	if _, _, err := u.closeRecord(ctx, u.o.Name, "closed while it was raised", u.elapsed(), &u.record); err != nil {
		return err
	}
	return refuse(no.reason, no.title+" while the preview was raised: what was made is removed", "")
}

// elapsed is the time by the target's clock.
func (u *up) elapsed() time.Time { return u.now.Add(u.Now().Sub(u.start)) }

// superseded finds out who has taken over: a close, a removal, a later commit, or
// another run.
func (u *up) superseded(ctx context.Context, err error) error {
	if askErr := u.lease.ask(ctx); askErr != nil {
		var no *refused
		if errors.As(askErr, &no) && no.reason == report.ReasonPullRequestClosed {
			return u.leave(ctx, no)
		}
		if errors.As(askErr, &no) {
			return u.outrun(ctx, no)
		}
		return askErr
	}
	no := refuse(report.ReasonSuperseded, fmt.Sprintf("%v: this run changes nothing more", err), "look at the later run")
	if errors.Is(err, errRemoved) {
		return u.leave(ctx, refuse(report.ReasonSuperseded, u.o.Name+" was removed", ""))
	}
	return no
}

// outrun ends the run of a commit that is no longer the head. Where the later run
// came to its end before this one changed the preview, that has to be told.
func (u *up) outrun(ctx context.Context, no *refused) error {
	found, err := u.Target.Status(ctx, prefix+u.o.Name)
	if err != nil || found.Commit != u.record.Commit {
		return no
	}
	err = u.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		r, err := u.mine(ctx, tx)
		if errors.Is(err, errTaken) && r.Phase == ready && r.Commit != found.Commit {
			return fmt.Errorf("%s, and its run ended first: %s runs the older commit %.7s: run that of %.7s again", no.title, u.o.Name, found.Commit, r.Commit)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return no
}

// takeBack ends the promise of a preview of which nothing was made, or restores
// what the ledger said of the one that was there before and still is.
func (u *up) takeBack(ctx context.Context, running target.Running) error {
	found, err := u.Target.Status(ctx, prefix+u.o.Name)
	switch {
	case errors.Is(err, target.ErrNotDeployed):
		_, _, err := u.closeRecord(ctx, u.o.Name, "not made", u.elapsed(), &u.record)
		return err
	case err == nil && running.URL == "" && u.before != nil && u.before.Phase == ready && found.Digest == u.before.Digest && found.Commit == u.before.Commit:
		return u.restore(ctx)
	}
	return nil // the record stays, and the next call or sweep looks again
}

// restore writes the record as it was, but for the lease.
func (u *up) restore(ctx context.Context) error {
	err := u.Ledger.Update(ctx, "preview "+prefix+u.o.Name+": not changed", func(ctx context.Context, tx *ledger.Tx) error {
		r, err := u.mine(ctx, tx)
		if err != nil {
			return err
		}
		old := *u.before
		old.Lease, old.Pinned = r.Lease, r.Pinned
		return writeRecord(tx, old)
	})
	if errors.Is(err, target.ErrSuperseded) {
		return nil
	}
	return err
}

// failed records a preview that did not become ready. What is left of it lives no
// longer than any other.
func (u *up) failed(ctx context.Context, running target.Running, f *target.Failure) error {
	r := u.report
	r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonNotReady, u.o.Name+" did not become ready: "+f.What
	u.check(report.Check{Name: "preview", State: report.Failed, Result: f.What, Note: f.Remedy})
	if len(f.Detail) > 0 {
		text := ""
		for _, line := range f.Detail {
			text += line + "\n"
		}
		r.Sections = append(r.Sections, report.Section{Title: "what was seen", Open: true, Text: text})
	}
	kept := f.Kept
	if kept == "" {
		kept = "what was applied"
	}
	u.check(report.Check{Name: "kept", State: report.Warned, Result: kept, Note: "goldenpath preview down --name " + u.o.Name + " removes it, and sweep does when its time is over"})
	now, err := u.Target.Status(ctx, prefix+u.o.Name)
	if err == nil && now.Alive {
		running = now // the generation before, which serves on
	}
	if errors.Is(err, target.ErrNotDeployed) {
		if _, _, err := u.closeRecord(ctx, u.o.Name, "failed", u.elapsed(), &u.record); err != nil {
			return errors.Join(f, err)
		}
		return f
	}
	err = u.write(ctx, "failed", report.Fail, func(rec *record) {
		rec.Phase = failed
		if running.URL != "" && running.Commit != u.record.Commit {
			rec.Phase, rec.URL, rec.Commit, rec.Digest = ready, running.URL, running.Commit, running.Digest
			if u.before != nil && u.before.Commit == running.Commit {
				rec.charge(u.elapsed().UTC(), u.before.perHour())
			}
		}
	})
	switch {
	case errors.Is(err, errRemoved):
		return u.leave(ctx, refuse(report.ReasonSuperseded, u.o.Name+" was removed", ""))
	case errors.Is(err, errTaken):
		err = nil
	}
	return errors.Join(f, err)
}
