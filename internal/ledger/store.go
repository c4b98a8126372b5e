package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Store keeps a ledger outside git: the files of the branch, as one object that is
// replaced as a whole. The previews of a cluster are recorded in the cluster, so that the
// job that deploys them needs no right to write to the repository, and a sweep in the
// cluster needs neither a checkout nor GitHub.
type Store interface {
	// Load returns the files and their version. No files and no error: it is empty.
	Load(ctx context.Context) (files map[string][]byte, version string, err error)
	// Save replaces the files if their version is still the one that Load returned, or
	// fails with ErrMoved.
	Save(ctx context.Context, files map[string][]byte, version string) error
	// String names the store in messages, such as "ConfigMap goldenpath/shop-previews".
	String() string
}

// ErrMoved reports that another writer has changed the ledger.
var ErrMoved = errors.New("another writer has changed the ledger")

// A store has a limited size (a ConfigMap 1 MiB), so what is only history is removed, the
// oldest first.
const (
	maxEntries = 200 << 10 // bytes of entries
	maxSpend   = 400 << 10 // bytes of what each day cost
)

// load starts a change on top of what a store contains.
func (l *Ledger) load(ctx context.Context) (*Tx, error) {
	files, version, err := l.Store.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot read the ledger in %s: %w", l.Store, err)
	}
	return &Tx{ledger: l, tip: version, prefix: l.prefix(), tree: stored(files), writes: map[string][]byte{}}, nil
}

// save replaces the files of a store with those of a change.
func (l *Ledger) save(ctx context.Context, tx *Tx) error {
	old, _ := tx.tree.(stored)
	files := maps.Clone(map[string][]byte(old))
	if files == nil {
		files = map[string][]byte{}
	}
	for name, content := range tx.writes {
		if content == nil {
			delete(files, name)
		} else {
			files[name] = content
		}
	}
	forget(files)
	err := l.Store.Save(ctx, files, tx.tip)
	if err != nil && !errors.Is(err, ErrMoved) {
		return fmt.Errorf("cannot append to the ledger in %s: %w", l.Store, err)
	}
	return err
}

// forget removes the oldest history of a store.
func forget(files map[string][]byte) {
	at := map[string]string{} // a text that sorts as the time does
	var entries, spend []string
	for name, content := range files {
		own := name // without the folder of the app
		if below, ok := strings.CutPrefix(name, "apps/"); ok {
			_, own, _ = strings.Cut(below, "/")
		}
		switch {
		case strings.HasPrefix(own, "entries/"):
			entries = append(entries, name)
			if e, err := parse(own, content); err == nil {
				at[name] = e.Time.UTC().Format(time.RFC3339)
			}
		case strings.HasPrefix(own, "spend/"):
			spend = append(spend, name)
			at[name] = own // spend/YYYY/MM/DD.json
		}
	}
	for _, kind := range []struct {
		names []string
		most  int
	}{{entries, maxEntries}, {spend, maxSpend}} {
		slices.SortFunc(kind.names, func(a, b string) int { return cmp.Or(cmp.Compare(at[b], at[a]), cmp.Compare(a, b)) })
		size, latest := 0, map[string]bool{}
		for _, name := range kind.names {
			if len(latest) < 2 {
				latest[at[name]] = true
			}
			// What today and yesterday cost is kept, of every app.
			if size += len(files[name]); size > kind.most && !latest[at[name]] {
				delete(files, name)
			}
		}
	}
}

// stored is the content of a store.
type stored map[string][]byte

func (s stored) read(_ context.Context, name string) ([]byte, error) {
	if b, ok := s[name]; ok {
		return b, nil
	}
	return nil, ErrNone
}

func (s stored) files(_ context.Context, below ...string) (all []file, err error) {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if slices.ContainsFunc(below, func(folder string) bool { return strings.HasPrefix(name, folder) }) {
			all = append(all, file{name, name})
		}
	}
	return all, nil
}

func (s stored) readAll(_ context.Context, files []file) (all [][]byte, err error) {
	for _, f := range files {
		all = append(all, s[f.blob])
	}
	return all, nil
}

func (s stored) folders(_ context.Context, folder string) (all []string, err error) {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		rest, ok := strings.CutPrefix(name, folder+"/")
		if child, _, below := strings.Cut(rest, "/"); ok && below && !slices.Contains(all, child) {
			all = append(all, child)
		}
	}
	return all, nil
}
