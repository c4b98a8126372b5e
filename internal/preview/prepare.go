package preview

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

const prepareTimeout = 5 * time.Minute

// prepare migrates and seeds, once for each generation. The record says what was
// done as soon as it was: a run that is killed in between does it again.
func (u *up) prepare(ctx context.Context, running target.Running) error {
	if u.o.Migrate == "" && u.o.Seed == "" {
		return nil
	}
	done, err := u.done(ctx, running)
	if err != nil {
		return err
	}
	before := done
	for _, step := range []struct {
		name, run string
		done      *bool
	}{{"migrate", u.o.Migrate, &done.Migrated}, {"seed", u.o.Seed, &done.Seeded}} {
		if step.run == "" || *step.done {
			continue
		}
		c := u.command(ctx, step.name, step.run, running)
		if ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), u.remember(ctx, before, done))
		}
		u.check(c)
		u.say(target.Phase{Name: step.name, Detail: c.Result, Seconds: c.Seconds})
		if c.State != report.OK {
			break // what comes after would stand on nothing
		}
		*step.done = true
	}
	return u.remember(ctx, before, done)
}

// done is what was prepared of what runs now. It is read again right before
// something is prepared: another run may have done it since this one began.
func (u *up) done(ctx context.Context, running target.Running) (done prepared, err error) {
	err = u.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		r, err := u.mine(ctx, tx)
		done = r.Done
		return err
	})
	if !done.of(running) {
		done = prepared{Generation: running.Generation, Started: running.Started}
	}
	return done, err
}

func (p prepared) of(running target.Running) bool {
	return p.Generation == running.Generation && p.Started.Equal(running.Started)
}

// remember writes what was prepared, also where a later run has taken over: it was
// done to what that one finds.
func (u *up) remember(ctx context.Context, before, done prepared) error {
	if done == before {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return u.Ledger.Update(ctx, "preview "+prefix+u.o.Name+": prepared", func(ctx context.Context, tx *ledger.Tx) error {
		r, err := u.mine(ctx, tx)
		if err != nil && !(errors.Is(err, errTaken) && r.Created.Equal(u.record.Created)) {
			return err
		}
		r.Done = done
		return writeRecord(tx, r)
	})
}

func (u *up) command(ctx context.Context, name, run string, running target.Running) report.Check {
	res, err := tool.Command{
		Argv: tool.Shell(run), Dir: u.o.Dir, Timeout: prepareTimeout, Guard: u.Guard,
		Env: []string{"GOLDENPATH_URL=" + running.URL, "GOLDENPATH_ENVIRONMENT=" + prefix + u.o.Name, "GOLDENPATH_COMMIT=" + running.Commit},
	}.Run(ctx)
	c := report.Check{Name: name, State: report.OK, Result: "ok", Seconds: res.Elapsed.Seconds()}
	if err != nil {
		c.State, c.Result = report.Failed, fmt.Sprint(err)
	}
	return c
}
