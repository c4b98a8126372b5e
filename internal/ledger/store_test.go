package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"
)

// memory is a store.
type memory struct {
	mu      sync.Mutex
	files   map[string][]byte
	version int
	saved   int
	err     error
}

func (m *memory) Load(context.Context) (map[string][]byte, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.files), fmt.Sprint(m.version), m.err
}

func (m *memory) Save(_ context.Context, files map[string][]byte, version string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if version != fmt.Sprint(m.version) {
		return ErrMoved
	}
	m.files, m.version, m.saved = files, m.version+1, m.saved+1
	return m.err
}

func (*memory) String() string { return "memory" }

// A ledger in a store does what a ledger on a branch does: it reads what it wrote, keeps
// entries, loses no concurrent change, and writes nothing after an error.
func TestStore(t *testing.T) {
	m := &memory{}
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	l := &Ledger{Store: m, Now: func() time.Time { return at }}
	var done sync.WaitGroup
	for i := range 8 {
		done.Go(func() {
			err := l.Update(t.Context(), "add", func(ctx context.Context, tx *Tx) error {
				tx.Write(fmt.Sprintf("previews/pr-%d.json", i), []byte("{}\n"))
				_, err := tx.Record(ctx, Entry{Kind: KindPreview, Environment: "preview/pr-1"})
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	err := l.View(t.Context(), func(ctx context.Context, tx *Tx) error {
		below, err := tx.ReadBelow(ctx, "previews")
		if err != nil || len(below) != 8 {
			t.Errorf("%d records, %v", len(below), err)
		}
		all, err := tx.Entries(ctx, "preview/pr-1")
		if err != nil || len(all) != 8 || all[7].ID != "2026.11.21-8" {
			t.Errorf("%d entries, %v: %v", len(all), err, all)
		}
		if _, err := tx.Read(ctx, "previews/pr-9.json"); !errors.Is(err, ErrNone) {
			t.Errorf("a file that is not there: %v", err)
		}
		environments, err := tx.Environments(ctx)
		if err != nil || len(environments) != 0 {
			t.Errorf("previews are listed as environments: %v, %v", environments, err)
		}
		return tx.Damaged("previews/pr-1.json", errors.New("not JSON"))
	})
	if err == nil || !strings.Contains(err.Error(), "previews/pr-1.json of the ledger in memory") {
		t.Error(err)
	}
	saved := m.saved
	for _, change := range []func(context.Context, *Tx) error{
		func(_ context.Context, tx *Tx) error { tx.Delete("previews/pr-1.json"); return errors.New("no") },
		func(context.Context, *Tx) error { return nil },
	} {
		_ = l.Update(t.Context(), "nothing", change)
	}
	if m.saved != saved || len(m.files) != 16 {
		t.Errorf("%d writes more, %d files", m.saved-saved, len(m.files))
	}
	m.err = errors.New("it is down")
	if err := l.View(t.Context(), func(context.Context, *Tx) error { return nil }); err == nil || !strings.Contains(err.Error(), "cannot read the ledger in memory: it is down") {
		t.Error(err)
	}
}

// A store forgets its oldest history, and never a record or what the last two days cost.
func TestForget(t *testing.T) {
	large := strings.Repeat("x", maxSpend)
	files := map[string][]byte{"previews/pr-1.json": []byte(large + large)}
	for day := range 4 {
		files[fmt.Sprintf("spend/2026/11/%02d.json", day+1)] = []byte(large)
	}
	entry := func(day int, size int) []byte {
		return fmt.Appendf(nil, `{"schema": %q, "time": "2026-11-%02dT00:00:00Z", "by": %q}`, schema, day, strings.Repeat("x", size))
	}
	files["entries/preview/pr-9/2026/11/2026.11.01-1.preview.json"] = entry(1, 1000)
	files["entries/preview/pr-1/2026/11/2026.11.02-1.preview.json"] = entry(2, maxEntries/2)
	files["entries/preview/pr-2/2026/11/2026.11.03-1.preview.json"] = entry(3, maxEntries/2-500)
	files["apps/web/spend/2026/11/03.json"], files["apps/web/spend/2026/11/02.json"] = []byte(large), []byte(large)
	files["apps/web/entries/preview/pr-9/2026/11/2026.11.01-1.preview.json"] = entry(1, 1000)
	forget(files)
	for name, kept := range map[string]bool{
		"apps/web/spend/2026/11/03.json": true, "apps/web/spend/2026/11/02.json": false,
		"apps/web/entries/preview/pr-9/2026/11/2026.11.01-1.preview.json": false,
		"previews/pr-1.json": true, "spend/2026/11/04.json": true, "spend/2026/11/03.json": true, "spend/2026/11/02.json": false,
		"entries/preview/pr-9/2026/11/2026.11.01-1.preview.json": false, "entries/preview/pr-1/2026/11/2026.11.02-1.preview.json": true,
		"entries/preview/pr-2/2026/11/2026.11.03-1.preview.json": true,
	} {
		if _, ok := files[name]; ok != kept {
			t.Errorf("%s: kept %v", name, ok)
		}
	}
}
