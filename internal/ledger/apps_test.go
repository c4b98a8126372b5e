package ledger

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestApps (GP-PATH-10): two apps of one repository share the branch, and neither sees the
// releases, the ids or the locks of the other.
func TestApps(t *testing.T) {
	shop := open(repository(t))
	web := shop.Of("apps/web", "web")
	for _, l := range []*Ledger{shop, shop, web} {
		if _, err := l.Acquire(t.Context(), Lock{Environment: "staging"}, time.Minute, nil); err != nil {
			t.Fatal(err)
		}
		err := l.Update(t.Context(), "release", func(ctx context.Context, tx *Tx) error {
			_, err := tx.Record(ctx, Entry{Kind: KindRelease, App: l.App, Environment: "staging"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err := web.View(t.Context(), func(ctx context.Context, tx *Tx) error {
		all, err := tx.Entries(ctx, "")
		if err != nil {
			return err
		}
		if len(all) != 1 || all[0].App != "web" || all[0].ID != "2026.11.21-1" {
			t.Errorf("the ledger of web has %+v", all)
		}
		if _, err := tx.Find(ctx, "staging", "2026.11.21-2", ""); !errors.Is(err, ErrNone) {
			t.Errorf("web has the second release of shop: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
