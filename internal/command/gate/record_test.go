package gate

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/command/commandtest"
)

// TestLastPassIsRead proves GP-GATE-4: the workflow finds the commits that passed in the
// records of its own earlier runs, and a run that recorded nothing did not pass.
func TestLastPassIsRead(t *testing.T) {
	steps := commandtest.ReadWorkflow(t, ".github/workflows", "security.yml").Jobs["scan"].Steps
	find := slices.IndexFunc(steps, func(s commandtest.Step) bool { return s.ID == "passed" })
	const suffix = "${{ env.GOLDENPATH_SUFFIX }}" // of an app, where a repository has several
	record, ends := strings.CutSuffix(steps[len(steps)-1].Name, suffix)
	if find < 0 || !ends || !strings.Contains(steps[find].Run, `"`+record+`" + $app `) {
		t.Fatalf("the step that reads does not name %q, the last step", record)
	}
	jobs := func(conclusion string) string {
		return `{"jobs": [{"steps": null}, {"steps": [{"name": "` + record + `.api", "conclusion": "success"}, {"name": "` + record + `.web", "conclusion": "` + conclusion + `"}]}]}`
	}
	answers := map[string]string{
		"/repos/acme/shop/actions/workflows/gate.yml/runs": `{"workflow_runs": [{"id": 3, "head_sha": "c3"}, {"id": 2, "head_sha": "c2"}, {"id": 1, "head_sha": "c1"}]}`,
		"/repos/acme/shop/actions/runs/3/jobs":             jobs("skipped"),
		"/repos/acme/shop/actions/runs/2/jobs":             jobs("success"),
		"/repos/acme/shop/actions/runs/1/jobs":             jobs("success"),
	}
	for name, test := range map[string]struct {
		status int
		want   string
	}{"read": {200, "commits=c2,c1\n"}, "GitHub does not answer": {404, "commits=\n"}} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				text, ok := answers[r.URL.Path]
				if q := r.URL.Query(); !ok || r.Header.Get("Authorization") != "Bearer a-token" || strings.HasSuffix(r.URL.Path, "gate.yml/runs") && (q.Get("branch") != "main & more" || q.Get("event") != "push" || q.Get("status") != "success") {
					t.Errorf("%s", r.URL)
				}
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(text))
			}))
			defer server.Close()
			out := filepath.Join(t.TempDir(), "outputs")
			cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", steps[find].Run)
			cmd.Env = append(os.Environ(), "GITHUB_API_URL="+server.URL, "GITHUB_REPOSITORY=acme/shop", "GITHUB_OUTPUT="+out, "GITHUB_TOKEN=a-token", "GOLDENPATH_SUFFIX=.web",
				"BRANCH=main & more", "WORKFLOW=acme/shop/.github/workflows/gate.yml@refs/heads/main", "no_proxy=127.0.0.1")
			if text, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if got, err := os.ReadFile(out); err != nil || string(got) != test.want {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}
