package ledger

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// readAll reads many files with one git process. It requests blobs by id, because for a
// name git would read the tree again each time.
func (tx *Tx) readAll(ctx context.Context, files []file) ([][]byte, error) {
	var in strings.Builder
	for _, f := range files {
		in.WriteString(f.blob + "\n")
	}
	out, err := tx.ledger.Git.Output(ctx, strings.NewReader(in.String()), "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	r := bufio.NewReader(bytes.NewReader(out))
	all := make([][]byte, 0, len(files))
	for range files {
		var object, kind string
		var size int
		head, err := r.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("cannot read the ledger: %w", err)
		}
		if _, err := fmt.Sscanf(head, "%s %s %d", &object, &kind, &size); err != nil {
			return nil, fmt.Errorf("cannot read the ledger: unexpected line %q from git cat-file", strings.TrimSpace(head))
		}
		b := make([]byte, size+1) // a line break follows the content
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, fmt.Errorf("cannot read the ledger: %w", err)
		}
		all = append(all, b[:size])
	}
	return all, nil
}

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
	blobs, err := tx.readAll(ctx, files)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]byte, len(files))
	for i, f := range files {
		out[f.name] = blobs[i]
	}
	return out, nil
}
