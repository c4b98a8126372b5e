package comment

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/runner"
)

func TestSelectRun(t *testing.T) {
	repository := func(name string) map[string]any { return map[string]any{"full_name": name} }
	follows := func(change func(run map[string]any)) map[string]any {
		run := map[string]any{"id": 41, "event": "pull_request", "head_sha": commitA, "head_branch": "change", "head_repository": repository("mallory/fork"), "repository": repository("acme/hello")}
		if change != nil {
			change(run)
		}
		return map[string]any{"workflow_run": run}
	}
	pull := map[string]any{"action": "opened", "number": 12, "pull_request": map[string]any{"head": map[string]any{"sha": commitA}, "base": map[string]any{"sha": commitB}}}
	const url = "https://github.com/acme/hello/actions/runs/"
	for name, tc := range map[string]struct {
		event   string
		payload map[string]any
		s       Selection
		want    Run
		err     string
	}{
		"follows a fork":           {"workflow_run", follows(nil), Selection{}, Run{Head: commitA, Repository: "mallory/fork", Branch: "change", URL: url + "41"}, ""},
		"its own":                  {"pull_request", pull, Selection{PullRequest: 12}, Run{PullRequest: 12, Head: commitA, URL: url + "42"}, ""},
		"selected by hand":         {"workflow_dispatch", nil, Selection{Head: commitB, Repository: "o/fork", Branch: "b"}, Run{Head: commitB, Repository: "o/fork", Branch: "b"}, ""},
		"overrides the event":      {"workflow_run", follows(nil), Selection{Branch: "b"}, Run{Head: commitA, Repository: "mallory/fork", Branch: "b", URL: url + "41"}, ""},
		"follows a push":           {"workflow_run", follows(func(run map[string]any) { run["event"] = "push" }), Selection{}, Run{Head: commitA, Nothing: "the run before was not started by a pull request"}, ""},
		"the fork was deleted":     {"workflow_run", follows(func(run map[string]any) { run["head_repository"] = nil }), Selection{}, Run{Head: commitA, Branch: "change", URL: url + "41", Nothing: "the fork of the run before has been deleted"}, ""},
		"of another repository":    {"workflow_run", follows(func(run map[string]any) { run["repository"] = repository("o/n") }), Selection{}, Run{}, `belongs to "o/n", not to acme/hello`},
		"no pull request":          {"push", map[string]any{"before": commitA}, Selection{}, Run{}, "no pull request: call comment on: workflow_run"},
		"half of a selection":      {"workflow_dispatch", nil, Selection{Head: commitA}, Run{}, "pass --head, --head-repository and --head-branch"},
		"both selections":          {"pull_request", pull, Selection{PullRequest: 12, Head: commitA}, Run{}, "pass only one of the two"},
		"another pull request":     {"pull_request", pull, Selection{PullRequest: 13}, Run{}, "--pull-request 13: this run was not triggered by that pull request"},
		"below zero":               {"pull_request", pull, Selection{PullRequest: -1}, Run{}, "--pull-request -1: this run was not triggered by that pull request"},
		"GP-SAFE-2 of its base":    {"pull_request_target", pull, Selection{PullRequest: 12}, Run{}, "this run was not triggered by that pull request"},
		"an event that is missing": {"workflow_run", map[string]any{}, Selection{}, Run{}, "event file"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "event.json")
			b, err := json.Marshal(tc.payload)
			if err == nil {
				err = os.WriteFile(path, b, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			env := map[string]string{
				"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": tc.event, "GITHUB_EVENT_PATH": path,
				"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/hello", "GITHUB_RUN_ID": "42",
			}
			got, err := SelectRun(runner.New(func(k string) string { return env[k] }, io.Discard), "acme/hello", tc.s)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%v, want %q", err, tc.err)
			}
		})
	}
}
