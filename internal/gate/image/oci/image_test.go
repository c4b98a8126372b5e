package oci

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
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
	tag := tagOf(t, repo+":1")
	if err := remote.WriteIndex(tag, index); err != nil {
		t.Fatal(err)
	}
	nestedIndex := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: index})
	unnamed := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: arm},
		mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}})
	digests := map[string]string{} // of other indexes, by tag
	for tag, index := range map[string]v1.ImageIndex{"nested": nestedIndex, "unnamed": unnamed} {
		if err := remote.WriteIndex(tagOf(t, repo+":"+tag), index); err != nil {
			t.Fatal(err)
		}
		h, err := index.Digest()
		if err != nil {
			t.Fatal(err)
		}
		digests[tag] = h.String()
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
	nested := saved(t, nestedIndex)
	docker := filepath.Join(t.TempDir(), "saved.tar")
	if err := tarball.WriteToFile(docker, tag, img); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ form, ref, name string }{
		{"tag", repo + ":1", repo + ":1@" + whole.String()},
		{"digest of the index", repo + "@" + whole.String(), repo + "@" + whole.String()},
		{"digest", repo + "@" + digest.String(), repo + "@" + digest.String()},
		{"nested index in a registry", repo + ":nested", repo + ":nested@" + digests["nested"]},
		{"manifest without a platform before it", repo + ":unnamed", repo + ":unnamed@" + digests["unnamed"]},
		{"layout", "oci:" + one, "oci:" + one + "@" + digest.String()},
		{"folder", one, one + "@" + digest.String()},
		{"layout of several", several, several + "@" + digest.String()},
		{"layout by digest", several + "@" + digest.String(), several + "@" + digest.String()},
		{"nested index", nested, nested + "@" + digest.String()},
		{"nested index by digest", nested + "@" + digest.String(), nested + "@" + digest.String()},
		{"tar of a layout", archived(t, one), "image.tar@" + digest.String()},
		{"docker save", docker, "saved.tar@" + id.String()},
		{"docker save by id", docker + "@" + id.String(), "saved.tar@" + id.String()},
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
	for _, ref := range []string{repo + ":1", repo + ":nested", several, nested} {
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
		{docker + "@" + digest.String(), "no image found", options},
		{several, "no image found", Options{Platform: "linux/s390x"}},
		{one, "cannot parse the platform", Options{Platform: "a/b/c/d/e"}},
		{"no such:image:at all", "could not parse reference", options},
	} {
		if _, _, err := read(t, tt.ref, tt.o); err == nil || !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: %v, want %q", tt.ref, err, tt.why)
		}
	}
}

func tagOf(t *testing.T, text string) name.Tag {
	t.Helper()
	tag, err := name.NewTag(text)
	if err != nil {
		t.Fatal(err)
	}
	return tag
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

// TestSeveralImages: GP-GATE-1, of several images the one to examine must be named.
func TestSeveralImages(t *testing.T) {
	amd64 := &v1.Platform{OS: "linux", Architecture: "amd64"}
	for _, tt := range []struct {
		platforms [2]*v1.Platform
		tags      [2]string
		why       string
	}{
		{[2]*v1.Platform{amd64, amd64}, [2]string{"a", "b"}, "several images for linux/amd64: name one by its digest"},
		{[2]*v1.Platform{amd64, amd64}, [2]string{"a", "a"}, ""},
		{[2]*v1.Platform{nil, nil}, [2]string{"a", "b"}, "it has an image without a platform, an image without a platform: name one"},
		{[2]*v1.Platform{{OS: "linux", Architecture: "arm64"}, {OS: "linux", Architecture: "s390x"}}, [2]string{"a", "a"}, "it has linux/arm64, linux/s390x"},
	} {
		var index v1.ImageIndex = empty.Index
		for i, text := range []string{"one", "two"} {
			index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: imageOf(t, layer(t, text)), Descriptor: v1.Descriptor{Platform: tt.platforms[i], Annotations: map[string]string{imageName: tt.tags[i]}}})
		}
		if _, _, err := read(t, saved(t, index), options); (err == nil) != (tt.why == "") || err != nil && !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%v, want %q", err, tt.why)
		}
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

// An index that lists another one again and again is read in reasonable time.
func TestNestedTooWide(t *testing.T) {
	dir := saved(t, empty.Index)
	index := "{}"
	for range 4 {
		h, _, err := v1.SHA256(strings.NewReader(index))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.MkdirAll(filepath.Join(dir, "blobs", "sha256"), 0o700), os.WriteFile(filepath.Join(dir, blobName(h)), []byte(index), 0o600)); err != nil {
			t.Fatal(err)
		}
		nested := `{"mediaType":"` + string(types.OCIImageIndex) + `","digest":"` + h.String() + `","size":1}`
		index = `{"manifests":[` + strings.Repeat(nested+",", 1000) + nested + "]}"
	}
	if err := os.WriteFile(filepath.Join(dir, indexFile), []byte(index), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := read(t, dir, options); err == nil || !strings.Contains(err.Error(), "no image found") {
		t.Error(err)
	}
}

// Blobs may be stored on another host, which does not get the registry's password.
func TestRedirect(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	stored := httptest.NewServer(nil)
	defer stored.Close()
	server := httptest.NewServer(nil)
	defer server.Close()
	files := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		switch {
		case password != "secret":
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		case r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/"):
			http.Redirect(w, r, strings.Replace(stored.URL, "127.0.0.1", "localhost", 1)+r.URL.Path, http.StatusTemporaryRedirect)
		default:
			files.ServeHTTP(w, r)
		}
	})
	var leaked atomic.Bool
	stored.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			leaked.Store(true)
		}
		files.ServeHTTP(w, r)
	})
	host := strings.TrimPrefix(server.URL, "http://")
	config := `{"auths":{"` + host + `":{"username":"user","password":"secret"}}}`
	if err := os.WriteFile(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	ref := tagOf(t, host+"/app:1")
	if err := remote.Write(ref, imageOf(t, layer(t, "one")), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		t.Fatal(err)
	}
	if _, layers, err := read(t, ref.Name(), options); err != nil || len(layers) != 1 || leaked.Load() {
		t.Errorf("%v %v, leaked: %t", layers, err, leaked.Load())
	}
}

func TestBrokenLayer(t *testing.T) {
	broken := Layer{Packed: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("\x1f\x8b broken")), nil }}
	if _, err := broken.Open(); err == nil {
		t.Error("a broken gzip header has no error")
	}
}
