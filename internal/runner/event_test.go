package runner

import "testing"

// TestEventWithoutPayload proves GP-GATE-6: an event that has a base and does not
// name it is an error, and never a change that is compared with nothing.
func TestEventWithoutPayload(t *testing.T) {
	for name, fails := range map[string]bool{"pull_request": true, "pull_request_target": true, "merge_group": true, "push": true, "schedule": false, "workflow_dispatch": false, "": false} {
		b := newBench(t)
		b.env["GITHUB_ACTIONS"], b.env["GITHUB_EVENT_NAME"], b.env["GITHUB_EVENT_PATH"] = "true", name, ""
		if _, err := b.Event(); (err != nil) != fails {
			t.Errorf("%q: %v", name, err)
		}
	}
}
