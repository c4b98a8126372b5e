package junit

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// put writes a file below a folder.
func put(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// TestCollect proves that exactly the files that a command wrote are kept: their
// content, and copies outside the checkout.
func TestCollect(t *testing.T) {
	for name, test := range map[string]struct {
		before, command map[string]string // files and their content
		pattern         string
		want            []string
	}{
		"what it wrote":        {nil, map[string]string{"r/a.xml": "a", "r/b.xml": "b", "r/c.txt": "c"}, "r/*.xml", []string{"000-a.xml a", "001-b.xml b"}},
		"in modules":           {nil, map[string]string{"target/a.xml": "1", "m/n/target/a.xml": "2"}, "**/target/*.xml", []string{"000-a.xml 2", "001-a.xml 1"}},
		"written over":         {map[string]string{"r/a.xml": "old"}, map[string]string{"r/a.xml": "newer"}, "r/*.xml", []string{"000-a.xml newer"}},
		"of the commit":        {map[string]string{"r/a.xml": "old"}, nil, "r/*.xml", nil},
		"beside the commit's":  {map[string]string{"r/a.xml": "old"}, map[string]string{"r/b.xml": "b"}, "r/*.xml", []string{"001-b.xml b"}},
		"none":                 {nil, nil, "r/*.xml", nil},
		"above the checkout":   {nil, map[string]string{"a.xml": "a"}, "../*.xml", nil},
		"in another folder":    {nil, map[string]string{"a.xml": "a"}, "/*.xml", nil},
		"a folder like a file": {nil, map[string]string{"a.xml/b": "a"}, "*.xml", nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir, to := t.TempDir(), filepath.Join(t.TempDir(), "kept")
			for name, content := range test.before {
				put(t, dir, name, content)
			}
			s, err := Take(dir, test.pattern)
			if err != nil {
				t.Fatal(err)
			}
			for name, content := range test.command {
				put(t, dir, name, content)
			}
			copies, err := s.Collect(to)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range copies {
				content, err := os.ReadFile(c)
				if err != nil || filepath.Dir(c) != to {
					t.Errorf("%s: %v", c, err)
				}
				got = append(got, filepath.Base(c)+" "+string(content))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("copies (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCollectSameSize proves that a file is new if only its time or only its inode
// differs.
func TestCollectSameSize(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"time": func(path string) error { return os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)) },
		"inode": func(path string) error {
			info, err := os.Stat(path)
			return errors.Join(err, os.WriteFile(path+"2", []byte("b"), 0o600), os.Chtimes(path+"2", time.Time{}, info.ModTime()), os.Rename(path+"2", path))
		},
	} {
		dir := t.TempDir()
		put(t, dir, "a.xml", "a")
		s, err := Take(dir, "*.xml")
		if err != nil {
			t.Fatal(err)
		}
		if err := change(filepath.Join(dir, "a.xml")); err != nil {
			t.Fatal(err)
		}
		if copies, err := s.Collect(t.TempDir()); err != nil || len(copies) != 1 {
			t.Errorf("%s: %q, %v", name, copies, err)
		}
	}
}

// TestCollectHostile proves GP-SAFE-2: a command of the repository cannot make
// goldenpath read a file outside the checkout, wait for a pipe, or fill the
// disk.
func TestCollectHostile(t *testing.T) {
	outside := t.TempDir()
	put(t, outside, "secret.xml", "secret")
	for name, test := range map[string]struct {
		command func(dir string) error
		pattern string
		want    string // of the error; "": the content "a" is kept
	}{
		"a link inside": {func(dir string) error { return os.Symlink("a", filepath.Join(dir, "a.xml")) }, "*.xml", ""},
		"a link that leaves": {func(dir string) error {
			return os.Symlink(filepath.Join(outside, "secret.xml"), filepath.Join(dir, "a.xml"))
		},
			"*.xml", "escapes"},
		"a link to nowhere":     {func(dir string) error { return os.Symlink("nowhere", filepath.Join(dir, "a.xml")) }, "*.xml", "no such file"},
		"a folder that leaves":  {func(dir string) error { return os.Symlink(outside, filepath.Join(dir, "r")) }, "r/*.xml", "escapes"},
		"a folder of two stars": {func(dir string) error { return os.Symlink(outside, filepath.Join(dir, "r")) }, "**/secret.xml", "no copy"},
		"a pipe":                {func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "a.xml"), 0o600) }, "*.xml", "a.xml is not a regular file"},
		"too large": {func(dir string) error {
			return errors.Join(os.WriteFile(filepath.Join(dir, "a.xml"), nil, 0o600), os.Truncate(filepath.Join(dir, "a.xml"), MaxSize+1))
		}, "*.xml", "a.xml is not a regular file of at most 512 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, "a", "a")
			s, err := Take(dir, test.pattern)
			if err != nil {
				t.Fatal(err)
			}
			if err := test.command(dir); err != nil {
				t.Fatal(err)
			}
			copies, err := s.Collect(t.TempDir())
			switch {
			case test.want == "no copy":
				if err != nil || len(copies) != 0 {
					t.Errorf("%q, %v", copies, err)
				}
			case test.want != "":
				if report.ExitCode(nil, err) != report.ExitUsage || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error %v, want a usage error with %q", err, test.want)
				}
			default:
				if err != nil || len(copies) != 1 {
					t.Fatal(copies, err)
				}
				if content, err := os.ReadFile(copies[0]); string(content) != "a" {
					t.Errorf("%q, %v", content, err)
				}
			}
		})
	}
	if _, err := Take(t.TempDir(), "["); report.ExitCode(nil, err) != report.ExitUsage {
		t.Errorf("error %v", err)
	}
	if _, err := Take(filepath.Join(t.TempDir(), "gone"), "*.xml"); report.ExitCode(nil, err) != report.ExitFailure {
		t.Errorf("error %v", err)
	}
}
