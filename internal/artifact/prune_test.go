package artifact

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// TestRemove: what is kept can be pulled whole, the rest is gone from the disk, and the
// evidence about both can be read.
func TestRemove(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	r, err := OpenRegistry(dir)
	if err != nil {
		t.Fatal(err)
	}
	repo, err := r.Repository("ghcr.io/acme/app")
	if err != nil {
		t.Fatal(err)
	}
	const kind = "application/vnd.test+json"
	var digests []string
	for _, content := range []string{"old", "kept", "tagged"} {
		src := t.TempDir()
		writeFile(t, filepath.Join(src, "server"), strings.Repeat(content, 100_000), 0o755)
		writeFile(t, filepath.Join(src, "shared"), "the same in all", 0o644)
		a, err := repo.Push(ctx, pack(t, options(src)).Index)
		if err != nil {
			t.Fatal(err)
		}
		if err := repo.Attach(ctx, a.Digest, kind, []byte(content), nil); err != nil {
			t.Fatal(err)
		}
		digests = append(digests, a.Digest)
	}
	if err := repo.Tag(ctx, digests[2], "v1"); err != nil {
		t.Fatal(err)
	}
	keep := func(digest string) bool { return digest == digests[1] }
	planned, err := repo.Prune(ctx, true, keep)
	if err != nil || len(planned) != 2 || planned[0].Bytes < 500 {
		t.Fatalf("planned %+v, %v", planned, err)
	}
	before := bytesOf(t, dir)
	removed, err := repo.Prune(ctx, false, keep)
	if err != nil || len(removed) != 2 {
		t.Fatalf("removed %+v, %v", removed, err)
	}
	if freed := before - bytesOf(t, dir); freed < planned[0].Bytes+planned[1].Bytes {
		t.Errorf("%d bytes were freed, planned %+v", freed, planned)
	}
	for i, digest := range digests {
		if got, err := repo.Referrers(ctx, digest, kind); err != nil || len(got) != 1 {
			t.Errorf("evidence of image %d: %q, %v", i, got, err)
		}
		a, err := repo.Resolve(ctx, digest, v1.Platform{})
		if i != 1 {
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("image %d: %v, want ErrNotFound", i, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		layers, err := a.Image.Layers()
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range layers {
			if _, err := l.Uncompressed(); err != nil {
				t.Error(err)
			}
		}
	}
	if again, err := repo.Prune(ctx, false, keep); err != nil || len(again) != 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
	none, err := r.Repository("never/pushed")
	if err != nil {
		t.Fatal(err)
	}
	if all, err := none.Prune(ctx, true, keep); err != nil || len(all) != 0 {
		t.Errorf("a repository without a folder: %+v, %v", all, err)
	}
}

func bytesOf(t *testing.T, dir string) (n int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			var info os.FileInfo
			if info, err = d.Info(); err == nil {
				n += info.Size()
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
