package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParse: any file is either a configuration whose parts agree, or has
// problems that each name a place.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.yml", "testdata/valid/*.yml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(b))
		}
	}
	for _, s := range []string{"\ufeff" + minimal, strings.ReplaceAll(minimal, "\n", "\r\n"), "? ", "!", "&", "*", "<<: {}", "- - -", "%YAML", "{", "}", "|", ">", "'", "\"\\x", "a:\n  - b: {c: [", staircase(20), "\x00", "a: !!binary x", "? {a: b}\n: c", minimal + "preview: {ttl: 0x1h}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse([]byte(s))
		if err != nil {
			checkProblems(t, problems(t, err))
			return
		}
		if c.Version != 1 || (c.App == "") != (missingKey(c.Walkable(), "app")) || len(c.Chain()) != len(c.Environments) {
			t.Errorf("accepted: %+v", c)
		}
		for _, step := range append(append(Steps{}, c.Checks...), c.Battery.Steps...) {
			if step.Name == "" || step.Run == "" || step.Timeout <= 0 {
				t.Errorf("accepted step %+v", step)
			}
		}
		if c.Preview.TTL <= 0 || c.Preview.TTL > c.Preview.MaxTTL {
			t.Errorf("a preview lives for %v of %v", c.Preview.TTL.D(), c.Preview.MaxTTL.D())
		}
	})
}

// missingKey says whether the error names the key as missing: the gate alone needs no app,
// so that a file without one is accepted, and the path refuses it later.
func missingKey(err error, key string) bool {
	return err != nil && strings.Contains(err.Error(), "missing key \""+key+"\"")
}
