package junit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzRead proves that no input makes the reader panic, wait, or lose a testcase
// of a report that it accepts.
func FuzzRead(f *testing.F) {
	names, err := filepath.Glob("testdata/*.xml")
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	f.Add("<?xml version='1.1' encoding='utf-16'?><testsuites><!-- fail 1 --><testsuite tests='2'>" + fail + pass + "</testsuite></testsuites>")
	f.Fuzz(func(t *testing.T, text string) {
		r, _, err := read(strings.NewReader(text), maxTests)
		if err != nil {
			return
		}
		for _, test := range r.Tests {
			if test.Name == "" || test.Verdict < Passed || test.Verdict > Failed {
				t.Errorf("%+v", test)
			}
		}
		around := "<testsuites>" + suiteOf("s", fail) + "</testsuites>"
		more, _, err := read(strings.NewReader(text+around), maxTests)
		if err == nil && len(more.Tests) != len(r.Tests)+1 {
			t.Errorf("%d tests, and %d with another one", len(r.Tests), len(more.Tests))
		}
	})
}
