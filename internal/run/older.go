package run

import (
	"context"
	"fmt"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// olderNote returns a note if an environment runs a newer commit than this one, because the
// promotion into it is refused at the end of a long run.
func (x *execution) olderNote(ctx context.Context) []string {
	if x.Older {
		return nil
	}
	var notes []string
	_ = x.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		for _, name := range x.Config.Chain() {
			e, err := tx.Current(ctx, name)
			if err != nil || e.Commit == "" || e.Commit == x.Job.Commit.ID {
				continue
			}
			if _, err := x.Repo.Run(ctx, "merge-base", "--is-ancestor", "--end-of-options", x.Job.Commit.ID, e.Commit); err == nil {
				notes = append(notes, fmt.Sprintf("note      %s runs %.7s, which is newer than this commit: it is not replaced without --older", name, e.Commit))
			}
		}
		return nil
	}) // a ledger that cannot be read is reported by the promotion
	return notes
}
