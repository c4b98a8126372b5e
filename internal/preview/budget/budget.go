// Package budget computes the prices of previews, records what previews have cost,
// forecasts what they will cost, and decides whether another preview fits the limits.
package budget

import (
	"cmp"
	"fmt"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Limits limit the number and the cost of a repository's previews. The zero value sets
// no limit.
type Limits struct {
	Limit, Author int     // previews of the repository, of one author; 0: no limit
	PerDay        float64 // budget of a UTC day; 0: none
	Currency      string
	Alert         float64 // percent of the budget at which reports warn; 0: never
	Prices        Prices
	SweepEvery    time.Duration // an expired preview runs at most this long before a sweep removes it
}

// Preview describes an existing preview as far as its cost depends on it.
type Preview struct {
	Name, Owner               string
	Created, Updated, Expires time.Time
	Costs                     Costs
	Removing                  bool // it ends now, not when it expires
}

// Exceeded is the error for a preview that does not fit the limits or the budget.
type Exceeded struct {
	Reason        report.Reason
	Title, Remedy string
}

func (e *Exceeded) Error() string { return e.Title }

// Money formats an amount, with four decimals if it is less than 0.1.
func Money(v float64, currency string) string {
	digits := 2
	if v != 0 && v < 0.1 && v > -0.1 {
		digits = 4
	}
	return fmt.Sprintf("%.*f %s", digits, v, currency)
}

// CompareNames sorts pr-9 before pr-10.
func CompareNames(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

// Midnight returns the beginning of the UTC day.
func Midnight(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// Latest returns the later of two times.
func Latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Earliest returns the earlier of two times.
func Earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
