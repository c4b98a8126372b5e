package house

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unclear are words and constructions that readers had to decode, each with what to
// write instead. docs/ARCHITECTURE.md has the rule in one paragraph.
var unclear = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`(?i)\bmend(s|ed|ing)?\b`), "fix"},
	{regexp.MustCompile(`(?i)\banew\b`), "again"},
	{regexp.MustCompile(`(?i)\b(whoever|nobody)\b`), "name the actor: anyone with write access, no one, no job"},
	{regexp.MustCompile(`(?i)\bbearable\b`), "a number"},
	{regexp.MustCompile(`(?i)\b(by now|meanwhile|besides)\b`), "already, also, or nothing"},
	{regexp.MustCompile(`(?i)\b(is|are|was) no [a-z]+`), "is not a, has no"},
	{regexp.MustCompile(`(?i)\bof no [a-z]+`), "does not belong to a, not from a"},
	{regexp.MustCompile(`(?i)\btold\b`), "reported, published"},
	{regexp.MustCompile(`(?i)\btells\b`), "reports, shows"},
	{regexp.MustCompile(`(?i)\b(raise|raised|raises) (a|the) preview`), "create a preview"},
	{regexp.MustCompile(`(?i)\bwalk(s|ed)? (the|a|one|this) (path|commit)`), "run the path"},
	{regexp.MustCompile(`(?i)\bbe it that\b`), "whether"},
	{regexp.MustCompile(`(?i)\bfailed to\b`), "verb, object, cause"},
}

// defended is text that matches a pattern and is plain English, Go's name for an empty
// body, or git's own message. It is ignored.
var defended = regexp.MustCompile(`(?i)\bthere('s| is| are| was| were) no [a-z]+|\b(is|are|was) no (longer|more|less|better|worse|later|earlier)\b|http\.NoBody|failed to update ref|failed to (load module|parse file)`)

// written are the files that people read; what tests compare with, and the
// requirements, which are quoted, are left out.
func written(name string) bool {
	for _, part := range strings.Split(path.Dir(name), "/") {
		if part == "testdata" || part == "requirements" {
			return false
		}
	}
	if name == "internal/house/prose_test.go" {
		return false
	}
	switch path.Ext(name) {
	case ".go", ".md", ".yml", ".yaml":
		return true
	}
	base := path.Base(name)
	return base == "Makefile" || strings.HasPrefix(base, "Dockerfile") || name == "internal/config/schema.json"
}

// TestPlainEnglish keeps the patterns of unclear out of what people read.
func TestPlainEnglish(t *testing.T) {
	root := os.DirFS("../..")
	files := 0
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{".git", ".cache", "bin", "node_modules"}, d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !written(name) {
			return nil
		}
		b, err := fs.ReadFile(root, name)
		files++
		for i, line := range strings.Split(string(b), "\n") {
			for _, problem := range problems(line) {
				t.Errorf("%s:%d: %s", name, i+1, problem)
			}
		}
		return err
	})
	if err != nil || files == 0 {
		t.Fatalf("read %d files: %v", files, err)
	}
}

// problems are the unclear constructions of one line.
func problems(line string) []string {
	var all []string
	line = defended.ReplaceAllString(line, "")
	for _, u := range unclear {
		for _, m := range u.pattern.FindAllString(line, -1) {
			all = append(all, `"`+m+`": write `+u.instead)
		}
	}
	return all
}

func TestProblems(t *testing.T) {
	for line, want := range map[string]int{
		"it is no valid file, so mend it":      2,
		"the file is no longer needed":         0,
		"if there is no file, write one":       0,
		"nobody is told":                       2,
		"The gate reports what it found.":      0,
		"a preview of no pull request":         1,
		"a recommendation depends on the plan": 0,
	} {
		if got := problems(line); len(got) != want {
			t.Errorf("%q: %q, want %d", line, got, want)
		}
	}
}
