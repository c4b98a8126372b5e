package commandtest

import (
	"strings"
	"testing"
)

// Line is a command line that a document shows.
type Line struct {
	Text  string // without its comment
	Fails bool   // its comment says that it ends with exit code 1
}

// Exercise returns the command lines below a heading of a document, up to the next
// heading of the same level, one list for each block.
func Exercise(t *testing.T, file, heading string) (blocks [][]Line) {
	t.Helper()
	_, text, ok := strings.Cut(Read(t, file), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("%s has no heading %q", file, heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	for _, b := range parseDocument(file, []byte(text)).Blocks {
		if b.Language != "console" {
			continue
		}
		var steps []Line
		for line := range strings.Lines(typed(b.Text)) {
			command, comment, _ := strings.Cut(strings.TrimSpace(line), " #")
			steps = append(steps, Line{strings.TrimSpace(command), strings.Contains(comment, "exit code 1")})
		}
		blocks = append(blocks, steps)
	}
	return blocks
}
