package terraform

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// GP-PREV-5, GP-PREV-7: previews are recorded in the backend that holds their states. Two
// runners lose nothing of each other, and the ledger is not taken for a preview.
func TestLedger(t *testing.T) {
	w := newWorld(t, app)
	other := *w.Target
	other.Data = filepath.Join(t.TempDir(), "data")
	var done sync.WaitGroup
	for i, at := range []*Target{w.Target, &other} {
		done.Go(func() {
			l := &ledger.Ledger{Store: at.Ledger(), Now: time.Now}
			for k := range 2 {
				err := l.Update(t.Context(), "add", func(ctx context.Context, tx *ledger.Tx) error {
					b, err := tx.Read(ctx, "count")
					if err != nil && !errors.Is(err, ledger.ErrNone) {
						return err
					}
					tx.Write("count", append(b, '+'))
					tx.Write(fmt.Sprintf("previews/pr-%d%d.json", i, k), []byte(`{"a": "<b>"}`))
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	done.Wait()
	files, version, err := w.Target.Ledger().Load(t.Context())
	if err != nil || string(files["count"]) != "++++" || len(files) != 5 || string(files["previews/pr-11.json"]) != `{"a": "<b>"}` {
		t.Fatalf("%q, %v", files, err)
	}
	if err := w.Target.Ledger().Save(t.Context(), files, version); err != nil {
		t.Error(err)
	}
	files["count"] = []byte("late")
	if err := other.Ledger().Save(t.Context(), files, version); !errors.Is(err, ledger.ErrMoved) {
		t.Errorf("a write on top of an older version: %v", err)
	}
	for r, err := range w.List(t.Context()) {
		t.Errorf("it is listed: %v, %v", r, err)
	}
}
