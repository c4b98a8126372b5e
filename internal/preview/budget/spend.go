package budget

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// Spend is what the removed previews cost on one day, by name and time of creation:
// the file spend/YYYY/MM/DD.json of the ledger.
type Spend struct {
	Previews map[string]Booking `json:"previews"`
}

// Booking is the part of a day's cost that belongs to one preview.
type Booking struct {
	Owner string  `json:"owner,omitempty"`
	Hours float64 `json:"hours"`
	Cost  float64 `json:"cost"`
}

func spendPath(day time.Time) string { return path.Join("spend", day.Format("2006/01/02")+".json") }

// ReadSpend reads the spend of the UTC day that contains the time t. It is empty if
// nothing was booked on that day.
func ReadSpend(ctx context.Context, tx *ledger.Tx, t time.Time) (Spend, error) {
	day := Midnight(t)
	out := Spend{Previews: map[string]Booking{}}
	b, err := tx.Read(ctx, spendPath(day))
	if errors.Is(err, ledger.ErrNone) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(b, &out); err != nil {
		return out, tx.Damaged(spendPath(day), err)
	}
	return out, nil
}

// Book adds the cost of a removed preview to each day on which the preview existed, and
// returns the total cost.
func Book(ctx context.Context, tx *ledger.Tx, p Preview, end time.Time) (total float64, err error) {
	name := fmt.Sprintf("%s since %s", p.Name, p.Created.UTC().Format("2006-01-02T15:04:05Z"))
	for day := Midnight(p.Created); day.Before(end); day = day.Add(24 * time.Hour) {
		spend, err := ReadSpend(ctx, tx, day)
		if err != nil {
			return 0, err
		}
		from, to := Latest(day, p.Created), Earliest(day.Add(24*time.Hour), end)
		cost := p.Costs.Between(from, to)
		total += cost
		old := spend.Previews[name] // the name has seconds: a preview may have been created twice within one
		spend.Previews[name] = Booking{p.Owner, old.Hours + to.Sub(from).Hours(), old.Cost + cost}
		text, err := json.MarshalIndent(spend, "", "  ")
		if err != nil {
			return 0, err
		}
		tx.Write(spendPath(day), append(text, '\n'))
	}
	return total, nil
}
