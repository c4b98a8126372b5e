package oci

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/zstd"
)

// Every form of reference leads to the same layers.
func TestOpen(t *testing.T) {
	img, arm := imageOf(t, layer(t, "one"), layer(t, "two")), imageOf(t, layer(t, "arm"))
	index := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: arm, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64"}}},
		mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}})
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	repo := strings.TrimPrefix(server.URL, "http://") + "/team/app"
	tag, err := name.NewTag(repo + ":1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(tag, index); err != nil {
		t.Fatal(err)
	}
	whole, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	id, err := img.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	one, several := saved(t, indexOf(img)), saved(t, index)
	nested := saved(t, mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: index}))
	docker := filepath.Join(t.TempDir(), "saved.tar")
	if err := tarball.WriteToFile(docker, tag, img); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ form, ref, name string }{
		{"tag", repo + ":1", repo + ":1@" + whole.String()},
		{"digest of the index", repo + "@" + whole.String(), repo + "@" + whole.String()},
		{"digest", repo + "@" + digest.String(), repo + "@" + digest.String()},
		{"layout", "oci:" + one, "oci:" + one + "@" + digest.String()},
		{"folder", one, one + "@" + digest.String()},
		{"layout of several", several, several + "@" + digest.String()},
		{"layout by digest", several + "@" + digest.String(), several + "@" + digest.String()},
		{"nested index", nested, nested + "@" + digest.String()},
		{"nested index by digest", nested + "@" + digest.String(), nested + "@" + digest.String()},
		{"tar of a layout", archived(t, one), "image.tar@" + digest.String()},
		{"docker save", docker, "saved.tar@" + id.String()},
		{"docker save, compressed", gzipped(t, docker), "saved.tar.gz@" + id.String()},
	} {
		t.Run(tt.form, func(t *testing.T) {
			o := options
			o.Temp = t.TempDir()
			name, layers, err := read(t, tt.ref, o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"one", "two"}, layers); diff != "" || name != tt.name {
				t.Errorf("%s%q, want %q", diff, name, tt.name)
			}
		})
	}
	for _, ref := range []string{repo + ":1", several} {
		if _, layers, err := read(t, ref, Options{Platform: "linux/arm64"}); err != nil || len(layers) != 1 || layers[0] != "arm" {
			t.Errorf("arm64 of %s: %v %v", ref, layers, err)
		}
	}
	for _, tt := range []struct {
		ref, why string
		o        Options
	}{
		{repo + ":1", "registries are not contacted offline", Options{Platform: "linux/amd64", Offline: true}},
		{repo + ":2", "MANIFEST_UNKNOWN", options},
		{"oci:" + t.TempDir(), "index.json", options},
		{"oci:" + filepath.Join(one, "none"), "no such file", options},
		{one + "@sha256:" + strings.Repeat("0", 64), "no image found", options},
		{several, "no image found", Options{Platform: "linux/s390x"}},
		{one, "cannot parse the platform", Options{Platform: "a/b/c/d/e"}},
		{"no such:image:at all", "could not parse reference", options},
	} {
		if _, _, err := read(t, tt.ref, tt.o); err == nil || !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: %v, want %q", tt.ref, err, tt.why)
		}
	}
}

// A layer is recognized by its content, whatever the manifest states.
func TestCompression(t *testing.T) {
	plain := tarOf(t, map[string]string{"file": "text"})
	var zst bytes.Buffer
	w, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	id, _, err := v1.SHA256(bytes.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	for _, stored := range [][]byte{plain, zst.Bytes()} {
		got, err := content(Layer{DiffID: id.String(), Packed: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(stored)), nil }})
		if got != "text" || err != nil {
			t.Errorf("%q %v", got, err)
		}
	}
}

// What is not the image that the reference names is refused.
func TestRefused(t *testing.T) {
	blobOf := func(dir string, h v1.Hash) string { return filepath.Join(dir, "blobs", "sha256", h.Hex) }
	img := imageOf(t, layer(t, "one"))
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	stored, err := layers[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := mutate.Append(empty.Image, mutate.Addendum{Layer: layer(t, "x"), URLs: []string{"https://layers.example.com/x"}, MediaType: types.DockerForeignLayer})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		img    v1.Image
		change func(dir string) error
		why    string
	}{
		"artifact":               {mutate.ConfigMediaType(img, "application/vnd.cncf.helm.config.v1+json"), nil, `not an image: the configuration has the type "application/vnd.cncf.helm.config.v1+json"`},
		"no layers":              {empty.Image, nil, "the image has no layers"},
		"layer stored elsewhere": {elsewhere, nil, "is stored outside the image"},
		"missing layer":          {img, func(dir string) error { return os.Remove(blobOf(dir, stored)) }, "no such file"},
		"other layer": {img, func(dir string) error {
			return os.WriteFile(blobOf(dir, stored), tarOf(t, map[string]string{"file": "two"}), 0o600)
		}, "the layer has the digest sha256:"},
		"other manifest":      {img, func(dir string) error { return os.WriteFile(blobOf(dir, digest), []byte("{}"), 0o600) }, "does not match its digest"},
		"other configuration": {img, func(dir string) error { return os.WriteFile(blobOf(dir, config), []byte("{}"), 0o600) }, "does not match its digest"},
		"large index":         {img, func(dir string) error { return os.Truncate(filepath.Join(dir, indexFile), maxManifest+1) }, "too large"},
		"large configuration": {img, func(dir string) error { return os.Truncate(blobOf(dir, config), maxConfig+1) }, "too large"},
		"index is not JSON":   {img, func(dir string) error { return os.WriteFile(filepath.Join(dir, indexFile), []byte("["), 0o600) }, "cannot read the index of the layout"},
		"index leads out": {img, func(dir string) error {
			name := filepath.Join(dir, indexFile)
			return errors.Join(os.Rename(name, filepath.Join(t.TempDir(), "x")), os.Symlink("/etc/hostname", name))
		}, "escapes"},
		"blob is a device": {img, func(dir string) error {
			return errors.Join(os.Remove(blobOf(dir, stored)), os.Mkdir(blobOf(dir, stored), 0o700))
		}, "invalid"},
		"path instead of a digest": {img, func(dir string) error {
			return os.WriteFile(filepath.Join(dir, indexFile), []byte(`{"manifests":[{"mediaType":"`+string(types.OCIManifestSchema1)+`","digest":"sha256:../../../../etc/passwd","size":1}]}`), 0o600)
		}, "cannot read the index of the layout"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := saved(t, indexOf(tt.img))
			if tt.change != nil {
				if err := tt.change(dir); err != nil {
					t.Fatal(err)
				}
			}
			if _, _, err := read(t, "oci:"+dir, options); err == nil || !strings.Contains(err.Error(), tt.why) {
				t.Errorf("%v, want %q", err, tt.why)
			}
		})
	}
}

func TestNestedTooDeep(t *testing.T) {
	index := indexOf(imageOf(t, layer(t, "one")))
	for range maxIndexes {
		index = mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: index})
	}
	if _, _, err := read(t, saved(t, index), options); err == nil || !strings.Contains(err.Error(), "no image found") {
		t.Error(err)
	}
}

func TestBrokenLayer(t *testing.T) {
	broken := Layer{Packed: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("\x1f\x8b broken")), nil }}
	if _, err := broken.Open(); err == nil {
		t.Error("a broken gzip header has no error")
	}
}
