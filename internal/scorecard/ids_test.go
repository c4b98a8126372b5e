package scorecard

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestIDs proves GP-SCORE-3 for names and texts.
func TestIDs(t *testing.T) {
	for text, want := range map[string][]string{
		"TestVotes/W2E-3_are_counted":    {"W2E-3"},
		"test_W2E-9_order[one-two]":      {"W2E-9"},
		"votes (W2E-3, W2E-4)":           {"W2E-3", "W2E-4"},
		"GP-GATE-3: merge by alias":      {"GP-GATE-3"},
		"suite/GP-PROM-10/W2E-1":         {"GP-PROM-10", "W2E-1"},
		"CVE-2026-1234 in net":           nil,
		"CVE-2026-1 and UTF-8":           {"UTF-8"}, // no requirement has this prefix
		"W2E-3a, xW2E-3, W2E-3-4, w2e-3": nil,
		"[W2E-3]W2E-4.":                  {"W2E-3", "W2E-4"},
		"":                               nil,
		"-3 A- A-":                       nil,
		"W2E-3":                          {"W2E-3"},
	} {
		if diff := cmp.Diff(want, ids(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func FuzzIDs(f *testing.F) {
	f.Add("TestVotes/W2E-3_are_counted CVE-2026-1 GP-GATE-3")
	f.Fuzz(func(t *testing.T, text string) {
		for _, id := range ids(text) {
			if !strings.Contains(text, id) || prefix(id) == "" {
				t.Errorf("%q in %q", id, text)
			}
		}
	})
}
