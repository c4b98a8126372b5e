package artifact

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

func TestRegistry(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	fill(t, dir, time.Now(), 0o644)
	packed := pack(t, options(dir))
	for kind, repository := range registries(t) {
		t.Run(kind, func(t *testing.T) {
			repo := repository("ghcr.io/acme/where2eat")
			a, err := repo.Push(ctx, packed.Index)
			if err != nil {
				t.Fatal(err)
			}
			if a.Digest != digestOf(t, packed) || a.PlatformDigest == a.Digest || a.Commit() != "3f9c2d1" {
				t.Errorf("pushed %+v", a)
			}
			if err := repo.Tag(ctx, a.Digest, "v1"); err != nil {
				t.Fatal(err)
			}
			byTag, err := repo.Resolve(ctx, "v1", v1.Platform{})
			if err != nil || byTag.Digest != a.Digest || byTag.PlatformDigest != a.PlatformDigest {
				t.Errorf("by tag: %+v, %v", byTag, err)
			}
			if _, err := repo.Resolve(ctx, "sha256:"+strings.Repeat("0", 64), v1.Platform{}); !errors.Is(err, ErrNotFound) {
				t.Errorf("unknown digest: %v, want ErrNotFound", err)
			}
			if _, err := repo.Resolve(ctx, a.Digest, v1.Platform{OS: "plan9", Architecture: "arm"}); err == nil {
				t.Error("a platform the image has not was resolved")
			}
			const kind = "application/vnd.test+json"
			for _, body := range []string{"one", "two", "one"} {
				if err := repo.Attach(ctx, a.Digest, kind, []byte(body), nil); err != nil {
					t.Fatal(err)
				}
			}
			if err := repo.Attach(ctx, a.Digest, "application/vnd.other", []byte("three"), nil); err != nil {
				t.Fatal(err)
			}
			got, err := repo.Referrers(ctx, a.Digest, kind)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]int{}
			for _, b := range got {
				seen[string(b)]++
			}
			if diff := cmp.Diff(map[string]int{"one": 1, "two": 1}, seen); diff != "" {
				t.Errorf("referrers (-want +got):\n%s", diff)
			}
			copied, err := repo.Copy(ctx, a.Digest, repository("ghcr.io/acme/production"))
			if err != nil || copied.Digest != a.Digest {
				t.Errorf("copy: %+v, %v", copied, err)
			}
		})
	}
}

// TestFolderManyWriters pushes from handles that know nothing of each other, as
// processes do.
func TestFolderManyWriters(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	var wg sync.WaitGroup
	digests := make([]string, 8)
	for i := range digests {
		src := t.TempDir()
		writeFile(t, filepath.Join(src, "server"), fmt.Sprint(i), 0o755)
		packed := pack(t, options(src))
		wg.Go(func() {
			r, err := OpenRegistry(dir)
			if err != nil {
				t.Error(err)
				return
			}
			repo, err := r.Repository("app")
			if err != nil {
				t.Error(err)
				return
			}
			a, err := repo.Push(ctx, packed.Index)
			if err != nil {
				t.Error(err)
				return
			}
			digests[i] = a.Digest
			if err := repo.Attach(ctx, a.Digest, "application/vnd.test", []byte(a.Digest), nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	r, err := OpenRegistry(dir)
	if err != nil {
		t.Fatal(err)
	}
	repo, err := r.Repository("app")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range digests {
		refs, err := repo.Referrers(ctx, d, "application/vnd.test")
		if err != nil || len(refs) != 1 || string(refs[0]) != d {
			t.Errorf("%s: referrers %q, %v", d, refs, err)
		}
	}
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, "", 0o644)
	_, err := OpenRegistry(filepath.Join(file, "registry"))
	var usage *report.UsageError
	if !errors.As(err, &usage) || !strings.Contains(err.Error(), "--registry") {
		t.Errorf("err = %v, want a usage error that names --registry", err)
	}
}
