package runner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWorkflowRun(t *testing.T) {
	const head = "4e1243bd22c66e76c2ba9eddc1f91394e57f9f83"
	const run = `{"action": "completed", "workflow_run": {"id": 41, "event": "pull_request", "head_sha": "` + head + `", "head_branch": "$(id)", "head_repository": {"full_name": "mallory/fork"}, "repository": {"full_name": "o/n"}, "pull_requests": []}}`
	for name, tc := range map[string]struct {
		event, payload string
		want           WorkflowRun
		err            string
	}{
		"GP-PREV-10 of a fork":  {"workflow_run", run, WorkflowRun{41, "pull_request", head, "$(id)", "mallory/fork", "o/n"}, ""},
		"its fork is gone":      {"workflow_run", strings.Replace(run, `{"full_name": "mallory/fork"}`, "null", 1), WorkflowRun{41, "pull_request", head, "$(id)", "", "o/n"}, ""},
		"another event":         {"push", run, WorkflowRun{}, ""},
		"no commit":             {"workflow_run", strings.Replace(run, head, "main", 1), WorkflowRun{}, "names no run, or no commit"},
		"no run":                {"workflow_run", `{}`, WorkflowRun{}, "names no run, or no commit"},
		"no JSON":               {"workflow_run", `<`, WorkflowRun{}, "read event"},
		"no payload":            {"workflow_run", "", WorkflowRun{}, "read event"},
		"no step of a workflow": {"", run, WorkflowRun{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.env["GITHUB_EVENT_NAME"], b.env["GITHUB_EVENT_PATH"] = tc.event, filepath.Join(b.dir, "event.json")
			if tc.payload != "" {
				if err := os.WriteFile(b.env["GITHUB_EVENT_PATH"], []byte(tc.payload), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, err := b.WorkflowRun()
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%v, want %q", err, tc.err)
			}
		})
	}
	b := newBench(t)
	b.env["GITHUB_SERVER_URL"], b.env["GITHUB_REPOSITORY"] = "https://github.com", "o/n"
	if got := b.RunURLOf(41); got != "https://github.com/o/n/actions/runs/41" || b.RunURLOf(0) != "" {
		t.Errorf("%q, and of none %q", got, b.RunURLOf(0))
	}
}
