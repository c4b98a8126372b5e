package preview

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// SweepOptions bounds a sweep.
type SweepOptions struct {
	Policy Policy
	DryRun bool
}

// removals is how many previews are removed at the same time.
const removals = 4

// decision is what becomes of one preview.
type decision struct {
	Name        string    `json:"name"`
	PullRequest int       `json:"pull_request,omitempty"`
	Owner       string    `json:"owner,omitempty"`
	Remove      bool      `json:"remove"`
	Why         string    `json:"why"` // closed, expired, over-limit, over-budget, orphan, leaving, vanished; or why it stays
	Expires     time.Time `json:"expires"`
	PerHour     float64   `json:"per_hour"`
	Outcome     string    `json:"outcome,omitempty"` // what was removed
	Error       string    `json:"error,omitempty"`
	Notes       []string  `json:"notes,omitempty"`

	record record    // as the ledger has it, or as the target's labels tell it
	was    record    // the same, before this sweep decided anything
	known  bool      // the ledger has a record
	there  bool      // the target has it
	wish   time.Time // the end that its labels ask for
	err    error
}

// sweep is one call of Sweep under way.
type sweep struct {
	Deps
	o       SweepOptions
	start   time.Time // by this machine's clock
	now     time.Time // by the target's clock
	today   booked
	pulls   map[int]github.PullRequest
	asked   error // why pull requests are not known
	all     []*decision
	remarks error      // what could not be written down
	writing sync.Mutex // of the ledger: a fetch may not come between an append and its push
}

// Sweep removes every preview that is due: its pull request is closed, its time is
// over, or there are more than limits or budget allow. It finds them in the ledger
// and, by their labels, in the target: what only one of the two knows is found too.
// Right before a removal the pull request is read again, and whether the preview was
// raised anew meanwhile. One that cannot be removed is told, and does not keep the
// others; the next sweep tries it again.
func Sweep(ctx context.Context, d Deps, o SweepOptions) (*report.Report, error) {
	s := &sweep{Deps: d, o: o, start: d.Now()}
	r := &report.Report{Name: "sweep", Subject: o.Policy.App, Started: s.start.UTC()}
	var err error
	if s.now, err = d.Target.Now(ctx); err != nil {
		return nil, err
	}
	if err := s.find(ctx); err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	s.decide(ctx)
	if !o.DryRun {
		s.act(ctx)
	}
	err = s.report(r)
	finish(r, s.start, d.Now())
	return r, err
}

// act removes what is due, several at a time, and then writes down what was found
// out about what stays.
func (s *sweep) act(ctx context.Context) {
	var g errgroup.Group
	g.SetLimit(removals)
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
	_ = g.Wait() // each has its own error
	s.remarks = s.note(ctx)
}
