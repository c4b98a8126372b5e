package preview

import (
	"context"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
)

// recordChanges records, in one commit, the expiries that labels have changed, the
// previews that the ledger did not contain, and that the sweeper has swept.
func (s *sweep) recordChanges(ctx context.Context) error {
	if s.o.Sweeper.Name == "" && !slices.ContainsFunc(s.all, (*decision).changed) {
		return nil
	}
	return s.Ledger.Update(ctx, "sweep: extended or found", func(ctx context.Context, tx *ledger.Tx) error {
		if s.o.Sweeper.Name != "" {
			if err := s.o.Sweeper.write(tx, s.now); err != nil {
				return err
			}
		}
		all, err := readRecords(ctx, tx)
		if err != nil {
			return err
		}
		spend, err := budget.ReadSpend(ctx, tx, s.now)
		if err != nil {
			return err
		}
		forecast, current := budget.NewForecast(spend, s.now, s.o.Policy.SweepEvery), map[string]*record{}
		for i := range all {
			current[all[i].Name] = &all[i]
			forecast.Add(all[i].priced())
		}
		for _, d := range s.all {
			switch r := current[d.Name]; {
			case !d.changed():
			case r == nil && !d.recorded:
				err = writeRecord(tx, d.record)
			case r != nil && d.recorded && r.same(d.record):
				err = s.recordExpiry(tx, forecast, *r, d)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// changed reports whether the ledger must be updated for a preview that is kept.
func (d *decision) changed() bool {
	return !d.Remove && d.err == nil && d.Why == "" && (!d.recorded || !d.record.Expires.Equal(d.before.Expires) || d.record.Pinned != d.before.Pinned)
}

// recordExpiry records a new expiry if the budget still allows it.
func (s *sweep) recordExpiry(tx *ledger.Tx, forecast *budget.Forecast, r record, d *decision) error {
	changed := r.priced()
	changed.Expires = d.Expires
	if forecast.Replace(r.priced(), changed, s.o.Policy.PerDay) {
		r.Expires = d.Expires
	} else {
		d.Expires, d.Notes = r.Expires, append(d.Notes, notExtended)
	}
	r.Pinned = d.record.Pinned
	return writeRecord(tx, r)
}
