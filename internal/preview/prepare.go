package preview

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview/data"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// prepared records which steps have succeeded for a generation.
type prepared struct {
	Generation int       `json:"generation"`
	Started    time.Time `json:"started"`
	Migrated   bool      `json:"migrated"`
	Seeded     bool      `json:"seeded"`
}

// step returns a pointer to the result of a step.
func (p *prepared) step(name string) *bool {
	if name == data.Migrate {
		return &p.Migrated
	}
	return &p.Seeded
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

// prepare runs the steps migrate and seed, once for each generation. If a run is killed
// before it has recorded the result in the ledger, the next run repeats the steps.
//
// Code from a fork is never run. If UpOptions.DeferData is set, prepare only reports
// which steps have not run yet.
func (u *up) prepare(ctx context.Context) error {
	if len(u.o.Data.Names()) == 0 {
		return nil
	}
	if u.precondition.pull.Fork {
		u.check(report.Check{Name: "data", State: report.Skipped, Result: "not prepared", Note: "migrate and seed of a fork's pull request never run"})
		return nil
	}
	before, done, err := u.done(ctx)
	if err != nil {
		return err
	}
	var left []string
	for _, name := range u.o.Data.Names() {
		if !*done.step(name) {
			left = append(left, name)
		}
	}
	switch {
	case len(left) == 0:
		return nil
	case u.o.DeferData:
		u.check(report.Check{Name: "data", State: report.Skipped, Result: "left to a job without credentials: " + strings.Join(left, ", "), Note: "goldenpath preview prepare runs it"})
		u.report.Set("prepare", data.Join(left))
		u.report.Set("generation", done.id())
		return u.remember(ctx, before, done)
	}
	environment := data.Environment{Name: prefix + u.o.Name, URL: u.running.URL, Commit: u.running.Commit, Dir: u.o.Dir, Guard: u.Guard}
	for _, name := range left {
		c := u.o.Data.Run(ctx, name, environment)
		if ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), u.remember(ctx, before, done))
		}
		u.check(c)
		u.say(target.Phase{Name: name, Detail: c.Result, Seconds: c.Seconds})
		if c.State != report.OK {
			break // a seed needs the migrations
		}
		*done.step(name) = true
	}
	return u.remember(ctx, before, done)
}

// done returns which steps have succeeded for the running generation. It reads the
// ledger again right before the steps would run, because another run may have prepared
// the data since this run began.
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

// remember records the prepared steps in the ledger, even if a later run has taken over,
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

// PreparedOptions say which steps a job without credentials has run.
type PreparedOptions struct {
	Name       string
	Generation string   // the output generation of the up that left the steps to it
	Steps      []string // those that succeeded
}

// Prepared records the steps that `preview prepare` ran, so that the next up of the
// same generation does not run them again. If another generation has been deployed
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
		r.Verdict, r.Reason, r.Title = report.Pass, report.ReasonPrepared, "recorded for "+o.Name+": "+strings.Join(o.Steps, ", ")
		if len(o.Steps) == 0 {
			r.Title = "no step succeeded for " + o.Name + ": the next preview up leaves all of them to do"
		}
		for _, name := range o.Steps {
			*rec.Done.step(name) = true
		}
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
