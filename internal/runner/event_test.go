package runner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	eventBase  = "1111111111111111111111111111111111111111"
	eventHead  = "4e1243bd22c66e76c2ba9eddc1f91394e57f9f83"
	eventMerge = "3333333333333333333333333333333333333333"
)

func TestEvent(t *testing.T) {
	const pull = `{"action": "synchronize", "number": 12, "pull_request": {"number": 13, "base": {"sha": "` + eventBase + `"}, "head": {"sha": "` + eventHead + `"}}}`
	const run = `{"action": "completed", "workflow_run": {"id": 41, "event": "pull_request", "head_sha": "` + eventHead + `", "head_branch": "$(id)", "head_repository": {"full_name": "mallory/fork"}, "repository": {"full_name": "o/n"}, "pull_requests": []}}`
	ofFork := WorkflowRun{41, "pull_request", eventHead, "$(id)", "mallory/fork", "o/n"}
	deleted := ofFork
	deleted.HeadRepository = ""
	for name, tc := range map[string]struct {
		event, ref, payload string
		want                Event
		err                 string
	}{
		"a pull request":            {"pull_request", "refs/pull/12/merge", pull, Event{Name: "pull_request", Action: "synchronize", Base: eventBase, PullRequest: PullRequest{12, eventHead, eventMerge}}, ""},
		"its head is checked out":   {"pull_request", "refs/heads/main", pull, Event{Name: "pull_request", Action: "synchronize", Base: eventBase, PullRequest: PullRequest{12, eventHead, ""}}, ""},
		"of a pull request's base":  {"pull_request_target", "refs/heads/main", pull, Event{Name: "pull_request_target", Action: "synchronize", Base: eventBase, PullRequest: PullRequest{12, eventHead, ""}}, ""},
		"GP-SAFE-2 below zero":      {"pull_request", "", strings.Replace(pull, "12", "-12", 1), Event{Name: "pull_request", Action: "synchronize", Base: eventBase, PullRequest: PullRequest{0, eventHead, ""}}, ""},
		"GP-SAFE-2 not a number":    {"pull_request", "", strings.Replace(pull, "12", `"12; rm -rf /"`, 1), Event{Name: "pull_request"}, "cannot read the event"},
		"GP-SAFE-2 out of bounds":   {"pull_request", "", strings.Replace(pull, "12", "99999999999999999999", 1), Event{Name: "pull_request"}, "cannot read the event"},
		"no base":                   {"pull_request", "", `{"number": 12}`, Event{Name: "pull_request", PullRequest: PullRequest{Number: 12}}, "the event pull_request does not contain a base commit"},
		"a head that is a branch":   {"pull_request", "", strings.Replace(pull, eventHead, "main", 1), Event{Name: "pull_request", Action: "synchronize", Base: eventBase, PullRequest: PullRequest{Number: 12, Head: "main"}}, `"main" is not a commit id`},
		"a merge group":             {"merge_group", "", `{"merge_group": {"base_sha": "` + eventBase + `"}}`, Event{Name: "merge_group", Base: eventBase}, ""},
		"a merge group, no base":    {"merge_group", "", `{}`, Event{Name: "merge_group"}, "the event merge_group does not contain a base commit"},
		"a push":                    {"push", "", `{"before": "` + eventBase + `"}`, Event{Name: "push", Base: eventBase}, ""},
		"a new branch":              {"push", "", `{"before": "0000000000000000000000000000000000000000"}`, Event{Name: "push"}, ""},
		"GP-PREV-10 follows a fork": {"workflow_run", "", run, Event{Name: "workflow_run", WorkflowRun: ofFork}, ""},
		"its fork was deleted":      {"workflow_run", "", strings.Replace(run, `{"full_name": "mallory/fork"}`, "null", 1), Event{Name: "workflow_run", WorkflowRun: deleted}, ""},
		"follows nothing":           {"workflow_run", "", `{}`, Event{Name: "workflow_run"}, "does not contain a run id or a commit"},
		"payload of another event":  {"push", "", run, Event{Name: "push"}, ""},
		"an event without a base":   {"schedule", "", pull, Event{Name: "schedule"}, ""},
		"no JSON":                   {"workflow_run", "", `<`, Event{Name: "workflow_run"}, "cannot read the event"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			path := filepath.Join(b.dir, "event.json")
			if err := os.WriteFile(path, []byte(tc.payload), 0o644); err != nil {
				t.Fatal(err)
			}
			for k, v := range map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": tc.event, "GITHUB_EVENT_PATH": path, "GITHUB_REF": tc.ref, "GITHUB_SHA": eventMerge} {
				b.env[k] = v
			}
			got, err := b.Event()
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%v, want %q", err, tc.err)
			}
		})
	}
}

// TestEventWithoutPayload proves GP-GATE-6: an event that has a base and does not name it
// is an error, so that a change is never compared with nothing.
func TestEventWithoutPayload(t *testing.T) {
	for name, fails := range map[string]bool{
		"pull_request": true, "pull_request_target": true, "merge_group": true, "push": true, "workflow_run": true, "schedule": false, "workflow_dispatch": false, "": false,
	} {
		b := newBench(t)
		b.env["GITHUB_ACTIONS"], b.env["GITHUB_EVENT_NAME"], b.env["GITHUB_EVENT_PATH"] = "true", name, ""
		if _, err := b.Event(); (err != nil) != fails {
			t.Errorf("%q: %v", name, err)
		}
		b.env["GITHUB_EVENT_PATH"] = filepath.Join(b.dir, "none.json")
		if _, err := b.Event(); err == nil {
			t.Errorf("%q: a missing payload is not an error", name)
		}
	}
	b := newBench(t)
	b.env["GITHUB_ACTIONS"], b.env["GITHUB_EVENT_NAME"] = "", "pull_request"
	if got, err := b.Event(); got != (Event{}) || err != nil {
		t.Errorf("outside a step: %+v, %v", got, err)
	}
}

func TestRunURLOf(t *testing.T) {
	b := newBench(t)
	b.env["GITHUB_SERVER_URL"], b.env["GITHUB_REPOSITORY"] = "https://github.com", "o/n"
	if got := b.RunURLOf(41); got != "https://github.com/o/n/actions/runs/41" || b.RunURLOf(0) != "" {
		t.Errorf("%q, and without a run %q", got, b.RunURLOf(0))
	}
}
