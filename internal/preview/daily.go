package preview

import (
	"context"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Daily reports what previews cost on a day. It reads only the ledger, not the target.
func Daily(ctx context.Context, d Deps, p Policy, on time.Time) (*report.Report, error) {
	start := d.Now()
	var all []record
	var spend budget.Spend
	err := d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) (err error) {
		if all, err = readRecords(ctx, tx); err == nil {
			spend, err = budget.ReadSpend(ctx, tx, on)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	r := p.Limits.Daily(on, start, spend, pricedAll(all))
	r.Name, r.Subject, r.Started, r.Seconds = "preview-report", p.App, start.UTC(), d.Now().Sub(start).Seconds()
	return r, nil
}
