package preview

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// remove removes a preview, unless it turns out right before that it stays.
func (s *sweep) remove(ctx context.Context, d *decision) error {
	for _, look := range []func(context.Context, *decision) (string, error){s.pullRequest, s.ledgerAgain} {
		stays, err := look(ctx, d)
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
		d.Remove, d.Why = false, raisedAgain
		return nil
	}
	if err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	l, known, err := s.closeRecord(ctx, d.Name, d.Why, s.now.Add(s.Now().Sub(s.start)), &d.record)
	if err != nil {
		return err
	}
	d.Outcome = "removed"
	if d.Why == "vanished" {
		d.Outcome = "was gone already"
	}
	if known {
		d.Outcome += fmt.Sprintf(" after %s, cost %s", lasted(l.Ended.Sub(l.Created)), money(l.Cost, s.o.Policy.Currency))
	}
	return nil
}

const raisedAgain = "it was raised again meanwhile"

// pullRequest reads the pull request of a preview once more, where it decides.
func (s *sweep) pullRequest(ctx context.Context, d *decision) (stays string, err error) {
	if s.PullRequests == nil || d.PullRequest == 0 || d.Why != "closed" && d.Why != "orphan" && d.Why != "expired" {
		return "", nil
	}
	p, err := s.PullRequests.PullRequest(ctx, d.PullRequest)
	switch {
	case errors.Is(err, github.ErrNotFound):
		return "", nil
	case err != nil:
		if d.Why == "expired" && !s.now.Before(d.record.Updated.Add(s.o.Policy.MaxTTL)) {
			return "", nil // no label could let it live longer
		}
		return "", fmt.Errorf("it stays, as its pull request could not be read again: %w", err)
	case p.State == "open" && d.Why != "expired":
		return "its pull request was opened again", nil
	case p.State == "open":
		// A label that was there before was not granted, or is not long enough.
		if at := expiry(s.o.Policy, d.record, p.Labels); at.After(d.wish) && s.now.Before(at) {
			return "a label extends it, if the budget has room at the next sweep", nil
		}
	}
	return "", nil
}

// ledgerAgain looks whether the preview was raised anew since it was decided on.
func (s *sweep) ledgerAgain(ctx context.Context, d *decision) (stays string, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	err = s.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		r, err := readRecord(ctx, tx, d.Name)
		switch {
		case errors.Is(err, ledger.ErrNone):
			return nil
		case err == nil && (!d.known || !r.same(d.record)):
			stays = raisedAgain
		}
		return err
	})
	return stays, err
}

// note writes down in one step what labels have changed, and what the ledger did
// not know: from now on it counts like any other.
func (s *sweep) note(ctx context.Context) error {
	if !slices.ContainsFunc(s.all, (*decision).news) {
		return nil
	}
	return s.Ledger.Update(ctx, "sweep: extended or found", func(ctx context.Context, tx *ledger.Tx) error {
		all, err := readRecords(ctx, tx)
		if err != nil {
			return err
		}
		b, err := readBooked(ctx, tx, midnight(s.now))
		if err != nil {
			return err
		}
		ahead, now := lookOut(b, s.now, s.o.Policy.SweepEvery), map[string]*record{}
		for i := range all {
			now[all[i].Name] = &all[i]
			ahead.add(all[i], 1)
		}
		for _, d := range s.all {
			switch r := now[d.Name]; {
			case !d.news():
			case r == nil && !d.known:
				err = writeRecord(tx, d.record)
			case r != nil && d.known && r.same(d.record):
				err = s.prolong(tx, ahead, r, d)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// news reports whether a preview that stays is another than the ledger says.
func (d *decision) news() bool {
	return !d.Remove && d.err == nil && d.Why == "" && (!d.known || !d.record.Expires.Equal(d.was.Expires) || d.record.Pinned != d.was.Pinned)
}

// prolong writes another end into the ledger, if the budget still has room for it.
func (s *sweep) prolong(tx *ledger.Tx, ahead *outlook, r *record, d *decision) error {
	if !ahead.grown(r, s.o.Policy.PerDay, func(r *record) { r.Expires = d.Expires }) {
		d.Expires, d.Notes = r.Expires, append(d.Notes, notExtended)
	}
	r.Pinned = d.record.Pinned
	return writeRecord(tx, *r)
}
