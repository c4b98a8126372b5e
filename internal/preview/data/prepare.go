package data

import (
	"context"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Options say what to prepare.
type Options struct {
	Seed
	Environment
	Now func() time.Time
}

// Prepare runs the seed, and reports whether it succeeded.
func Prepare(ctx context.Context, o Options) (*report.Report, error) {
	start := o.Now()
	r := &report.Report{Name: "preview-prepare", Subject: o.Name, Commit: o.Commit, Started: start.UTC()}
	prepared := ""
	if o.Run != "" {
		c := o.Do(ctx, o.Environment)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		r.Checks = append(r.Checks, c)
		if c.State == report.OK {
			prepared = Step
		}
	}
	r.Verdict, r.Reason, r.Title = report.Worst(r.Checks), report.ReasonPrepared, "the data of "+o.Name+" are ready"
	switch r.Verdict {
	case report.Fail:
		r.Reason, r.Title = report.ReasonSeedFailed, "the data of "+o.Name+" could not be prepared"
	case report.Skip:
		r.Title = "there is nothing to prepare"
	}
	r.Seconds = o.Now().Sub(start).Seconds()
	r.Set("prepared", prepared)
	return r, nil
}
