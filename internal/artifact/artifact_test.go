package artifact

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

func writeFile(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func options(dir string) PackOptions {
	return PackOptions{
		Dir: dir, Entrypoint: []string{"/server"}, Workdir: "/", User: "65532:65532", Port: 8080,
		Env:     map[string]string{"B": "2", "A": "1"},
		Labels:  map[string]string{"org.opencontainers.image.revision": "3f9c2d1"},
		Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Platform: v1.Platform{OS: "linux", Architecture: "amd64"},
		MaxFile: 1 << 20,
	}
}

func pack(t *testing.T, o PackOptions) *Packed {
	t.Helper()
	o.Scratch = t.TempDir()
	p, err := Pack(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func digestOf(t *testing.T, p *Packed) string {
	t.Helper()
	d, err := p.Index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d.String()
}

// fill makes the same tree with other times and modes that do not matter.
func fill(t *testing.T, dir string, when time.Time, mode os.FileMode) {
	writeFile(t, filepath.Join(dir, "server"), "#!/bin/sh\n", 0o755)
	writeFile(t, filepath.Join(dir, "static/index.html"), "<p>hello</p>", mode)
	if err := os.Symlink("static/index.html", filepath.Join(dir, "index.html")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "server"), when, when); err != nil {
		t.Fatal(err)
	}
}

func TestPackIsReproducible(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	fill(t, one, time.Now(), 0o644)
	fill(t, two, time.Now().Add(-time.Hour), 0o600)
	a, b := digestOf(t, pack(t, options(one))), digestOf(t, pack(t, options(two)))
	if a != b {
		t.Errorf("the same input has digests %s and %s", a, b)
	}
	// The digest on every machine and with every Go release: a change of it
	// changes the identity of all artifacts, and is a decision.
	const want = "sha256:242427215c364e4daca3ab0c79f9b430232ca007a42eecfc90efd64a74d1be6b"
	if a != want {
		t.Errorf("digest = %s, want %s", a, want)
	}
	writeFile(t, filepath.Join(two, "static/index.html"), "<p>other</p>", 0o644)
	if c := digestOf(t, pack(t, options(two))); c == a {
		t.Error("other input has the same digest")
	}
}

func TestPackedImage(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, time.Now(), 0o644)
	p := pack(t, options(dir))
	index, err := p.Index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if index.MediaType != types.OCIImageIndex || len(index.Manifests) != 1 || index.Manifests[0].Platform.Architecture != "amd64" {
		t.Errorf("index = %+v", index)
	}
	img, err := pick(p.Index, v1.Platform{OS: "linux", Architecture: "amd64"})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	want := v1.Config{
		Entrypoint: []string{"/server"}, WorkingDir: "/", User: "65532:65532", Env: []string{"A=1", "B=2"},
		Labels: map[string]string{"org.opencontainers.image.revision": "3f9c2d1"}, ExposedPorts: map[string]struct{}{"8080/tcp": {}},
	}
	if diff := cmp.Diff(want, cfg.Config); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	layers, err := img.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatal(len(layers), err)
	}
	r, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var names []string
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, fmt.Sprintf("%c %o %s %s", h.Typeflag, h.Mode, h.Name, h.Linkname))
	}
	if diff := cmp.Diff([]string{"2 777 index.html static/index.html", "0 755 server ", "5 755 static/ ", "0 644 static/index.html "}, names); diff != "" {
		t.Errorf("layer (-want +got):\n%s", diff)
	}
}

func TestPackRefuses(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "core"), "", 0o644)
	if err := os.Truncate(filepath.Join(dir, "core"), 1<<30); err != nil { // sparse
		t.Fatal(err)
	}
	for name, target := range map[string]string{"abs": "/etc/passwd", "up": "../secret", "deep": "a/../../secret"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("unix", filepath.Join(dir, "sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	scratch := t.TempDir()
	o := options(dir)
	o.Scratch = scratch
	_, err = Pack(context.Background(), o)
	var usage *report.UsageError
	if !errors.As(err, &usage) {
		t.Fatalf("err = %v, want a usage error", err)
	}
	for _, want := range []string{"core is 1.1 GB, over the limit of 1.0 MB", `abs is a symbolic link to "/etc/passwd"`, `up is`, `deep is`, "sock is a socket"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if left, _ := os.ReadDir(scratch); len(left) > 0 {
		t.Errorf("left in scratch: %v", left)
	}
	for what, o := range map[string]PackOptions{
		"no folder":     {Dir: filepath.Join(dir, "none"), Entrypoint: []string{"x"}},
		"empty":         {Dir: t.TempDir(), Entrypoint: []string{"x"}},
		"no entrypoint": {Dir: dir},
		"user by name":  {Dir: dir, Entrypoint: []string{"x"}, User: "root"},
	} {
		if _, err := Pack(context.Background(), o); !errors.As(err, &usage) {
			t.Errorf("%s: err = %v, want a usage error", what, err)
		}
	}
}

// registries returns every kind of registry there is.
func registries(t *testing.T) map[string]func(image string) *Repository {
	open := func(dir string) func(string) *Repository {
		r, err := OpenRegistry(dir)
		if err != nil {
			t.Fatal(err)
		}
		return func(image string) *Repository {
			p, err := r.Repository(image)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
	}
	server := httptest.NewServer(registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	network := open("")
	return map[string]func(string) *Repository{
		"folder":  open(t.TempDir()),
		"network": func(image string) *Repository { return network(host + "/" + withoutHost(image)) },
	}
}

// TestSmall: what is packed once for many pulls holds the same files in fewer
// bytes.
func TestSmall(t *testing.T) {
	dir := t.TempDir()
	var text strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&text, "line %d of a file that repeats itself, %x\n", i, i*i)
	}
	writeFile(t, filepath.Join(dir, "server"), text.String(), 0o755)
	o := options(dir)
	fast := pack(t, o)
	o.Small = true
	small := pack(t, o)
	if small.layer.size >= fast.layer.size || small.layer.diffID != fast.layer.diffID {
		t.Errorf("%d bytes of %s, fast %d of %s", small.layer.size, small.layer.diffID, fast.layer.size, fast.layer.diffID)
	}
	if again := pack(t, o); digestOf(t, again) != digestOf(t, small) {
		t.Error("packed again, the digest is another")
	}
}
