package path

import (
	"context"
	"strconv"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Status is `goldenpath status`.
type Status struct {
	Where
	command.Output
}

// Do lists the environments that run on this machine, which may differ from the ledger.
func (c *Status) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.open(ctx, env, GitHub{}, Cluster{})
	if err != nil {
		return nil, err
	}
	all, err := w.target.All(ctx)
	if err != nil {
		return nil, err
	}
	r := &report.Report{Name: "status", Verdict: report.Pass, Reason: report.ReasonOK, Title: english.Plural(len(all), "environment", ""), Started: env.Now().UTC()}
	s := report.Section{Title: "environments", Open: true, Head: []string{"environment", "state", "url", "commit", "restarts", "since", "digest"}}
	for _, e := range all {
		state := "runs"
		if !e.Alive {
			state = "dead"
			r.Verdict, r.Reason = report.Warn, report.ReasonNotRunning
		}
		s.Rows = append(s.Rows, []string{
			e.Environment, state, e.URL, e.Commit[:min(7, len(e.Commit))], strconv.Itoa(e.Restarts), e.Started.UTC().Format(time.RFC3339), e.Digest,
		})
	}
	if len(s.Rows) > 0 {
		r.Sections = append(r.Sections, s)
	}
	r.SetData(all)
	return r, nil
}
