package path

import (
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/command/commandtest"
)

// TestLinks: a link within the repository leads to a file, and to the heading it
// names.
func TestLinks(t *testing.T) {
	commandtest.CheckLinks(t, commandtest.Documents(t))
}

// TestExamples: what documents show is what the project takes (GP-PATH-1).
func TestExamples(t *testing.T) {
	blocks, lines := 0, 0
	for _, d := range commandtest.Documents(t) {
		for _, b := range d.Blocks {
			if b.Language == "yaml" {
				commandtest.CheckExample(t, d, b)
				blocks++
			}
		}
		lines += commandtest.CheckConsole(t, New, d)
	}
	if blocks < 20 || lines < 15 {
		t.Errorf("looked at %d examples and %d command lines: the documents are not read", blocks, lines)
	}
}
