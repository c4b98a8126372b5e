package preview

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// SweepOptions are the settings of a sweep.
type SweepOptions struct {
	Policy  Policy
	Sweeper Sweeper // what repeats this sweep; zero: nothing
	OnlyDue bool    // remove only what is closed or has expired, and nothing because of a limit or the budget
	DryRun  bool
}

// concurrency is how many previews a sweep removes concurrently.
const concurrency = 4

// decision is what a sweep does with one preview.
type decision struct {
	Name        string    `json:"name"`
	PullRequest int       `json:"pull_request,omitempty"`
	Owner       string    `json:"owner,omitempty"`
	Remove      bool      `json:"remove"`
	Why         string    `json:"why"` // closed, expired, over-limit, over-budget, orphan, leaving, vanished; or why it stays after all
	Expires     time.Time `json:"expires"`
	PerHour     float64   `json:"per_hour"`
	Outcome     string    `json:"outcome,omitempty"` // of the removal
	Error       string    `json:"error,omitempty"`
	Notes       []string  `json:"notes,omitempty"`

	record    record    // from the ledger, or derived from the target's labels
	before    record    // record, as it was found
	recorded  bool      // the ledger has it
	deployed  bool      // the target has it
	requested time.Time // expiry that the labels of the pull request ask for
	err       error
}

// priced returns the preview in the form that package budget uses.
func (d *decision) priced() budget.Preview {
	p := d.record.priced()
	p.Removing = d.Remove
	return p
}

// sweep is one call of Sweep.
type sweep struct {
	Deps
	o         SweepOptions
	start     time.Time // this machine's clock
	now       time.Time // the target's clock, at start
	today     budget.Spend
	pulls     map[int]github.PullRequest
	pullsErr  error // why pulls is unknown
	all       []*decision
	recordErr error      // of recordChanges
	ledger    sync.Mutex // one removal at a time uses the ledger: a fetch must not come between a commit and its push
}

// Sweep removes every preview whose pull request is closed, that has expired, or that
// exceeds the limits or the budget. It finds previews in the ledger and, by their
// labels, in the target. Right before a removal it reads the pull request and the
// record again, and keeps the preview if it was deployed again. A failed removal is
// reported, does not stop the others, and is tried again by the next sweep.
func Sweep(ctx context.Context, d Deps, o SweepOptions) (*report.Report, error) {
	s := &sweep{Deps: d, o: o, start: d.Now()}
	r := &report.Report{Name: "sweep", Subject: o.Policy.App, Started: s.start.UTC()}
	var err error
	if s.now, err = d.Target.Now(ctx); err != nil {
		return nil, err
	}
	if err := s.find(ctx); err != nil {
		return nil, fmt.Errorf("cannot sweep: %w", err)
	}
	s.readPullRequests(ctx)
	s.decide()
	if !o.DryRun {
		s.act(ctx)
	}
	err = s.report(r)
	r.Seconds = d.Now().Sub(s.start).Seconds()
	return r, err
}

// act removes the previews that the sweep has decided to remove, and then records the
// changes of the others.
func (s *sweep) act(ctx context.Context) {
	var g errgroup.Group
	g.SetLimit(concurrency)
	for _, d := range s.all {
		if !d.Remove {
			continue
		}
		g.Go(func() error {
			if d.err = context.Cause(ctx); d.err == nil {
				d.err = s.remove(ctx, d)
			}
			return nil
		})
	}
	_ = g.Wait() // each decision has its own error
	s.recordErr = s.recordChanges(ctx)
}
