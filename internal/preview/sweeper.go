package preview

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// Sweeper is something that sweeps regularly: the controller in the cluster, or a scheduled
// workflow. The zero value is a sweep that nothing repeats.
type Sweeper struct {
	Name  string        // controller, schedule
	Every time.Duration // longest pause between two sweeps
}

// seen is the latest sweep of a sweeper: the file sweepers/NAME.json of the ledger.
type seen struct {
	Every string    `json:"every"` // as time.Duration writes it
	Last  time.Time `json:"last"`
}

func sweeperPath(name string) string { return path.Join("sweepers", name+".json") }

// write records that a sweeper has swept.
func (s Sweeper) write(tx *ledger.Tx, now time.Time) error {
	b, err := json.MarshalIndent(seen{Every: s.Every.String(), Last: now.UTC()}, "", "  ")
	if err != nil {
		return err
	}
	tx.Write(sweeperPath(s.Name), append(b, '\n'))
	return nil
}

// wait is how long an expired preview may wait until something removes it.
type wait struct {
	most time.Duration
	by   string    // the sweeper; "": none has swept
	last time.Time // its latest sweep
}

// late is how much later than planned a sweep may run until its sweeper is considered
// stopped. GitHub delays scheduled runs, and drops some.
const late = time.Hour

// readWait returns the wait that follows from what sweeps: the shortest interval of the
// sweepers that have swept lately, or the configured one if there is none.
func (p Policy) readWait(ctx context.Context, tx *ledger.Tx, now time.Time) (wait, error) {
	found := wait{most: p.SweepEvery}
	all, err := tx.ReadBelow(ctx, "sweepers")
	if err != nil {
		return found, err
	}
	for name, b := range all {
		var s seen
		if err := json.Unmarshal(b, &s); err != nil {
			return found, tx.Damaged(name, err)
		}
		every, err := time.ParseDuration(s.Every)
		if err != nil || every <= 0 {
			return found, tx.Damaged(name, fmt.Errorf("every: %.40q is not a positive duration", s.Every))
		}
		if now.Sub(s.Last) > 3*every+late || found.by != "" && found.most <= every {
			continue
		}
		found = wait{every, path.Base(name[:len(name)-len(path.Ext(name))]), s.Last}
	}
	return found, nil
}

// String says who removes expired previews: "by the controller, which sweeps every 10m".
func (w wait) String() string {
	if w.by == "" {
		return "by the next sweep"
	}
	return fmt.Sprintf("by the %s, which sweeps every %s", w.by, text.Duration(w.most))
}

// check is the row about the effective TTL in a list of previews.
func (w wait) check(p Policy, now time.Time) report.Check {
	c := report.Check{Name: "removal", State: report.OK, Result: fmt.Sprintf("a preview with a TTL of %s is removed after %s at most", text.Duration(p.TTL), text.Duration(p.TTL+w.most))}
	if w.by != "" {
		c.Note = fmt.Sprintf("%s; its last sweep was %s", w, relative(w.last, now))
		return c
	}
	c.State = report.Warned
	c.Result = "no scheduled sweep has run lately: what expires waits for the next push to a pull request"
	c.Note = "install goldenpath preview controller, or the workflow sweep.yml; preview.sweep-every assumes " + text.Duration(p.SweepEvery)
	return c
}
