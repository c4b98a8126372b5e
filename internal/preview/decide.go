package preview

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/github"
)

// decide says of each whether it stays.
func (s *sweep) decide(ctx context.Context) {
	if s.PullRequests == nil {
		s.asked = errors.New("there is no GitHub to ask")
	} else {
		s.pulls, s.asked = s.PullRequests.OpenPullRequests(ctx)
	}
	for _, d := range s.all {
		if d.Why != "" || d.err != nil {
			continue
		}
		d.wish = d.Expires
		p, open := s.pulls[d.PullRequest]
		switch {
		case open:
			s.read(d, p)
		case d.PullRequest > 0 && s.asked == nil && d.known:
			d.Remove, d.Why = true, "closed"
		case d.PullRequest > 0 && s.asked == nil:
			d.Remove, d.Why = true, "orphan"
		}
		if !d.Remove && !s.now.Before(d.wish) {
			d.Remove, d.Why = true, "expired"
		}
	}
	slices.SortFunc(s.all, evictedFirst)
	ahead := s.outlook()
	s.grant(ahead)
	s.limit(ahead)
	s.afford(ahead)
}

// evictedFirst is the order in which previews go when there are too many: those
// without a pin first, and of these the one that was raised the longest ago.
func evictedFirst(a, b *decision) int {
	if a.record.Pinned != b.record.Pinned {
		return map[bool]int{true: 1, false: -1}[a.record.Pinned]
	}
	return cmp.Or(a.record.Updated.Compare(b.record.Updated), compareNames(a.Name, b.Name))
}

// read takes from a pull request what its labels ask for. Less is taken at once,
// more has to be granted.
func (s *sweep) read(d *decision, p github.PullRequest) {
	d.wish = expiry(s.o.Policy, d.record, p.Labels)
	d.record.Pinned = pinned(p.Labels)
	if d.wish.Before(d.record.Expires) {
		d.record.Expires, d.Expires = d.wish, d.wish
	}
}

// outlook counts every preview in, what is about to go until now.
func (s *sweep) outlook() *outlook {
	ahead := lookOut(s.today, s.now, s.o.Policy.SweepEvery)
	for _, d := range s.all {
		d.record.gone = d.Remove
		ahead.add(d.record, 1)
	}
	return ahead
}

// grant lets those live longer whose label asks for it, as far as the budget allows:
// the one that would be evicted last first. One whose time is over otherwise goes.
func (s *sweep) grant(ahead *outlook) {
	for _, d := range slices.Backward(s.all) {
		if d.Remove || d.err != nil || !d.wish.After(d.Expires) {
			continue
		}
		if ahead.grown(&d.record, s.o.Policy.PerDay, func(r *record) { r.Expires = d.wish }) {
			d.Expires = d.wish
			continue
		}
		d.Notes = append(d.Notes, notExtended)
		if !s.now.Before(d.Expires) {
			s.evict(ahead, d, "expired")
		}
	}
}

const notExtended = "not extended: the budget has no room for it"

func (s *sweep) evict(ahead *outlook, d *decision, why string) {
	ahead.add(d.record, -1)
	d.Remove, d.Why, d.record.gone = true, why, true
	ahead.add(d.record, 1)
}

// limit takes the first ones where there are too many, of an author and then of all.
func (s *sweep) limit(ahead *outlook) {
	p := s.o.Policy
	s.within(ahead, p.Author, func(d *decision) string { return d.Owner })
	s.within(ahead, p.Limit, func(*decision) string { return "everybody" })
}

// within leaves as many of each group as are allowed. A group without a name has no
// bound.
func (s *sweep) within(ahead *outlook, most int, group func(*decision) string) {
	if most <= 0 {
		return
	}
	count := map[string]int{}
	for _, d := range s.all {
		if !d.Remove {
			count[group(d)]++
		}
	}
	for _, d := range s.all {
		if g := group(d); !d.Remove && g != "" && d.err == nil && count[g] > most {
			s.evict(ahead, d, "over-limit")
			count[g]--
		}
	}
}

// afford takes them in the same order while today would cost more than the budget.
func (s *sweep) afford(ahead *outlook) {
	for _, d := range s.all {
		if s.o.Policy.PerDay <= 0 || !over(ahead.days[0], s.o.Policy.PerDay) {
			return
		}
		if !d.Remove && d.err == nil && d.PerHour > 0 {
			s.evict(ahead, d, "over-budget")
		}
	}
}
