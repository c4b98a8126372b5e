package preview

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview/data"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// prepared records whether a generation was seeded.
type prepared struct {
	Generation int       `json:"generation"`
	Started    time.Time `json:"started"`
	Seeded     bool      `json:"seeded"`
}

func (p prepared) of(running target.Running) bool {
	return p.Generation == running.Generation && p.Started.Equal(running.Started)
}

// id identifies a generation in the output `generation`, such as
// "3@2026-11-21T12:00:00Z". The number alone is not unique: after a removal, numbers
// begin at 1 again.
func (p prepared) id() string {
	return strconv.Itoa(p.Generation) + "@" + p.Started.UTC().Format(time.RFC3339Nano)
}

// prepare runs the seed, once for each generation. If a run is killed before it has recorded
// the result in the ledger, the next run repeats the seed.
//
// The seed of a fork is never run. If UpOptions.DeferData is set, prepare only reports that
// the seed has not run yet.
func (u *up) prepare(ctx context.Context) error {
	if u.o.Seed.Run == "" {
		return nil
	}
	if u.precondition.pull.Fork {
		u.check(report.Check{Name: "data", State: report.Skipped, Result: "not prepared", Note: "the seed of a fork's pull request never runs"})
		return nil
	}
	before, done, err := u.done(ctx)
	done.Seeded = done.Seeded || done.id() == u.o.Seeded
	switch {
	case err != nil:
		return err
	case done.Seeded:
		return u.remember(ctx, before, done)
	case u.o.DeferData:
		u.check(report.Check{Name: "data", State: report.Skipped, Result: "left to a job without credentials: " + data.Step, Note: "goldenpath preview prepare runs it"})
		u.report.Set("prepare", data.Step)
		u.report.Set("generation", done.id())
		return u.remember(ctx, before, done)
	}
	e := data.Environment{Name: prefix + u.o.Name, URL: u.running.URL, Commit: u.running.Commit, Guard: u.Guard}
	if t, ok := u.Target.(connections); ok {
		e.Connections = t.Connections(e.Name)
	}
	c := u.o.Seed.Do(ctx, e)
	if ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), u.remember(ctx, before, done))
	}
	u.check(c)
	u.say(target.Phase{Name: data.Step, Detail: c.Result, Seconds: c.Seconds})
	done.Seeded = c.State == report.OK
	return u.remember(ctx, before, done)
}

// connections is implemented by targets whose services the commands on this machine can
// use.
type connections interface {
	Connections(environment string) map[string]string
}

// done returns whether the running generation was seeded. It reads the ledger again right
// before the seed would run, because another run may have seeded since this run began.
func (u *up) done(ctx context.Context) (before, done prepared, err error) {
	err = u.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		r, err := u.ownRecord(ctx, tx)
		before = r.Done
		return err
	})
	if before.of(u.running) {
		return before, before, err
	}
	return before, prepared{Generation: u.running.Generation, Started: u.running.Started}, err
}

// remember records the seed in the ledger, even if a later run has taken over,
// because that run uses the same data.
func (u *up) remember(ctx context.Context, before, done prepared) error {
	if done == before {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return u.Ledger.Update(ctx, "preview "+prefix+u.o.Name+": prepared", func(ctx context.Context, tx *ledger.Tx) error {
		r, err := u.ownRecord(ctx, tx)
		if err != nil && !(errors.Is(err, errTakenOver) && r.Created.Equal(u.record.Created)) {
			return err
		}
		r.Done = done
		return writeRecord(tx, r)
	})
}

// PreparedOptions say which generation a job without credentials has seeded.
type PreparedOptions struct {
	Name       string
	Generation string // the output generation of the up that left the seed to it
}

// Prepared records that `preview prepare` ran the seed, so that the next up of the same
// generation does not run it again. If another generation has been deployed
// since, nothing is recorded.
func Prepared(ctx context.Context, d Deps, o PreparedOptions) (*report.Report, error) {
	if err := checkName(o.Name); err != nil {
		return nil, err
	}
	start := d.Now()
	r := &report.Report{Name: "preview-prepared", Subject: o.Name, Started: start.UTC(), Verdict: report.Skip, Reason: report.ReasonSuperseded,
		Title: o.Name + " has been deployed again or removed: nothing was recorded"}
	err := d.Ledger.Update(ctx, "preview "+prefix+o.Name+": prepared", func(ctx context.Context, tx *ledger.Tx) error {
		rec, err := readRecord(ctx, tx, o.Name)
		if errors.Is(err, ledger.ErrNone) {
			return nil
		}
		if err != nil || rec.Done.id() != o.Generation {
			return err
		}
		r.Commit, r.Digest = rec.Commit, rec.Digest
		r.Verdict, r.Reason, r.Title = report.Pass, report.ReasonPrepared, "recorded for "+o.Name+": "+data.Step
		rec.Done.Seeded = true
		return writeRecord(tx, rec)
	})
	if err != nil {
		return nil, fmt.Errorf("cannot record the data of preview %s: %w", o.Name, err)
	}
	r.Checks = append(r.Checks, report.Check{Name: "data", State: report.OK, Result: r.Title})
	if r.Verdict == report.Skip {
		r.Checks[0].State = report.Skipped
	}
	r.Seconds = d.Now().Sub(start).Seconds()
	return r, nil
}
