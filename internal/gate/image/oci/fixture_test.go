package oci

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// layer has one file with this text.
func layer(t testing.TB, text string) v1.Layer {
	t.Helper()
	raw := tarOf(t, map[string]string{"file": text})
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil })
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func tarOf(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(text)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func imageOf(t testing.TB, layers ...v1.Layer) v1.Image {
	t.Helper()
	img, err := mutate.AppendLayers(empty.Image, layers...)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// saved writes an index as an OCI layout.
func saved(t testing.TB, index v1.ImageIndex) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := layout.Write(dir, index); err != nil {
		t.Fatal(err)
	}
	return dir
}

func indexOf(images ...v1.Image) v1.ImageIndex {
	index := v1.ImageIndex(empty.Index)
	for _, img := range images {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img})
	}
	return index
}

// archived packs a folder into a tar.
func archived(t testing.TB, dir string) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "image.tar"))
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(file)
	if err := errors.Join(w.AddFS(os.DirFS(dir)), w.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	return file.Name()
}

func gzipped(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), os.WriteFile(file+".gz", buf.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	return file + ".gz"
}

var options = Options{Platform: "linux/amd64"}

// read returns the name of the image and the texts of its layers.
func read(t *testing.T, ref string, o Options) (string, []string, error) {
	t.Helper()
	img, err := Open(context.Background(), ref, o)
	if err != nil {
		return "", nil, err
	}
	defer img.Close()
	var out []string
	for _, l := range img.Layers {
		text, err := content(l)
		if err != nil {
			return "", nil, err
		}
		out = append(out, text)
	}
	return img.Name, out, nil
}

// content reads a layer to its end.
func content(l Layer) (string, error) {
	plain, err := l.Open()
	if err != nil {
		return "", err
	}
	defer plain.Close()
	files := tar.NewReader(plain)
	if _, err := files.Next(); err != nil {
		return "", err
	}
	text, err := io.ReadAll(files)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(io.Discard, plain)
	return string(text), err
}
