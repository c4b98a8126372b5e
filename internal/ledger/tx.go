package ledger

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Tx is a change in progress. It reads the ledger as of the commit that it started from.
type Tx struct {
	ledger *Ledger
	tip    string            // "": before the first entry
	prefix string            // of the names of files in tree, with a slash at the end; "": none
	tree   tree              // what it started from
	writes map[string][]byte // names are those in tree; nil: the file is deleted
	order  []string          // names in writes, in the order of the first write
}

// Write sets the content of a file.
func (tx *Tx) Write(name string, content []byte) { tx.set(tx.prefix+name, content) }

// Delete removes a file.
func (tx *Tx) Delete(name string) { tx.set(tx.prefix+name, nil) }

func (tx *Tx) set(name string, content []byte) {
	if !slices.Contains(tx.order, name) {
		tx.order = append(tx.order, name)
	}
	tx.writes[name] = content
}

// Read returns the content of a file as of the commit that the change started from, or
// ErrNone.
func (tx *Tx) Read(ctx context.Context, name string) ([]byte, error) {
	return tx.tree.read(ctx, tx.prefix+name)
}

// files returns the files below paths, with the names by which Read finds them.
func (tx *Tx) files(ctx context.Context, below ...string) ([]file, error) {
	paths := make([]string, len(below))
	for i, name := range below {
		paths[i] = tx.prefix + name
	}
	files, err := tx.tree.files(ctx, paths...)
	for i := range files {
		files[i].name = strings.TrimPrefix(files[i].name, tx.prefix)
	}
	return files, err
}

// list returns the names of the files below paths.
func (tx *Tx) list(ctx context.Context, below ...string) ([]string, error) {
	files, err := tx.files(ctx, below...)
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.name
	}
	return names, err
}

// validName restricts the names of environments to plain words, because the names become
// paths in the branch.
var validName = regexp.MustCompile(`^[a-z0-9][-a-z0-9]*(/[a-z0-9][-a-z0-9]*)?$`)

// entryPath returns the name of an entry's file. Its folder is the month of the id: an
// entry about an earlier release, such as its soak, may be recorded in the next month.
func entryPath(e Entry) string {
	month := e.Time.UTC().Format("2006/01")
	if date := strings.Split(e.ID, "."); len(date) == 3 {
		month = date[0] + "/" + date[1]
	}
	return path.Join("entries", e.Environment, month, e.ID+"."+e.Kind+".json")
}

func currentPath(environment string) string { return path.Join("current", environment+".json") }
