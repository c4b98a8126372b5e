package evidence

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestKeyIsKeptPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	one, err := OpenKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	two, err := OpenKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := one.KeyID()
	if b, _ := two.KeyID(); a != b {
		t.Error("the second call created another key")
	}
	info, err := os.Stat(filepath.Join(dir, "key.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key.pem has mode %v (%v), want 0600", info.Mode(), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "key.pem"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKey(dir); err == nil {
		t.Error("a damaged key was replaced")
	}
}

// A broken link used to make OpenKey and makeKey call each other until the stack
// overflowed.
func TestBrokenKeyLink(t *testing.T) {
	for name, target := range map[string]string{"dangling": "nowhere.pem", "a loop": "key.pem"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Symlink(target, filepath.Join(dir, "key.pem")); err != nil {
				t.Fatal(err)
			}
			_, err := OpenKey(dir)
			if err == nil || !strings.Contains(err.Error(), "key.pem") {
				t.Errorf("error %v, want one that names the file", err)
			}
			if left, _ := os.ReadDir(dir); len(left) != 1 {
				t.Errorf("files were left behind: %v", left)
			}
		})
	}
	// The link appears after OpenKey has looked for it.
	dir := t.TempDir()
	path := filepath.Join(dir, "key.pem")
	if err := os.Symlink("nowhere.pem", path); err != nil {
		t.Fatal(err)
	}
	if _, err := makeKey(dir, path); err == nil || !strings.Contains(err.Error(), "broken symbolic link") {
		t.Errorf("error %v", err)
	}
}

// A pipe in the place of the key is refused: reading it would wait for a writer.
func TestKeyIsNotAFile(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "key.pem"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKey(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("error %v", err)
	}
}

// Two processes create the key at once: both use the one that was written first.
func TestKeyMadeTwice(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key.pem")
	one, err := makeKey(dir, path)
	if err != nil {
		t.Fatal(err)
	}
	two, err := makeKey(dir, path)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := one.KeyID()
	if b, _ := two.KeyID(); a != b {
		t.Error("the second process uses a key of its own")
	}
}
