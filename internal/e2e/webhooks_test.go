//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/runner"
)

// TestWebhookExamples reads GitHub's own example payloads of the events that start
// runs.
func TestWebhookExamples(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(root(t), ".cache/openapi/webhooks.json"))
	if err != nil {
		t.Fatal(err)
	}
	var events []struct {
		Name     string
		Examples []json.RawMessage
	}
	if err := json.Unmarshal(b, &events); err != nil {
		t.Fatal(err)
	}
	file, read := filepath.Join(t.TempDir(), "event.json"), map[string]int{}
	for _, e := range events {
		switch e.Name {
		case "pull_request", "merge_group", "push", "workflow_run", "workflow_dispatch":
		default:
			continue
		}
		env := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": e.Name, "GITHUB_EVENT_PATH": file}
		for i, example := range e.Examples {
			if err := os.WriteFile(file, example, 0o644); err != nil {
				t.Fatal(err)
			}
			r := runner.New(func(name string) string { return env[name] }, os.Stderr)
			got, err := r.Event()
			if err != nil || e.Name == "pull_request" && (got.PullRequest.Number == 0 || got.PullRequest.Head == "" || got.Base == "") {
				t.Errorf("%s %d: %+v, %v", e.Name, i, got, err)
			}
			run := got.WorkflowRun
			if e.Name == "workflow_run" && (run.ID == 0 || run.Head == "" || run.HeadBranch == "" || run.HeadRepository == "" || run.Repository == "") {
				t.Errorf("%s %d: %+v", e.Name, i, run)
			}
			read[e.Name]++
		}
	}
	if read["pull_request"] < 10 || read["workflow_run"] == 0 || read["push"] == 0 {
		t.Errorf("%v: some examples are missing", read)
	}
}
