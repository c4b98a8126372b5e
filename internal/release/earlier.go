package release

import (
	"context"
	"errors"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

const (
	maxSteps   = 1000 // releases looked at
	maxEarlier = 10   // releases returned
)

// earlier lists the releases before from that an environment may return to, the best
// first. It omits releases of the same digest, releases whose soak failed, and digests that were
// rolled back and not released again since.
//
// A release is good if its soak passed, if the environment already returned to it once,
// or if the environment has no soak. Good releases come first, the newest first;
// releases whose soak never completed follow.
func (d Deps) earlier(ctx context.Context, environment string, from ledger.Entry, soaks bool) ([]ledger.Entry, error) {
	var good, unsoaked []ledger.Entry
	err := d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		e := from
		for range maxSteps {
			if e.Previous == "" || len(good) == maxEarlier {
				break
			}
			var err error
			if e, err = tx.Find(ctx, environment, e.Previous, ""); errors.Is(err, ledger.ErrNone) {
				break
			} else if err != nil {
				return err
			}
			if e.Digest == from.Digest {
				continue
			}
			if withdrawn, err := tx.Withdrawn(ctx, environment, e.Digest); err != nil {
				return err
			} else if withdrawn != nil {
				continue
			}
			soak, err := findSoak(ctx, tx, environment, e.ID)
			switch {
			case err != nil:
				return err
			case soak == nil && soaks && e.Kind != ledger.KindRollback:
				unsoaked = append(unsoaked, e)
			case soak == nil || soak.Verdict != string(report.Fail):
				good = append(good, e)
			}
		}
		return nil
	})
	all := append(good, unsoaked...)
	return all[:min(len(all), maxEarlier)], err
}
