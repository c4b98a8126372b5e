package preview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Prices are of an hour, in the currency of the budget.
type Prices struct {
	CPU, Memory, Storage float64            // a core, a GiB, a GiB
	Resources            map[string]float64 // one of a Terraform type
}

// PerHour is what the requests cost in an hour. Unpriced are the Terraform types
// that no price is known for.
func (p Prices) PerHour(r target.Requests) (perHour float64, unpriced []string) {
	// Requests are the change's own: less than nothing would pay for the others.
	perHour = max(r.CPU, 0)*p.CPU + max(r.Memory, 0)*p.Memory + max(r.Storage, 0)*p.Storage
	for _, kind := range slices.Sorted(maps.Keys(r.Resources)) {
		price, ok := p.Resources[kind]
		if !ok && r.Resources[kind] > 0 {
			unpriced = append(unpriced, kind)
		}
		perHour += price * float64(r.Resources[kind])
	}
	return perHour, unpriced
}

// between is what the costs come to from one moment to another.
func between(costs []cost, from, to time.Time) (sum float64) {
	for i, c := range costs {
		begin, end := c.From, to
		if i+1 < len(costs) && costs[i+1].From.Before(to) {
			end = costs[i+1].From
		}
		if begin.Before(from) {
			begin = from
		}
		if end.After(begin) {
			sum += end.Sub(begin).Hours() * c.PerHour
		}
	}
	return sum
}

func midnight(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// booked is what previews that are gone cost on a day, by name and life.
type booked struct {
	Previews map[string]booking `json:"previews"`
}

type booking struct {
	Owner string  `json:"owner,omitempty"`
	Hours float64 `json:"hours"`
	Cost  float64 `json:"cost"`
}

func bookPath(day time.Time) string { return path.Join("spend", day.Format("2006/01/02")+".json") }

func readBooked(ctx context.Context, tx *ledger.Tx, day time.Time) (booked, error) {
	out := booked{Previews: map[string]booking{}}
	b, err := tx.Read(ctx, bookPath(day))
	if errors.Is(err, ledger.ErrNone) {
		return out, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return out, fmt.Errorf("read %s:%s: %w", ledger.Branch, bookPath(day), err)
	}
	return out, nil
}

// book adds what a preview cost to the days it lived, and returns the sum.
func book(ctx context.Context, tx *ledger.Tx, r record, end time.Time) (sum float64, err error) {
	name := fmt.Sprintf("%s since %s", r.Name, r.Created.UTC().Format("2006-01-02T15:04:05Z"))
	for day := midnight(r.Created); day.Before(end); day = day.Add(24 * time.Hour) {
		b, err := readBooked(ctx, tx, day)
		if err != nil {
			return 0, err
		}
		from, to := latest(day, r.Created), earliest(day.Add(24*time.Hour), end)
		c := between(r.Costs, from, to)
		sum += c
		had := b.Previews[name] // it was there twice within a second
		b.Previews[name] = booking{r.Owner, had.Hours + to.Sub(from).Hours(), had.Cost + c}
		text, err := json.MarshalIndent(b, "", "  ")
		if err != nil {
			return 0, err
		}
		tx.Write(bookPath(day), append(text, '\n'))
	}
	return sum, nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
