package process

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

func folder(name string) file { return file{name: name, head: tar.Header{Typeflag: tar.TypeDir}} }

func symlink(name, to string) file {
	return file{name: name, head: tar.Header{Typeflag: tar.TypeSymlink, Linkname: to}}
}

func hardlink(name, to string) file {
	return file{name: name, head: tar.Header{Typeflag: tar.TypeLink, Linkname: to}}
}

// tree lists what is below dir: contents, link targets, modes of files.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, f fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, p)
		switch {
		case err != nil:
			return err
		case f.IsDir():
		case f.Type()&fs.ModeSymlink != 0:
			to, _ := os.Readlink(p)
			all[name] = "-> " + to
		default:
			b, _ := os.ReadFile(p)
			fi, _ := f.Info()
			all[name] = fmt.Sprintf("%s %s", fi.Mode(), b)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func unpackLayers(t *testing.T, dir string, most limits, layers ...v1.Layer) error {
	t.Helper()
	img, err := image(v1.Config{}, layers...)
	if err != nil {
		t.Fatal(err)
	}
	return unpack(t.Context(), img, dir, most)
}

func TestUnpack(t *testing.T) {
	day := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	cases := map[string]struct {
		layers [][]file
		want   map[string]string
	}{
		"modes without setuid": {
			[][]file{{{name: "a", content: "A", head: tar.Header{Mode: 0o6751, ModTime: day}}, {name: "/b/c", content: "C", head: tar.Header{Mode: 0o400}}}},
			map[string]string{"a": "-rwxr-x--x A", "b/c": "-r-------- C"},
		},
		"a later layer wins": {
			[][]file{{{name: "a", content: "1"}, {name: "d/x", content: "x"}, {name: "f", content: "file"}}, {{name: "./a", content: "2"}, {name: "d", content: "now a file"}, folder("f/"), {name: "f/g", content: "g"}}},
			map[string]string{"a": "-rwxr-xr-x 2", "d": "-rwxr-xr-x now a file", "f/g": "-rwxr-xr-x g"},
		},
		"whiteouts": {
			[][]file{{{name: "a"}, {name: "d/x"}, {name: "e/x"}, {name: "e/y/z"}, {name: "keep"}}, {{name: ".wh.a"}, {name: ".wh.d"}, {name: "e/new"}, {name: "e/.wh..wh..opq"}, {name: ".wh..wh.plnk"}, {name: "missing/.wh.x"}}},
			map[string]string{"e/new": "-rwxr-xr-x ", "keep": "-rwxr-xr-x "},
		},
		"a whiteout spares its own layer": {
			[][]file{{{name: "a", content: "1"}}, {{name: "a", content: "2"}, {name: ".wh.a"}}},
			map[string]string{"a": "-rwxr-xr-x 2"},
		},
		"links": {
			[][]file{{
				{name: "usr/bin/awk.real", content: "awk"}, symlink("bin", "usr/bin"), symlink("usr/bin/awk", "/etc/alternatives/awk"),
				symlink("etc/alternatives/awk", "../../usr/bin/awk.real"), hardlink("hard", "/bin/awk.real"), symlink("log", "/dev/stdout"),
			}, {
				{name: "bin/new", content: "through the link"}, symlink("bin/deep", "/srv"),
			}},
			map[string]string{
				"bin": "-> usr/bin", "usr/bin/awk": "-> ../../etc/alternatives/awk", "etc/alternatives/awk": "-> ../../usr/bin/awk.real",
				"usr/bin/awk.real": "-rwxr-xr-x awk", "hard": "-rwxr-xr-x awk", "usr/bin/new": "-rwxr-xr-x through the link",
				"log": "-> /dev/stdout", "usr/bin/deep": "-> ../../srv",
			},
		},
		"an absolute link means the image's root": {
			[][]file{{symlink("out", "/etc"), {name: "out/passwd", content: "mine"}}},
			map[string]string{"out": "-> etc", "etc/passwd": "-rwxr-xr-x mine"},
		},
		"a hard link that is replaced leaves the other": {
			[][]file{{{name: "a", content: "1"}, hardlink("b", "a")}, {{name: "b", content: "2"}}},
			map[string]string{"a": "-rwxr-xr-x 1", "b": "-rwxr-xr-x 2"},
		},
		"folders stay open for their owner": {
			[][]file{{{name: "shut/", head: tar.Header{Typeflag: tar.TypeDir, Mode: 0o555}}, {name: "shut/a", content: "A"}}},
			map[string]string{"shut/a": "-rwxr-xr-x A"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var layers []v1.Layer
			for _, files := range c.layers {
				layers = append(layers, layer(files...))
			}
			dir := t.TempDir()
			if err := unpackLayers(t, dir, defaultLimits, layers...); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, tree(t, dir)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUnpackRefuses(t *testing.T) {
	cases := map[string]struct {
		files []file
		want  string
	}{
		"parent":                {[]file{{name: "../escaped"}}, `entry "../escaped" leaves the image`},
		"parent, hidden":        {[]file{{name: "a/../../escaped"}}, "leaves the image"},
		"parent, absolute":      {[]file{{name: "/../escaped"}}, "leaves the image"},
		"link to the outside":   {[]file{symlink("l", "../../escaped")}, "outside the image"},
		"through links":         {[]file{symlink("d", "/"), symlink("l", "d/../escaped"), {name: "l/x"}}, "leads outside the image"},
		"through a host file":   {[]file{symlink("l", "/dev/stdout"), {name: "l/x"}}, "leads outside the image"},
		"circle":                {[]file{symlink("a", "b"), symlink("b", "a"), {name: "a/x"}}, "too many symbolic links"},
		"hard link outside":     {[]file{hardlink("l", "../escaped")}, "outside the image"},
		"hard link to the host": {[]file{hardlink("l", "/etc/hostname")}, "which the image does not have"},
		"hard link by a link":   {[]file{symlink("d", "/dev/stdout"), hardlink("l", "d/x")}, "leads outside the image"},
		"device":                {[]file{{name: "sda", head: tar.Header{Typeflag: tar.TypeBlock, Devmajor: 8}}}, "not a file, folder or link"},
		"character device":      {[]file{{name: "mem", head: tar.Header{Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 1}}}, "not a file, folder or link"},
		"pipe":                  {[]file{{name: "p", head: tar.Header{Typeflag: tar.TypeFifo}}}, "not a file, folder or link"},
		"whiteout of parent":    {[]file{{name: "d/.wh..."}}, "outside its folder"},
		"whiteout of itself":    {[]file{{name: "d/.wh.."}}, "outside its folder"},
		"too large":             {[]file{{name: "a", content: strings.Repeat("a", 2<<10)}}, "too large"},
		"too many":              {[]file{{name: "1"}, {name: "2"}, {name: "3"}, {name: "4"}, {name: "5"}}, "too many files"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			around := t.TempDir()
			dir := filepath.Join(around, "x", "rootfs")
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			err := unpackLayers(t, dir, limits{bytes: 1 << 10, files: 4}, layer(c.files...))
			refusal := (*target.Refusal)(nil)
			if !errors.As(err, &refusal) || !strings.Contains(err.Error(), c.want) || !strings.Contains(refusal.Error(), ": ") {
				t.Errorf("error %v", err)
			}
			outside := tree(t, around)
			for p := range outside {
				if !strings.HasPrefix(p, "x/rootfs/") {
					t.Errorf("%s is outside of the image", p)
				}
			}
		})
	}
}

// forged is a layer whose content is not what it claims.
type forged struct {
	v1.Layer
	content []byte
}

func (l forged) Uncompressed() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(l.content)), nil
}

func TestUnpackVerifies(t *testing.T) {
	good, bad := layer(file{name: "a", content: "good"}), layer(file{name: "a", content: "evil"})
	rc, _ := bad.Uncompressed()
	content, _ := io.ReadAll(rc)
	err := unpackLayers(t, t.TempDir(), defaultLimits, forged{good, content})
	if err == nil || !strings.Contains(err.Error(), "but the image lists another") {
		t.Errorf("error %v", err)
	}
	err = unpackLayers(t, t.TempDir(), defaultLimits, static.NewLayer([]byte("no tar at all, and long enough to be read as one"), types.OCIUncompressedLayer))
	if err == nil {
		t.Error("garbage is unpacked")
	}
}

func TestUnpackCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	img, err := image(v1.Config{}, layer(file{name: "a"}))
	if err != nil {
		t.Fatal(err)
	}
	if err := unpack(ctx, img, t.TempDir(), defaultLimits); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func BenchmarkUnpack(b *testing.B) {
	var files []file
	for i := range 20_000 {
		files = append(files, file{name: fmt.Sprintf("srv/node_modules/p%d/dist/cjs/f%d.js", i/20, i), content: "module.exports = 1"})
	}
	img, err := image(v1.Config{}, layer(files...))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := unpack(b.Context(), img, b.TempDir(), defaultLimits); err != nil {
			b.Fatal(err)
		}
	}
}
