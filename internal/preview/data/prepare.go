package data

import (
	"context"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Options say what to prepare.
type Options struct {
	Steps Steps
	Only  []string // names of the steps to run; empty: all that have a command
	Environment
	Now func() time.Time
}

// Prepare runs the steps until one fails, and reports which succeeded.
func Prepare(ctx context.Context, o Options) (*report.Report, error) {
	start := o.Now()
	r := &report.Report{Name: "preview-prepare", Subject: o.Name, Commit: o.Commit, Started: start.UTC()}
	names := o.Only
	if len(names) == 0 {
		names = o.Steps.Names()
	}
	var done []string
	for _, name := range names {
		if o.Steps.command(name) == "" {
			return nil, report.Usage("preview." + name + " is not in .goldenpath.yml: add it, or remove " + name + " from --steps")
		}
		c := o.Steps.Run(ctx, name, o.Environment)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		r.Checks = append(r.Checks, c)
		if c.State != report.OK {
			break
		}
		done = append(done, name)
	}
	r.Verdict, r.Reason, r.Title = report.Worst(r.Checks), report.ReasonPrepared, "the data of "+o.Name+" is ready"
	switch r.Verdict {
	case report.Fail:
		r.Reason, r.Title = report.ReasonSeedFailed, "the data of "+o.Name+" could not be prepared"
	case report.Skip:
		r.Title = "there is nothing to prepare"
	}
	r.Seconds = o.Now().Sub(start).Seconds()
	r.Set("prepared", Join(done))
	return r, nil
}
