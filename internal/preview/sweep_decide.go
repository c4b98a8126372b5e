package preview

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
)

func (s *sweep) readPullRequests(ctx context.Context) {
	if s.PullRequests == nil {
		s.pullsErr = errors.New("no GitHub token is set")
		return
	}
	s.pulls, s.pullsErr = s.PullRequests.OpenPullRequests(ctx)
}

// decide decides for each preview whether it is removed or kept.
func (s *sweep) decide() {
	for _, d := range s.all {
		if d.Why == "" && d.err == nil {
			s.decideAlone(d)
		}
	}
	slices.SortFunc(s.all, evictionOrder)
	forecast := budget.NewForecast(s.today, s.now, s.o.Policy.SweepEvery)
	for _, d := range s.all {
		forecast.Add(d.priced())
	}
	s.extend(forecast)
	if s.o.OnlyDue {
		return
	}
	s.enforceLimit(forecast, s.o.Policy.Author, func(d *decision) string { return d.Owner })
	s.enforceLimit(forecast, s.o.Policy.Limit, func(*decision) string { return "repository" })
	s.enforceBudget(forecast)
}

// decideAlone decides about one preview without considering limits and budget.
func (s *sweep) decideAlone(d *decision) {
	d.requested = d.Expires
	p, open := s.pulls[d.PullRequest]
	switch {
	case open:
		s.readLabels(d, p)
	case d.PullRequest > 0 && s.pullsErr == nil && d.recorded:
		d.Remove, d.Why = true, "closed"
	case d.PullRequest > 0 && s.pullsErr == nil:
		d.Remove, d.Why = true, "orphan"
	}
	if !d.Remove && !s.now.Before(d.requested) {
		d.Remove, d.Why = true, "expired"
	}
}

// evictionOrder compares two previews by the order in which they are removed if there
// are too many: the least recently deployed first, pinned ones last.
func evictionOrder(a, b *decision) int {
	if a.record.Pinned != b.record.Pinned {
		if a.record.Pinned {
			return 1
		}
		return -1
	}
	return cmp.Or(a.record.Updated.Compare(b.record.Updated), budget.CompareNames(a.Name, b.Name))
}

// readLabels reads the expiry that the labels of a pull request request. An earlier
// expiry applies at once; extend decides about a later one.
func (s *sweep) readLabels(d *decision, p github.PullRequest) {
	d.requested = expiry(s.o.Policy, d.record, p.Labels)
	d.record.Pinned = pinned(p.Labels)
	if d.requested.Before(d.record.Expires) {
		d.record.Expires, d.Expires = d.requested, d.requested
	}
}

// extend extends previews to the requested expiry as far as the budget allows, beginning
// with those that would be evicted last. A preview that has expired and cannot be
// extended is removed.
func (s *sweep) extend(forecast *budget.Forecast) {
	for _, d := range slices.Backward(s.all) {
		if d.Remove || d.err != nil || !d.requested.After(d.Expires) {
			continue
		}
		extended := d.priced()
		extended.Expires = d.requested
		if forecast.Replace(d.priced(), extended, s.o.Policy.PerDay) {
			d.record.Expires, d.Expires = d.requested, d.requested
			continue
		}
		d.Notes = append(d.Notes, notExtended)
		if !s.now.Before(d.Expires) {
			s.evict(forecast, d, "expired")
		}
	}
}

const notExtended = "not extended: the budget does not allow it"

func (s *sweep) evict(forecast *budget.Forecast, d *decision, why string) {
	forecast.Remove(d.priced())
	d.Remove, d.Why = true, why
	forecast.Add(d.priced())
}

// enforceLimit evicts previews from each group that exceeds a limit. A limit of 0 means
// no limit, and previews whose group is "" are not limited.
func (s *sweep) enforceLimit(forecast *budget.Forecast, limit int, group func(*decision) string) {
	if limit <= 0 {
		return
	}
	count := map[string]int{}
	for _, d := range s.all {
		if !d.Remove {
			count[group(d)]++
		}
	}
	for _, d := range s.all {
		if g := group(d); !d.Remove && g != "" && d.err == nil && count[g] > limit {
			s.evict(forecast, d, "over-limit")
			count[g]--
		}
	}
}

// enforceBudget evicts previews until today's cost is within the budget.
func (s *sweep) enforceBudget(forecast *budget.Forecast) {
	for _, d := range s.all {
		if s.o.Policy.PerDay <= 0 || !forecast.Days[0].Over(s.o.Policy.PerDay) {
			return
		}
		if !d.Remove && d.err == nil && d.PerHour > 0 {
			s.evict(forecast, d, "over-budget")
		}
	}
}
