package preview

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// find joins what the ledger promises with what the target has.
func (s *sweep) find(ctx context.Context) error {
	byName := map[string]*decision{}
	err := s.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		all, err := readRecords(ctx, tx)
		if err != nil {
			return err
		}
		for _, r := range all {
			byName[r.Name] = &decision{known: true, record: r}
		}
		s.today, err = readBooked(ctx, tx, midnight(s.now))
		return err
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
			d = s.stray(name, live)
			byName[name] = d
		}
		d.see(live)
	}
	for _, d := range byName {
		if !d.there {
			s.missing(ctx, d)
		}
		r := d.record
		d.was = r
		d.Name, d.PullRequest, d.Owner, d.Expires, d.PerHour = r.Name, r.PullRequest, r.Owner, r.Expires, r.perHour()
		s.all = append(s.all, d)
	}
	return nil
}

func (d *decision) see(live target.Running) {
	d.there, d.Notes = true, append(d.Notes, live.Notes...)
	if live.Leaving {
		d.Remove, d.Why = true, "leaving"
	}
}

// stray is a preview the ledger does not know: what its labels say counts, within
// the bounds of the time the target itself has seen.
func (s *sweep) stray(name string, live target.Running) *decision {
	r := record{
		Name: name, App: s.o.Policy.App, Repository: s.o.Policy.Repository, PullRequest: live.Tags.PullRequest, Owner: live.Tags.Owner,
		Commit: live.Commit, Digest: live.Digest, Platform: live.PlatformDigest, URL: live.URL, Phase: ready, Lease: 1,
		Created: earliest(live.Created, s.now), Updated: earliest(latest(live.Created, live.Started), s.now),
	}
	if r.Created.IsZero() {
		r.Created = s.now
	}
	if r.Updated.IsZero() {
		r.Updated = r.Created
	}
	r.Due = live.Tags.Expires
	if r.Due.IsZero() || r.Due.After(r.Updated.Add(s.o.Policy.MaxTTL)) {
		r.Due = r.Updated.Add(min(s.o.Policy.TTL, s.o.Policy.MaxTTL))
	}
	r.Expires = r.Due
	r.charge(r.Created, max(live.Tags.PerHour, 0))
	d := &decision{record: r, Notes: []string{"the ledger does not know it"}}
	if !validName.MatchString(name) {
		d.err = errors.New("a preview cannot have this name: somebody changed its labels by hand; remove it by hand, or put them right")
	}
	return d
}

// raiseFor is how long a preview may be under way before it counts as gone.
const raiseFor = time.Hour

// missing looks for a preview that the list has not shown: its labels may have been
// taken off by hand, it may be under way, or it may be gone.
func (s *sweep) missing(ctx context.Context, d *decision) {
	live, err := s.Target.Status(ctx, d.record.environment())
	switch {
	case err == nil:
		d.Notes = append(d.Notes, "its labels were changed by hand: it was found by its name")
		d.see(live)
	case !errors.Is(err, target.ErrNotDeployed):
		d.err = err
	case d.record.elsewhere(s.o.Policy) != "":
		d.err = errors.New(d.record.elsewhere(s.o.Policy))
	case s.now.Sub(d.record.Updated) > raiseFor:
		d.Remove, d.Why = true, "vanished"
	default:
		d.Notes = append(d.Notes, "it is being raised, or was removed by hand")
	}
}

// elsewhere says why a preview that is not found may be there all the same: a
// cluster keeps it under a name that is made of its app and its repository. Either
// may have been renamed. It is "" where both are those of the policy, and for what a
// run has raised on its own machine.
func (r record) elsewhere(p Policy) string {
	if r.App == p.App && r.Repository == p.Repository || r.Repository == "" && r.PullRequest == 0 {
		return ""
	}
	return fmt.Sprintf("%s was raised as app %s of repository %q, and this is app %s of %q: it may still be there: run goldenpath preview down --name %s as the former (app in .goldenpath.yml, --repository)",
		r.Name, r.App, r.Repository, p.App, p.Repository, r.Name)
}
