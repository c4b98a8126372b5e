package house

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestCommentMatchesNoText: the comment on a pull request is read back through the JSON
// markers of its sections, and never by matching its own Markdown.
func TestCommentMatchesNoText(t *testing.T) {
	files, err := filepath.Glob("../comment/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range file.Imports {
			if i.Path.Value == `"regexp"` && !strings.HasSuffix(name, "_test.go") {
				t.Errorf("%s imports regexp: read the section's marker instead", name)
			}
		}
	}
}
