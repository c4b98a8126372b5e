package kubernetes

import "testing"

// TestLastEnd: an exit code that Kubernetes does not report is not taken for 0.
func TestLastEnd(t *testing.T) {
	terminated := func(code int64, why string) map[string]any {
		return map[string]any{"terminated": map[string]any{"exitCode": code, "reason": why}}
	}
	for name, tc := range map[string]struct {
		status map[string]any
		text   string
		known  bool
	}{
		"waits to restart":  {map[string]any{"state": map[string]any{"waiting": map[string]any{}}, "lastState": terminated(2, "Error")}, " (exit 2, Error)", true},
		"has just ended":    {map[string]any{"state": terminated(137, "OOMKilled"), "lastState": terminated(2, "Error")}, " (exit 137, OOMKilled)", true},
		"ended well":        {map[string]any{"lastState": terminated(0, "Completed")}, " (exit 0, Completed)", true},
		"not yet reported":  {map[string]any{"state": map[string]any{"waiting": map[string]any{}}, "lastState": map[string]any{}}, "", false},
		"nothing is there":  {nil, "", false},
		"runs for a moment": {map[string]any{"state": map[string]any{"running": map[string]any{}}}, "", false},
	} {
		if text, _, known := lastEnd(tc.status); text != tc.text || known != tc.known {
			t.Errorf("%s: %q, %v", name, text, known)
		}
	}
}
