package run

import (
	"context"
	"fmt"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// olderNote returns a note if an environment runs a newer commit than this one, because the
// promotion into it is refused at the end of a long run, or a commit that this one does not
// contain.
func (x *execution) olderNote(ctx context.Context) []string {
	if x.Older {
		return nil
	}
	var notes []string
	_ = x.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		for _, name := range x.Config.Chain() {
			e, err := tx.Current(ctx, name)
			if err != nil {
				continue
			}
			switch order := x.Repo.Order(ctx, e.Commit, x.Job.Commit.ID); {
			case order.Older:
				notes = append(notes, fmt.Sprintf("note      %s runs %.7s, which is newer than this commit: it is not replaced without --older", name, e.Commit))
			case order.Without > 0:
				notes = append(notes, fmt.Sprintf("note      this commit lacks %s of %.7s, which %s runs: merge first if these changes must stay", english.Plural(order.Without, "commit", ""), e.Commit, name))
			}
		}
		return nil
	}) // a ledger that cannot be read is reported by the promotion
	return notes
}
