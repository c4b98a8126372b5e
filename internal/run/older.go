package run

import (
	"context"
	"fmt"
	"strconv"

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
			if err != nil || e.Commit == "" || e.Commit == x.Job.Commit.ID {
				continue
			}
			if _, err := x.Repo.Run(ctx, "merge-base", "--is-ancestor", "--end-of-options", x.Job.Commit.ID, e.Commit); err == nil {
				notes = append(notes, fmt.Sprintf("note      %s runs %.7s, which is newer than this commit: it is not replaced without --older", name, e.Commit))
			} else if out, err := x.Repo.Run(ctx, "rev-list", "--count", "--end-of-options", e.Commit, "^"+x.Job.Commit.ID); err == nil && out != "0" {
				n, _ := strconv.Atoi(out)
				notes = append(notes, fmt.Sprintf("note      this commit lacks %s of %.7s, which %s runs: merge first if these changes must stay", english.Plural(n, "commit", ""), e.Commit, name))
			}
		}
		return nil
	}) // a ledger that cannot be read is reported by the promotion
	return notes
}
