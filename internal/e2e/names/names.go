// Package names lets this machine find names of test servers.
package names

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gofrs/flock"
)

const file = "/etc/hosts"

// Resolve lets names lead to an address until the end of the test. Tests of several packages
// change the same file, so they take a lock.
func Resolve(t *testing.T, address string, names ...string) {
	t.Helper()
	line := []byte(address + " " + strings.Join(names, " ") + "\n")
	change(t, func(b []byte) []byte {
		var kept []byte
		for old := range bytes.Lines(b) { // without what a run that was killed has left
			words := strings.Fields(string(old))
			if !slices.ContainsFunc(names, func(n string) bool { return slices.Contains(words, n) }) {
				kept = append(kept, old...)
			}
		}
		return append(kept, line...)
	})
	t.Cleanup(func() { change(t, func(b []byte) []byte { return bytes.ReplaceAll(b, line, nil) }) })
}

func change(t *testing.T, with func([]byte) []byte) {
	t.Helper()
	lock := flock.New(filepath.Join(os.TempDir(), "goldenpath-hosts.lock"))
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	b, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, with(b), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
