package oci

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestArchiveRefused(t *testing.T) {
	linked := func(headers ...tar.Header) []byte {
		var buf bytes.Buffer
		w := tar.NewWriter(&buf)
		for _, h := range headers {
			if err := w.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return buf.Bytes()
	}
	for name, tt := range map[string]struct {
		text []byte
		why  string
	}{
		"no image":         {tarOf(t, map[string]string{"a": "b"}), "no image found"},
		"not a tar":        {[]byte(strings.Repeat("x", 1024)), "invalid tar header"},
		"not gzip":         {[]byte("\x1f\x8bxx"), "EOF"},
		"several images":   {tarOf(t, map[string]string{"manifest.json": `[{}, {}]`}), "the archive contains 2 images"},
		"not JSON":         {tarOf(t, map[string]string{"manifest.json": `[`}), "cannot read manifest.json"},
		"no configuration": {tarOf(t, map[string]string{"manifest.json": `[{"Config": "c.json"}]`}), "c.json"},
		"fewer layers":     {tarOf(t, map[string]string{"manifest.json": `[{"Config": "c.json"}]`, "c.json": `{"rootfs": {"diff_ids": ["sha256:a"]}}`}), "its configuration lists 1"},
		"link to itself":   {linked(tar.Header{Typeflag: tar.TypeSymlink, Name: "manifest.json", Linkname: "manifest.json"}), "no image found"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "image.tar")
			if err := os.WriteFile(file, tt.text, 0o600); err != nil {
				t.Fatal(err)
			}
			o := options
			o.Temp = t.TempDir()
			if _, _, err := read(t, file, o); err == nil || !strings.Contains(err.Error(), tt.why) {
				t.Errorf("%v, want %q", err, tt.why)
			}
		})
	}
	t.Run("truncated", func(t *testing.T) {
		file := archived(t, saved(t, indexOf(imageOf(t, layer(t, "one"), layer(t, strings.Repeat("a", 1<<20))))))
		for _, size := range []int64{4000, 1500, 600} {
			if err := os.Truncate(file, size); err != nil {
				t.Fatal(err)
			}
			if _, layers, err := read(t, file, options); err == nil {
				t.Errorf("%d bytes: %v", size, layers)
			}
		}
	})
}

func FuzzArchive(f *testing.F) {
	text, err := os.ReadFile(archived(f, saved(f, indexOf(imageOf(f, layer(f, "one"))))))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(tarOf(f, map[string]string{"manifest.json": `[{"Config": "c.json", "Layers": ["l"]}]`, "c.json": `{"rootfs": {"diff_ids": ["sha256:a"]}}`, "l": ""}))
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), "a.tar")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		o := options
		o.Temp = t.TempDir()
		if _, layers, err := read(t, file, o); err == nil && len(layers) == 0 {
			t.Error("an image without layers")
		}
	})
}
