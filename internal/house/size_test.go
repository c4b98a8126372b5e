package house

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// maxLines bounds a file of code: a longer one holds more than one thing.
const maxLines = 350

// TestFileSize holds every file of code to the bound, and JUnit's elements to their
// one reader.
func TestFileSize(t *testing.T) {
	err := filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == ".cache" || d.Name() == "testdata" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if n := bytes.Count(b, []byte("\n")); n > maxLines {
			t.Errorf("%s has %d lines, more than %d: give each thing in it a file", name, n, maxLines)
		}
		if bytes.Contains(b, []byte(`"testcase"`)) && filepath.Base(filepath.Dir(name)) != "junit" {
			t.Errorf("%s reads JUnit: call internal/junit", name)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
