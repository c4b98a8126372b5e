package preview

import (
	"context"
	"errors"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// sentPath is the file of the ledger with the last day whose cost was sent.
const sentPath = "sent"

// Once calls send unless the cost of this day, or of a later one, was sent before: the
// report runs as often as the sweep.
func Once(ctx context.Context, d Deps, on time.Time, send func() error) error {
	day, sent := on.UTC().Format(time.DateOnly), false
	err := d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		b, err := tx.Read(ctx, sentPath)
		if errors.Is(err, ledger.ErrNone) {
			return nil
		}
		sent = string(b) >= day
		return err
	})
	if err != nil || sent {
		return err
	}
	if err := send(); err != nil {
		return err
	}
	return d.Ledger.Update(ctx, "previews: cost of "+day+" sent", func(_ context.Context, tx *ledger.Tx) error {
		tx.Write(sentPath, []byte(day+"\n"))
		return nil
	})
}
