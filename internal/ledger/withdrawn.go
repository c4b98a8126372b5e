package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"path"
)

// withdrawnPath is the file with the digests that were rolled back in an environment and not
// released again since, and the id of the rollback of each. It saves reading every entry.
func withdrawnPath(environment string) string { return path.Join("withdrawn", environment+".json") }

// Withdrawn returns the rollback that withdrew a digest from an environment, or nil if there
// is none or the digest was released again since.
func (tx *Tx) Withdrawn(ctx context.Context, environment, digest string) (*Entry, error) {
	all, err := tx.withdrawn(ctx, environment)
	if err != nil || all[digest] == "" {
		return nil, err
	}
	e, err := tx.Find(ctx, environment, all[digest], KindRollback)
	if errors.Is(err, ErrNone) {
		return nil, tx.Damaged(withdrawnPath(environment), err)
	}
	return &e, err
}

func (tx *Tx) withdrawn(ctx context.Context, environment string) (map[string]string, error) {
	all := map[string]string{}
	b, err := tx.Read(ctx, withdrawnPath(environment))
	if err == nil {
		if err := json.Unmarshal(b, &all); err != nil {
			return nil, tx.Damaged(withdrawnPath(environment), err)
		}
		return all, nil
	}
	if !errors.Is(err, ErrNone) {
		return nil, err
	}
	if _, err := tx.Read(ctx, currentPath(environment)); errors.Is(err, ErrNone) {
		return all, nil
	}
	entries, err := tx.Entries(ctx, environment) // of a goldenpath that did not write the file
	if err != nil {
		return nil, err
	}
	digests := map[string]string{}
	for _, e := range entries {
		if e.Kind == KindRelease || e.Kind == KindRollback {
			follow(all, e, digests[e.Replaces])
			digests[e.ID] = e.Digest
		}
	}
	return all, nil
}

// follow adds the effect of a release or rollback. replaced is the digest that a rollback
// replaced.
func follow(all map[string]string, e Entry, replaced string) {
	if e.Kind == KindRollback && replaced != "" {
		all[replaced] = e.ID
	}
	delete(all, e.Digest)
}

// withdraw writes the effect of a release or rollback that is being recorded.
func (tx *Tx) withdraw(ctx context.Context, e Entry) error {
	all, err := tx.withdrawn(ctx, e.Environment)
	if err != nil {
		return err
	}
	replaced := ""
	if e.Kind == KindRollback && e.Replaces != "" {
		old, err := tx.Find(ctx, e.Environment, e.Replaces, "")
		if err != nil && !errors.Is(err, ErrNone) {
			return err
		}
		replaced = old.Digest
	}
	follow(all, e, replaced)
	b, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	tx.Write(withdrawnPath(e.Environment), append(b, '\n'))
	return nil
}
