package ledger

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/git"
)

// tree is the files of a ledger, as of one moment.
type tree interface {
	// read returns the content of a file, or ErrNone.
	read(ctx context.Context, name string) ([]byte, error)
	// files returns the files below paths, sorted by name.
	files(ctx context.Context, below ...string) ([]file, error)
	readAll(ctx context.Context, files []file) ([][]byte, error)
	// folders returns the names of the folders in a folder.
	folders(ctx context.Context, folder string) ([]string, error)
}

// file is a file of the ledger, with the id of its blob.
type file struct{ name, blob string }

// branch is a commit of the branch.
type branch struct {
	git git.Repository
	tip string // "": before the first entry
}

func (b branch) read(ctx context.Context, name string) ([]byte, error) {
	files, err := b.files(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(files) != 1 || files[0].name != name {
		return nil, ErrNone
	}
	return b.git.Output(ctx, nil, "cat-file", "blob", b.tip+":"+name)
}

func (b branch) files(ctx context.Context, below ...string) ([]file, error) {
	if b.tip == "" {
		return nil, nil
	}
	out, err := b.git.Output(ctx, nil, append([]string{"ls-tree", "-r", "-z", b.tip, "--"}, below...)...)
	if err != nil {
		return nil, err
	}
	var all []file
	for line := range strings.SplitSeq(string(out), "\x00") {
		head, name, ok := strings.Cut(line, "\t") // the head is mode, type and id
		if f := strings.Fields(head); ok && len(f) == 3 {
			all = append(all, file{name, f[2]})
		}
	}
	return all, nil
}

func (b branch) folders(ctx context.Context, folder string) ([]string, error) {
	if b.tip == "" {
		return nil, nil
	}
	out, err := b.git.Output(ctx, nil, "ls-tree", "-d", "-z", "--name-only", b.tip, "--", folder+"/")
	if err != nil {
		return nil, err
	}
	var all []string
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if name = strings.TrimPrefix(name, folder+"/"); name != "" {
			all = append(all, name)
		}
	}
	return all, nil
}

// readAll reads many files with one git process. It requests blobs by id, because for a
// name git would read the tree again each time.
func (b branch) readAll(ctx context.Context, files []file) ([][]byte, error) {
	var in strings.Builder
	for _, f := range files {
		in.WriteString(f.blob + "\n")
	}
	out, err := b.git.Output(ctx, strings.NewReader(in.String()), "cat-file", "--batch")
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
		blob := make([]byte, size+1) // a line break follows the content
		if _, err := io.ReadFull(r, blob); err != nil {
			return nil, fmt.Errorf("cannot read the ledger: %w", err)
		}
		all = append(all, blob[:size])
	}
	return all, nil
}
