package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// watched is the outcome of a soak.
type watched struct {
	report  *report.Report // nil: the soak could not complete
	samples *Samples       // nil: nothing was measured
}

// Watch soaks the release that runs in an environment and records the outcome. If an SLO
// is broken, Watch rolls back to the last good release. If the rollback fails, Watch
// returns both a report with verdict fail and the error.
func Watch(ctx context.Context, d Deps, o Options) (*report.Report, error) {
	out, err := d.watch(ctx, o)
	if out.report != nil && out.samples != nil {
		out.report.SetData(*out.samples)
	}
	return out.report, err
}

func (d Deps) watch(ctx context.Context, o Options) (watched, error) {
	o.Soak = o.Soak.withDefaults()
	started := d.Now().UTC()
	_, held, err := d.lock(ctx, o, ledger.PurposeSoak, nil)
	if err != nil {
		return watched{}, err
	}
	if held != nil {
		return refuseSoak(newSoakReport(o, ledger.Entry{}, started), report.ReasonLocked, held.Error()), nil
	}
	defer d.unlock(ctx, o)
	entry, done, err := d.soaking(ctx, o)
	if err != nil {
		return watched{}, err
	}
	r := newSoakReport(o, entry, started)
	if done != nil {
		var s Samples
		if err := json.Unmarshal(done.Data, &s); err != nil {
			return watched{}, fmt.Errorf("cannot read the soak of %s: %w", entry.ID, err)
		}
		if done.Verdict == string(report.Pass) {
			return passedBefore(r, entry, s), nil
		}
		return d.conclude(ctx, o, entry, r, s, false) // the rollback did not complete
	}
	running, err := d.Target.Status(ctx, o.Environment)
	if err != nil {
		return watched{}, fmt.Errorf("cannot soak %s: %w", o.Environment, err)
	}
	if running.Digest != o.Digest {
		return refuseSoak(r, report.ReasonDrift, fmt.Sprintf("%s runs %s, the ledger names %s: promote again", o.Environment, text.Short(running.Digest), text.Short(o.Digest))), nil
	}
	s, err := d.soak(ctx, o, running)
	var out watched
	if err == nil {
		out, err = d.conclude(ctx, o, entry, r, s, true)
	}
	if err != nil {
		if by := d.takenBy(ctx, o, entry); by != "" {
			out = refuseSoak(newSoakReport(o, entry, started), report.ReasonSoakEnded, "release "+entry.ID+" was watched until "+by)
			out.report.Set("release", entry.ID)
			return out, nil
		}
	}
	return out, err
}

// takenBy says who has ended the soak of a release, as the ledger has it, or returns "".
func (d Deps) takenBy(ctx context.Context, o Options, entry ledger.Entry) (by string) {
	_ = d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		var held *ledger.LockedError
		if errors.As(tx.Holds(ctx, o.Environment), &held) && held.Lock.Over != nil {
			by = fmt.Sprintf("%s took over (%s): %s", held.Lock.By, held.Lock.Purpose, report.LogLine(held.Lock.Over.Reason))
		}
		if now, err := current(ctx, tx, o.Environment); err == nil && now != nil && now.Kind == ledger.KindRollback && now.Replaces == entry.ID {
			by = fmt.Sprintf("%s rolled it back: %s", now.By, report.LogLine(now.Reason))
		}
		return nil
	})
	return by
}

func newSoakReport(o Options, entry ledger.Entry, started time.Time) *report.Report {
	r := &report.Report{
		Name: "soak", Subject: o.App + " " + o.Environment, Commit: entry.Commit, Digest: o.Digest, Started: started,
	}
	r.Set("digest", o.Digest)
	return r
}

func refuseSoak(r *report.Report, reason report.Reason, why string) watched {
	r.Checks = append(r.Checks, report.Check{Name: "soak", State: report.Failed, Result: why})
	fail(r, reason, why)
	return watched{report: r}
}

func passedBefore(r *report.Report, entry ledger.Entry, s Samples) watched {
	r.Checks = append(r.Checks, report.Check{Name: "soak", State: report.OK, Result: "passed already"})
	r.Verdict, r.Reason, r.Title = report.Pass, report.ReasonSoaked, "release "+entry.ID+" has passed its soak"
	r.Set("release", entry.ID)
	return watched{r, &s}
}

// soaking returns the release to watch, and the outcome of its soak if the soak has
// already completed.
func (d Deps) soaking(ctx context.Context, o Options) (entry ledger.Entry, done *ledger.Entry, err error) {
	err = d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		now, err := current(ctx, tx, o.Environment)
		if err != nil {
			return err
		}
		if now == nil || now.Digest != o.Digest {
			return fmt.Errorf("cannot soak %s: %s is not the release that runs there: promote it first", o.Environment, text.Short(o.Digest))
		}
		entry = *now
		done, err = findSoak(ctx, tx, o.Environment, entry.ID)
		return err
	})
	return entry, done, err
}

// soakOf returns the recorded outcome of a release's soak, or nil.
func (d Deps) soakOf(ctx context.Context, environment, release string) (done *ledger.Entry, err error) {
	err = d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		done, err = findSoak(ctx, tx, environment, release)
		return err
	})
	return done, err
}

func findSoak(ctx context.Context, tx *ledger.Tx, environment, release string) (*ledger.Entry, error) {
	e, err := tx.Find(ctx, environment, release, ledger.KindSoak)
	if errors.Is(err, ledger.ErrNone) {
		return nil, nil
	}
	return &e, err
}
