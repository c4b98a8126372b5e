package gate

import (
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/command/commandtest"
)

// TestExamples: every command line of security-gate that a document shows parses.
func TestExamples(t *testing.T) {
	lines := 0
	for _, d := range commandtest.Documents(t) {
		lines += commandtest.CheckConsole(t, New, d)
	}
	if lines < 5 {
		t.Errorf("looked at %d command lines: the documents are not read", lines)
	}
}
