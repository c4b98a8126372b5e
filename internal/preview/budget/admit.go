package budget

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Admit decides whether a preview fits the limits together with others, and returns the
// forecast for today. If others contains an older state of the same preview, that state
// is ignored. If the preview does not fit, the error is an *Exceeded.
func (l Limits) Admit(today Spend, p Preview, others []Preview, now time.Time) (Day, error) {
	others = slices.DeleteFunc(slices.Clone(others), func(o Preview) bool { return o.Name == p.Name })
	if err := l.count(p, others); err != nil {
		return Day{}, err
	}
	forecast := NewForecast(today, now, l.SweepEvery)
	for _, o := range append(others, p) {
		forecast.Add(o)
	}
	for _, d := range forecast.Days {
		if l.PerDay > 0 && d.Over(l.PerDay) {
			return d, &Exceeded{
				Reason: report.ReasonOverBudget,
				Title:  fmt.Sprintf("previews would cost up to %s on %s, and the budget is %s a day", Money(d.Most, l.Currency), d.Day.Format("2 Jan"), Money(l.PerDay, l.Currency)),
				Remedy: "close a preview, request less (resources.requests, ttl), or raise preview.budget on the base branch",
			}
		}
	}
	return forecast.Days[0], nil
}

// count checks the number of previews.
func (l Limits) count(p Preview, others []Preview) error {
	if n := len(others); l.Limit > 0 && n >= l.Limit {
		return &Exceeded{Reason: report.ReasonLimitReached, Title: fmt.Sprintf("the repository has %d previews, and the limit is %d", n, l.Limit), Remedy: oldest(others)}
	}
	own := 0
	for _, o := range others {
		if p.Owner != "" && o.Owner == p.Owner {
			own++
		}
	}
	if l.Author > 0 && own >= l.Author {
		return &Exceeded{Reason: report.ReasonLimitReached, Title: fmt.Sprintf("%s has %d previews, and the limit for an author is %d", p.Owner, own, l.Author), Remedy: "close one of them"}
	}
	return nil
}

// oldest returns the name of the preview that was deployed the longest ago, which a
// sweep would remove first.
func oldest(others []Preview) string {
	if len(others) == 0 {
		return ""
	}
	first := slices.MinFunc(others, func(a, b Preview) int { return a.Updated.Compare(b.Updated) })
	return fmt.Sprintf("close a pull request, or run goldenpath preview down --name %s: it was last deployed on %s", first.Name, first.Updated.Format("2 Jan 15:04"))
}
