package preview

import (
	"context"
	"fmt"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"slices"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// refused is why no preview is made: a verdict, not an error.
type refused struct {
	reason        report.Reason
	title, remedy string
}

func (r *refused) Error() string { return r.title }

func refuse(reason report.Reason, title, remedy string) *refused {
	return &refused{reason, title, remedy}
}

// admit decides whether a record may join the others: within the limits, and on no
// day over the budget, counted as if everything lived until the sweep after its end.
func (p Policy) admit(ctx context.Context, tx *ledger.Tx, r record, others []record, now time.Time) (today day, err error) {
	others = slices.DeleteFunc(slices.Clone(others), func(o record) bool { return o.Name == r.Name })
	known := len(others)
	if p.Limit > 0 && known >= p.Limit {
		return today, refuse(report.ReasonLimitReached, fmt.Sprintf("the repository has %d previews, and %d are allowed", known, p.Limit), least(others))
	}
	own := 0
	for _, o := range others {
		if r.Owner != "" && o.Owner == r.Owner {
			own++
		}
	}
	if p.Author > 0 && own >= p.Author {
		return today, refuse(report.ReasonLimitReached, fmt.Sprintf("%s has %d previews, and %d are allowed to an author", r.Owner, own, p.Author), "close one of them")
	}
	b, err := readBooked(ctx, tx, midnight(now))
	if err != nil {
		return today, err
	}
	ahead := lookOut(b, now, p.SweepEvery)
	for _, o := range append(others, r) {
		ahead.add(o, 1)
	}
	for _, d := range ahead.days {
		if p.PerDay > 0 && over(d, p.PerDay) {
			return d, refuse(report.ReasonOverBudget, fmt.Sprintf("%s would cost up to %s of %s a day", d.Day.Format("2 Jan"), money(d.Promise, p.Currency), money(p.PerDay, p.Currency)),
				"close a preview, ask for less (resources.requests, ttl), or raise preview.budget on the base branch")
		}
	}
	return ahead.days[0], nil
}

// least names the preview that was used the longest ago, which a sweep would
// remove first.
func least(others []record) string {
	if len(others) == 0 {
		return ""
	}
	first := slices.MinFunc(others, func(a, b record) int { return a.Updated.Compare(b.Updated) })
	return fmt.Sprintf("close a pull request, or goldenpath preview down --name %s: it was used last on %s", first.Name, first.Updated.Format("2 Jan 15:04"))
}

// money is an amount with as many digits as say something.
func money(v float64, currency string) string {
	digits := 2
	if v != 0 && v < 0.1 && v > -0.1 {
		digits = 4
	}
	return fmt.Sprintf("%.*f %s", digits, v, currency)
}
