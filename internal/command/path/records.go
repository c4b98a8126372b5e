package path

import (
	"context"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// ownRecords returns the part of a cluster's ledger that has the previews of this app: a
// cluster keeps one ledger for all apps of a repository, and pr-7 can be a preview of each.
// An app in a folder has the name that the base commit gives it, so that a pull request
// cannot choose records without limits.
func (w *world) ownRecords(ctx context.Context, all *ledger.Ledger) (*ledger.Ledger, error) {
	if w.git.Dir() == "" { // the controller, which does not know whether its app is in a folder
		own := all.Of(".", w.config.App)
		found := false
		err := own.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
			files, err := tx.ReadBelow(ctx, "previews")
			found = len(files) > 0
			return err
		})
		if err != nil || !found {
			return all, err
		}
		return own, nil
	}
	e, err := w.env.Runner.Event()
	if err != nil {
		return nil, err
	}
	app := w.config.App
	if e.PullRequest.Number > 0 && e.Base != "" {
		if base, err := w.baseConfig(ctx, e.Base); err == nil {
			app = base.App
		}
	}
	return all.Of(w.folder, app), nil
}
