package preview

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// remove removes a preview, unless its pull request or its record has changed since
// the decision.
func (s *sweep) remove(ctx context.Context, d *decision) error {
	for _, check := range []func(context.Context, *decision) (string, error){s.recheckPullRequest, s.recheckRecord} {
		stays, err := check(ctx, d)
		if err != nil {
			return err
		}
		if stays != "" {
			d.Remove, d.Why = false, stays
			return nil
		}
	}
	err := s.Target.Down(ctx, prefix+d.Name)
	if errors.Is(err, target.ErrSuperseded) {
		d.Remove, d.Why = false, deployedAgain
		return nil
	}
	if err != nil {
		return err
	}
	s.ledger.Lock()
	defer s.ledger.Unlock()
	e, recorded, err := s.closeRecord(ctx, d.Name, d.Why, s.now.Add(s.Now().Sub(s.start)), &d.record)
	if err != nil {
		return err
	}
	d.Outcome = "removed"
	if d.Why == "vanished" {
		d.Outcome = "was already gone"
	}
	if recorded {
		d.Outcome += fmt.Sprintf(" after %s, cost %s", duration(e.Ended.Sub(e.Created)), budget.Money(e.Cost, s.o.Policy.Currency))
	}
	return nil
}

const deployedAgain = "it was deployed again during the sweep"

// recheckPullRequest reads the pull request again if the decision depends on the pull
// request. It returns why the preview is kept, or "".
func (s *sweep) recheckPullRequest(ctx context.Context, d *decision) (stays string, err error) {
	if s.PullRequests == nil || d.PullRequest == 0 || d.Why != "closed" && d.Why != "orphan" && d.Why != "expired" {
		return "", nil
	}
	p, err := s.PullRequests.PullRequest(ctx, d.PullRequest)
	switch {
	case errors.Is(err, github.ErrNotFound):
		return "", nil
	case err != nil:
		if d.Why == "expired" && !s.now.Before(d.record.Updated.Add(s.o.Policy.MaxTTL)) {
			return "", nil // no label can extend it beyond max-ttl
		}
		return "", fmt.Errorf("the preview was kept because its pull request could not be read again: %w", err)
	case p.State == "open" && d.Why != "expired":
		return "its pull request was reopened", nil
	case p.State == "open":
		// A label that the decision considered was not granted, or is not long enough.
		if at := expiry(s.o.Policy, d.record, p.Labels); at.After(d.requested) && s.now.Before(at) {
			return "a new label extends it, if the budget allows that at the next sweep", nil
		}
	}
	return "", nil
}

// recheckRecord reads the record again. If the preview was deployed again since the
// decision, it returns that as the reason to keep the preview; otherwise "".
func (s *sweep) recheckRecord(ctx context.Context, d *decision) (stays string, err error) {
	s.ledger.Lock()
	defer s.ledger.Unlock()
	err = s.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		r, err := readRecord(ctx, tx, d.Name)
		switch {
		case errors.Is(err, ledger.ErrNone):
			return nil
		case err == nil && (!d.recorded || !r.same(d.record)):
			stays = deployedAgain
		}
		return err
	})
	return stays, err
}
