package preview

import (
	"context"
	"errors"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// find lists the previews of the ledger and of the target, and combines the two.
func (s *sweep) find(ctx context.Context) error {
	byName := map[string]*decision{}
	err := s.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		all, err := readRecords(ctx, tx)
		if err != nil {
			return err
		}
		for _, r := range all {
			byName[r.Name] = &decision{recorded: true, record: r}
		}
		if s.today, err = budget.ReadSpend(ctx, tx, s.now); err != nil {
			return err
		}
		return s.readWait(ctx, tx)
	})
	if err != nil {
		return err
	}
	for live, err := range s.Target.List(ctx) {
		if err != nil {
			return err
		}
		name, ok := cutPrefix(live.Environment)
		if !ok {
			continue
		}
		d := byName[name]
		if d == nil {
			d = s.unrecorded(name, live)
			byName[name] = d
		}
		d.found(live)
	}
	for _, d := range byName {
		if !d.deployed {
			s.missing(ctx, d)
		}
		r := d.record
		d.before = r
		d.Name, d.PullRequest, d.Owner, d.Expires, d.PerHour = r.Name, r.PullRequest, r.Owner, r.Expires, r.Costs.Current()
		s.all = append(s.all, d)
	}
	return nil
}

// readWait makes forecasts use the interval at which previews are really removed.
func (s *sweep) readWait(ctx context.Context, tx *ledger.Tx) error {
	w, err := s.o.Policy.readWait(ctx, tx, s.now)
	s.o.Policy.SweepEvery = w.most
	if own := s.o.Sweeper.Every; own > 0 && (w.by == "" || own < w.most) {
		s.o.Policy.SweepEvery = own
	}
	return err
}

func (d *decision) found(live target.Running) {
	d.deployed, d.Notes = true, append(d.Notes, live.Notes...)
	if live.Leaving {
		d.Remove, d.Why = true, "leaving"
	}
}

// unrecorded decides about a preview that the ledger does not contain. Its record is
// derived from its labels; times in labels are used only if the target confirms them.
func (s *sweep) unrecorded(name string, live target.Running) *decision {
	p := s.o.Policy
	r := record{
		Name: name, App: p.App, Repository: p.Repository, PullRequest: live.Tags.PullRequest, Owner: live.Tags.Owner,
		Commit: live.Commit, Digest: live.Digest, Platform: live.PlatformDigest, URL: live.URL, Phase: ready, Revision: 1,
		Created: budget.Earliest(live.Created, s.now), Updated: budget.Earliest(budget.Latest(live.Created, live.Started), s.now),
	}
	if r.Created.IsZero() {
		r.Created = s.now
	}
	if r.Updated.IsZero() {
		r.Updated = r.Created
	}
	r.Due = live.Tags.Expires
	if r.Due.IsZero() || r.Due.After(r.Updated.Add(p.MaxTTL)) {
		r.Due = r.Updated.Add(min(p.TTL, p.MaxTTL))
	}
	r.Expires = r.Due
	r.Costs = r.Costs.From(r.Created, max(live.Tags.PerHour, 0))
	d := &decision{record: r, Notes: []string{"not in the ledger"}}
	if !validName.MatchString(name) {
		d.err = errors.New("not a valid preview name: the labels of the environment were edited by hand; correct them, or remove the preview by hand")
	}
	return d
}

// deployTimeout is how long a recorded preview that the target does not contain is
// considered as being deployed. After that the preview is considered gone.
const deployTimeout = time.Hour

// missing decides about a recorded preview that the target did not list. The labels of
// the preview may have been removed by hand, the deployment may not have begun yet, or
// the preview may be gone.
func (s *sweep) missing(ctx context.Context, d *decision) {
	live, err := s.Target.Status(ctx, d.record.environment())
	renamed := d.record.renamed(s.o.Policy)
	switch {
	case err == nil:
		d.Notes = append(d.Notes, "found by its name: its labels were edited by hand")
		d.found(live)
	case !errors.Is(err, target.ErrNotDeployed):
		d.err = err
	case renamed != "":
		d.err = errors.New(renamed)
	case s.now.Sub(d.record.Updated) > deployTimeout:
		d.Remove, d.Why = true, "vanished"
	default:
		d.Notes = append(d.Notes, "being deployed, or removed by hand")
	}
}
