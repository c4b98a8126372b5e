package ledger

import (
	"cmp"
	"context"
	"slices"
)

func sortEntries(all []Entry) {
	slices.SortStableFunc(all, func(a, b Entry) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(len(a.ID), len(b.ID)), // -10 comes after -9
			cmp.Compare(a.ID, b.ID), cmp.Compare(a.Kind, b.Kind))
	})
}

// ReadBelow returns the content of the files in a folder and its subfolders, by name.
func (tx *Tx) ReadBelow(ctx context.Context, folder string) (map[string][]byte, error) {
	files, err := tx.files(ctx, folder+"/")
	if err != nil || len(files) == 0 {
		return nil, err
	}
	blobs, err := tx.tree.readAll(ctx, files)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]byte, len(files))
	for i, f := range files {
		out[f.name] = blobs[i]
	}
	return out, nil
}
