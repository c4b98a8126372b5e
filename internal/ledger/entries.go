package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Record adds an entry to the history of its environment. A release or a rollback
// becomes the environment's current entry. If e.ID is empty, the entry gets the next ID
// of the day.
func (tx *Tx) Record(ctx context.Context, e Entry) (Entry, error) {
	if !validName.MatchString(e.Environment) {
		return e, badName(e.Environment)
	}
	e.Schema, e.Time = schema, tx.ledger.Now().UTC()
	if e.ID == "" {
		id, err := tx.nextID(ctx, e)
		if err != nil {
			return e, err
		}
		e.ID = id
	}
	name := entryPath(e)
	if _, err := tx.Read(ctx, name); !errors.Is(err, ErrNone) {
		return e, errors.Join(fmt.Errorf("entry %s already exists: the ledger is append-only", name), err)
	}
	b, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return e, err
	}
	b = append(b, '\n')
	tx.Write(name, b)
	if e.Kind == KindRelease || e.Kind == KindRollback {
		tx.Write(currentPath(e.Environment), b)
		return e, tx.withdraw(ctx, e)
	}
	return e, nil
}

// nextID returns the next ID of the entry's day, such as 2026.11.21-3. Releases are
// counted over all environments, so that a release can have the same id in each of them.
func (tx *Tx) nextID(ctx context.Context, e Entry) (string, error) {
	folders := []string{path.Dir(entryPath(e)) + "/"}
	if e.Kind != KindPreview {
		all, err := tx.Environments(ctx)
		if err != nil {
			return "", err
		}
		for _, name := range all {
			other := e
			other.Environment = name
			folders = append(folders, path.Dir(entryPath(other))+"/")
		}
	}
	names, err := tx.list(ctx, folders...)
	if err != nil {
		return "", err
	}
	day := e.Time.Format("2006.01.02") + "-"
	last := 0
	for _, n := range names {
		rest, ok := strings.CutPrefix(path.Base(n), day)
		if !ok {
			continue
		}
		number, _, _ := strings.Cut(rest, ".")
		if k, err := strconv.Atoi(number); err == nil {
			last = max(last, k)
		}
	}
	return day + strconv.Itoa(last+1), nil
}

// Environments returns the environments that have entries, except previews.
func (tx *Tx) Environments(ctx context.Context) ([]string, error) {
	folders, err := tx.tree.folders(ctx, tx.prefix+"entries")
	return slices.DeleteFunc(folders, func(name string) bool { return !validName.MatchString(name) || name == "preview" }), err
}

// Current returns the current release of an environment, or ErrNone if the environment
// has none.
func (tx *Tx) Current(ctx context.Context, environment string) (Entry, error) {
	name := currentPath(environment)
	b, err := tx.Read(ctx, name)
	if err != nil {
		return Entry{}, err
	}
	return parse(tx.prefix+name, b)
}

// Find returns the entry with an id and a kind, or ErrNone. If the kind is empty, Find
// returns a release or a rollback. It is an error if the content of the entry does not
// match the name of its file.
func (tx *Tx) Find(ctx context.Context, environment, id, kind string) (Entry, error) {
	kinds := []string{kind}
	if kind == "" {
		kinds = []string{KindRelease, KindRollback}
	}
	date := strings.Split(id, ".")
	if len(date) != 3 {
		return Entry{}, fmt.Errorf("unknown release %q: ids look like 2026.11.21-1: %w", id, ErrNone)
	}
	for _, k := range kinds {
		name := path.Join("entries", environment, date[0], date[1], id+"."+k+".json")
		b, err := tx.Read(ctx, name)
		if errors.Is(err, ErrNone) {
			continue
		}
		if err != nil {
			return Entry{}, err
		}
		e, err := parse(tx.prefix+name, b)
		if err == nil && (e.ID != id || e.Kind != k || e.Environment != environment) {
			err = changedByHand(tx.prefix+name, fmt.Errorf("the entry is %s %s of %q", e.Kind, e.ID, e.Environment))
		}
		return e, err
	}
	return Entry{}, ErrNone
}

// Entries returns the entries of an environment in order of time. If environment is
// empty, it returns the entries of all environments.
func (tx *Tx) Entries(ctx context.Context, environment string) ([]Entry, error) {
	files, err := tx.files(ctx, path.Join("entries", environment)+"/")
	if err != nil || len(files) == 0 {
		return nil, err
	}
	all := make([]Entry, 0, len(files))
	blobs, err := tx.tree.readAll(ctx, files)
	if err != nil {
		return nil, err
	}
	for i, b := range blobs {
		e, err := parse(tx.prefix+files[i].name, b)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	sortEntries(all)
	return all, nil
}

func parse(name string, b []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(b, &e); err != nil {
		return e, changedByHand(name, err)
	}
	if e.Schema != schema {
		return e, fmt.Errorf("cannot read %s:%s: schema %q, want %q: use the goldenpath that wrote it, or a newer one", Branch, name, e.Schema, schema)
	}
	return e, nil
}

// changedByHand returns an error for a ledger file that goldenpath did not write.
func changedByHand(name string, err error) error {
	return fmt.Errorf("cannot read %s:%s: %w: the file was changed by hand; revert that commit on the branch", Branch, name, err)
}

// Damaged returns an error for a file of the ledger that somebody changed by hand.
func (tx *Tx) Damaged(name string, err error) error {
	if s := tx.ledger.Store; s != nil {
		return fmt.Errorf("cannot read %s of the ledger in %s: %w: it was changed by hand; restore it, or remove the key", name, s, err)
	}
	return changedByHand(tx.prefix+name, err)
}

func badName(environment string) error {
	return fmt.Errorf("invalid environment name %q: use lower-case letters, digits and hyphens", environment)
}
