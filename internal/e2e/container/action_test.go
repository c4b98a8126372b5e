//go:build e2e

package container

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/command/commandtest"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// deployed returns a stage with a preview to remove.
func deployed(t *testing.T, name string) *stage {
	t.Helper()
	s := newStage(t, true)
	if name == "preview-down" {
		if r := s.run(s.step("preview-up", s.with("preview-up"))); r.Exit != 0 {
			t.Fatalf("preview-up: exit %d\n%s", r.Exit, r.Said)
		}
	}
	return s
}

// entries returns the ledger's entries of a kind, from the git server.
func (s *stage) entries(kind string) []string {
	s.t.Helper()
	var found []string
	remote := []string{"-c", "http.extraheader=Authorization: Basic eC1hY2Nlc3MtdG9rZW46am9i"} // x-access-token:job
	if s.git(append(remote, "ls-remote", "origin", "goldenpath-ledger")...) == "" {
		return nil
	}
	s.git(append(remote, "fetch", "--quiet", "origin", "+goldenpath-ledger:refs/test/ledger")...)
	for name := range strings.FieldsSeq(s.git("ls-tree", "-r", "--name-only", "refs/test/ledger", "entries/")) {
		var e struct{ Kind string }
		if err := json.Unmarshal([]byte(s.git("cat-file", "blob", "refs/test/ledger:"+name)), &e); err != nil {
			s.t.Fatalf("%s: %v", name, err)
		}
		if e.Kind == kind {
			found = append(found, name)
		}
	}
	return found
}

// TestActions runs each action as GitHub does, in the run of a pull request whose
// workspace belongs to the runner's user.
func TestActions(t *testing.T) {
	for name, reason := range map[string]string{
		"preview-up": "ready", "preview-down": "removed", "security-gate": "no-blocking-findings", "scorecard": "ready-with-gaps", "promote": "soaked",
	} {
		t.Run(name, func(t *testing.T) {
			s := deployed(t, name)
			r := s.run(s.step(name, s.with(name)))
			if r.Exit != 0 || r.Failed || len(r.Complaints) > 0 {
				t.Fatalf("exit %d, complaints %q\n%s", r.Exit, r.Complaints, r.Said)
			}
			if r.Outputs["reason"] != reason || !strings.HasPrefix(r.Outputs["report"], "/github/runner_temp/") {
				t.Errorf("outputs %v, want reason %s", r.Outputs, reason)
			}
			declared := commandtest.ReadAction(t, name).Outputs.Keys
			for key := range r.Outputs {
				if !slices.Contains(declared, key) {
					t.Errorf("output %s is not declared", key)
				}
			}
			if len(r.Env)+len(r.State)+len(r.Path) > 0 {
				t.Errorf("it sets variables %v, state %v, path %v", r.Env, r.State, r.Path)
			}
			if !strings.Contains(r.Summary, "<summary><b>"+name+"</b>") {
				t.Errorf("summary:\n%s", r.Summary)
			}
			if foreign := s.foreign(); len(foreign) > 0 {
				t.Errorf("%d files do not belong to the runner: %s", len(foreign), strings.Join(foreign[:min(9, len(foreign))], "\n"))
			}
			if strings.Contains(r.Said+r.Summary, s.GitHub["token"]+"\n") {
				t.Error("the token is shown")
			}
			if n := len(s.entries("release")); (n == 1) != (name == "promote") {
				t.Errorf("%d releases are recorded", n)
			}
		})
	}
}

// TestBadInput: a mistake in the workflow exits with 2, creates an annotation, and
// leaves nothing behind.
func TestBadInput(t *testing.T) {
	for name, with := range map[string]map[string]string{
		"preview-up":    {"digest": "sha256:123"},
		"preview-down":  {"name": "pr-0"},
		"security-gate": {"fail-on": "severe"},
		"scorecard":     {"gate-report": "none.json"},
		"promote":       {"environment": "moon", "digest": "sha256:123"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, true)
			r := s.run(s.step(name, with))
			if r.Exit != 2 || !r.Failed || len(r.Annotations) == 0 || r.Annotations[0].Level != "error" {
				t.Errorf("exit %d, annotations %v\n%s", r.Exit, r.Annotations, r.Said)
			}
			if len(r.Outputs)+len(r.Env)+len(r.State) > 0 || r.Summary != "" {
				t.Errorf("outputs %v, variables %v, state %v, summary %q", r.Outputs, r.Env, r.State, r.Summary)
			}
			if foreign := s.foreign(); len(foreign) > 0 {
				t.Errorf("files that do not belong to the runner: %s", foreign)
			}
		})
	}
}

// TestReadOnlyToken uses the token of a fork's run, or of a workflow that grants too
// few permissions. Actions that only publish succeed without it. Actions that write the
// ledger could not complete, and name the missing permission.
func TestReadOnlyToken(t *testing.T) {
	for _, name := range commandtest.Actions {
		t.Run(name, func(t *testing.T) {
			s := deployed(t, name)
			s.reads.Store(true)
			s.hub.Private = true
			s.hub.Tokens["job"] = githubtest.Token{Account: githubtest.Actions, May: []string{"pull-requests: read", "deployments: read"}}
			r := s.run(s.step(name, s.with(name)))
			want := 0
			if slices.Contains([]string{"preview-up", "preview-down", "promote"}, name) {
				want = 3
			}
			if r.Exit != want || want == 3 && !strings.Contains(r.Said, "contents: write") {
				t.Errorf("exit %d, want %d and the missing permission\n%s", r.Exit, want, r.Said)
			}
			if foreign := s.foreign(); len(foreign) > 0 {
				t.Errorf("files that do not belong to the runner: %s", foreign)
			}
			if n := len(s.entries("release")); n > 0 {
				t.Errorf("%d releases are recorded", n)
			}
		})
	}
}

// TestNoSummary: an older runner, or one from another vendor, provides fewer files.
func TestNoSummary(t *testing.T) {
	for _, name := range commandtest.Actions {
		t.Run(name, func(t *testing.T) {
			s := deployed(t, name)
			step := s.step(name, s.with(name))
			step.Without = []string{"GITHUB_STEP_SUMMARY", "GITHUB_STATE", "GITHUB_PATH", "GITHUB_ENV", "CI"}
			r := s.run(step)
			if r.Exit != 0 || r.Summary != "" || r.Outputs["verdict"] == "" {
				t.Errorf("exit %d, summary %q, outputs %v\n%s", r.Exit, r.Summary, r.Outputs, r.Said)
			}
		})
	}
}

// TestWorkspace: git refuses a workspace that belongs to another user unless it is
// configured to accept it, and the image configures it. A workspace of the runner's own
// user works as well.
func TestWorkspace(t *testing.T) {
	for _, uid := range []int{0, runnerUser, 65534} {
		t.Run(fmt.Sprint(uid), func(t *testing.T) {
			if os.Getuid() != 0 {
				t.Skip("only root can make files of another user")
			}
			s := newStage(t, true)
			s.sh("chown", "-R", fmt.Sprintf("%d:%d", uid, uid), s.Workspace, s.Temp)
			for _, name := range []string{"scorecard", "preview-up"} {
				if r := s.run(s.step(name, s.with(name))); r.Exit != 0 {
					t.Errorf("%s: exit %d\n%s", name, r.Exit, r.Said)
				}
			}
			if foreign := s.foreign(); len(foreign) > 0 {
				t.Errorf("files that do not belong to user %d: %s", uid, foreign)
			}
		})
	}
}
