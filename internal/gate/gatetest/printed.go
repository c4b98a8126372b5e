// Package gatetest writes files for the tests of scanners, and captures what a scanner
// prints.
package gatetest

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// Printed runs do and returns everything that is written to the process's standard
// output and error while it runs, by any library.
func Printed(t *testing.T, do func()) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, fd := range []int{1, 2} {
		saved, err := unix.Dup(fd)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(saved)
		defer dup2(saved, fd)
		if err := dup2(int(file.Fd()), fd); err != nil {
			t.Fatal(err)
		}
	}
	do()
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
