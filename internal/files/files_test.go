package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "secret")
	for name, b := range map[string]string{filepath.Join(dir, "five"): "12345", outside: "x"} {
		if err := os.WriteFile(name, []byte(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "sub"), 0o700), os.Symlink(outside, filepath.Join(dir, "out")), os.Symlink("five", filepath.Join(dir, "in")),
		syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600)); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, tt := range []struct {
		name string
		most int64
		want string
		err  error // nil with no want: any error
	}{
		{"five", 5, "12345", nil}, {"in", 5, "12345", nil}, {"five", 4, "", ErrTooLarge}, {"sub", 5, "", ErrIrregular},
		{"pipe", 5, "", ErrIrregular}, {"none", 5, "", fs.ErrNotExist}, {"out", 5, "", nil}, {"../" + filepath.Base(outside), 5, "", nil},
	} {
		b, err := Read(root, tt.name, tt.most)
		if string(b) != tt.want || (tt.want == "") != (err != nil) || tt.err != nil && !errors.Is(err, tt.err) {
			t.Errorf("Read(%q, %d) = %q, %v; want %q, %v", tt.name, tt.most, b, err, tt.want, tt.err)
		}
	}
}

func TestWrite(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	if err := Write(name, []byte("old")); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	err := WriteWith(name, 0o600, func(w io.Writer) error {
		if _, err := io.WriteString(w, "ne"); err != nil {
			return err
		}
		return stop
	})
	if b, _ := os.ReadFile(name); !errors.Is(err, stop) || string(b) != "old" {
		t.Errorf("after a writer that stops: %q, %v", b, err)
	}
	if left, _ := os.ReadDir(filepath.Dir(name)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if err := Write(name, []byte("new")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if b, _ := os.ReadFile(name); err != nil || string(b) != "new" || info.Mode() != 0o644 {
		t.Errorf("%q %v %v", b, info.Mode(), err)
	}
}
