package image

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
	"github.com/seed-b235b314/goldenpath/internal/gate/image/oci"
	"github.com/seed-b235b314/goldenpath/internal/gate/trivy"
)

// GP-GATE-8: a broken database is an error, and is not changed.
func TestImageBrokenDatabase(t *testing.T) {
	img := saved(t, imageOf(t, layerOf(t, alpine), layerOf(t, node)))
	for _, tt := range []struct {
		name   string
		damage func(file string) error
	}{
		{"truncated", func(f string) error { return os.Truncate(f, 20<<10) }},
		{"empty", func(f string) error { return os.Truncate(f, 0) }},
		{"no database", func(f string) error { return os.WriteFile(f, bytes.Repeat([]byte("x"), 64<<10), 0o600) }},
		{"garbage in its pages", func(f string) error {
			text, err := os.ReadFile(f)
			if err != nil {
				return err
			}
			return os.WriteFile(f, append(text[:16<<10], bytes.Repeat([]byte{0xff}, len(text)-16<<10)...), 0o600)
		}},
		{"metadata", func(f string) error {
			return os.WriteFile(filepath.Join(filepath.Dir(f), "metadata.json"), []byte("{"), 0o600)
		}},
		{"other schema", func(f string) error {
			return os.WriteFile(filepath.Join(filepath.Dir(f), "metadata.json"), []byte(`{"Version":3}`), 0o600)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := databases(t)
			file := filepath.Join(data, "trivy", "db", "trivy.db")
			if err := tt.damage(file); err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			res, err := (&Scanner{Ref: img}).Scan(context.Background(), gate.Input{Databases: data})
			if err == nil {
				t.Errorf("%v %v", rows(res), res.Missing)
			}
			if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the file was changed: %v", err)
			}
		})
	}
	t.Run("without metadata", func(t *testing.T) {
		data := databases(t)
		if err := os.Remove(filepath.Join(data, "trivy", "db", "metadata.json")); err != nil {
			t.Fatal(err)
		}
		if res := scanImage(t, &Scanner{Ref: img}, data); len(res.Missing) != 1 || len(res.Findings) != 0 {
			t.Errorf("%+v", res)
		}
	})
}

func TestImageHostile(t *testing.T) {
	t.Run("paths and links stay in the image", func(t *testing.T) {
		var buf bytes.Buffer
		w := tar.NewWriter(&buf)
		for _, h := range []tar.Header{
			{Typeflag: tar.TypeSymlink, Name: "etc", Linkname: "/etc"},
			{Typeflag: tar.TypeReg, Name: "../../../../etc/alpine-release", Size: 7},
			{Typeflag: tar.TypeSymlink, Name: "lib/apk/db/installed", Linkname: "/proc/self/environ"},
			{Typeflag: tar.TypeReg, Name: "/../lib/apk/db/installed", Size: int64(len(apkCurl))},
			{Typeflag: tar.TypeReg, Name: "x/../../../../../tmp/requirements.dist-info/METADATA", Size: 4},
		} {
			if err := w.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
			if h.Size > 0 {
				if _, err := w.Write([]byte((map[int64]string{7: "3.18.4\n", 4: "Name"}[h.Size] + apkCurl)[:h.Size])); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		res := scanImage(t, &Scanner{Ref: saved(t, imageOf(t, rawLayer(t, buf.Bytes())))}, databases(t))
		if got := rows(res); !slices.Contains(got, "CVE-2023-38545  critical new") {
			t.Errorf("%v %v", got, res.Missing)
		}
	})
	t.Run("bomb", func(t *testing.T) {
		img := saved(t, imageOf(t, layerOf(t, map[string]string{"zeros": strings.Repeat("\x00", 64<<20)})))
		_, err := (&Scanner{Ref: img, MaxUnpacked: 1 << 20}).Scan(context.Background(), gate.Input{})
		if err == nil || !strings.Contains(err.Error(), "unpack to more than 1.0 MiB") {
			t.Error(err)
		}
	})
	t.Run("a file of a lying size", func(t *testing.T) {
		var buf bytes.Buffer
		w := tar.NewWriter(&buf)
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "lib/apk/db/installed", Size: 1 << 20}); err != nil {
			t.Fatal(err)
		}
		buf.WriteString(apkCurl)
		refused(t, imageOf(t, rawLayer(t, buf.Bytes())), "unexpected EOF")
	})
	t.Run("archives without end", func(t *testing.T) {
		text := "PK"
		for range maxJarDepth + 2 {
			var buf bytes.Buffer
			writeZip(t, &buf, map[string]string{"a.jar": text})
			text = buf.String()
		}
		res := scanImage(t, &Scanner{Ref: saved(t, imageOf(t, layerOf(t, map[string]string{"a.jar": text})))}, databases(t))
		if !slices.ContainsFunc(whats(res.Missing), func(s string) bool { return strings.HasPrefix(s, "a.jar in the image: too large") }) {
			t.Errorf("%v", whats(res.Missing))
		}
	})
}

func refused(t *testing.T, img v1.Image, why string) {
	t.Helper()
	if res, err := (&Scanner{Ref: saved(t, img)}).Scan(context.Background(), gate.Input{}); err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("%+v %v", res, err)
	}
}

// Nothing is printed or left behind, also while the scanner of configuration runs.
func TestImageLeavesNothing(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	data := databases(t)
	img := saved(t, imageOf(t, layerOf(t, alpine), layerOf(t, map[string]string{"var/lib/rpm/Packages": "x", "a.jar": "PK"})))
	in := gate.Input{Dir: gatetest.Write(t, map[string]string{"Dockerfile": "FROM alpine:latest\n"}), Files: []gate.File{{Path: "Dockerfile"}}}
	got := gatetest.Printed(t, func() {
		var both sync.WaitGroup
		both.Go(func() { scanImage(t, &Scanner{Ref: img}, data) })
		both.Go(func() {
			if res, err := new(trivy.Scanner).Scan(context.Background(), in); err != nil || len(res.Findings) == 0 || len(res.Missing) != 0 {
				t.Errorf("%+v %v", res, err)
			}
		})
		both.Wait()
	})
	if got != "" {
		t.Errorf("printed %q", got)
	}
	err := filepath.WalkDir(temp, func(name string, d fs.DirEntry, err error) error {
		if strings.Contains(name, "security-gate-image-") || strings.Contains(d.Name(), "trivy-") {
			t.Errorf("left %s", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImageDeadline(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := (&Scanner{Ref: saved(t, imageOf(t, layerOf(t, alpine)))}).Scan(ctx, gate.Input{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func FuzzLayer(f *testing.F) {
	for _, files := range []map[string]string{alpine, node, {"var/lib/dpkg/status": dpkgCurl, "etc/os-release": debian12}, {"a/.wh..wh..opq": "", "b/.wh.c": ""}, {"bin/a": "\x7fELF", "a.jar": "PK\x03\x04"}} {
		r, err := layerOf(f, files).Uncompressed()
		if err != nil {
			f.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	all, err := newAnalyzers()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(listen().stop)
	f.Fuzz(func(t *testing.T, text []byte) {
		s := &layerReader{analyzers: all, temp: t.TempDir(), max: 8 << 20}
		sum := sha256.Sum256(text)
		l := oci.Layer{DiffID: "sha256:" + hex.EncodeToString(sum[:]), Packed: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }}
		if _, err := s.contents(context.Background(), &oci.Image{Layers: []oci.Layer{l}}, map[string]*layerContent{}); err != nil {
			return
		}
	})
}
