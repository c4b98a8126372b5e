//go:build e2e

package container

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/command/commandtest"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// raised is a stage with a preview to remove.
func raised(t *testing.T, name string) *stage {
	t.Helper()
	s := newStage(t, true)
	if name == "preview-down" {
		if r := s.run(s.step("preview-up", s.with("preview-up"))); r.Exit != 0 {
			t.Fatalf("preview-up: exit %d\n%s", r.Exit, r.Said)
		}
	}
	return s
}

// entries are what the ledger on the git server holds of a kind.
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
			s := raised(t, name)
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
			if !strings.HasPrefix(r.Summary, "### goldenpath "+name) && !strings.HasPrefix(r.Summary, "### "+name) {
				t.Errorf("summary:\n%s", r.Summary)
			}
			if foreign := s.foreign(); len(foreign) > 0 {
				t.Errorf("%d files are not the runner's: %s", len(foreign), strings.Join(foreign[:min(9, len(foreign))], "\n"))
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

// TestBadInput: a mistake in the workflow is exit 2, is said as an annotation, and
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
				t.Errorf("not the runner's: %s", foreign)
			}
		})
	}
}

// slow is an app that does not become ready, watched for longer than a test takes.
const slow = `version: 1
app: hello
artifact: {pack: built, entrypoint: [/hello]}
preview: {ready: {path: /never, timeout: 90s}}
environments: {staging: {ready: {path: /never, timeout: 90s}, soak: {for: 90s, at-least: 5, slo: {availability: 99}}}}
scorecard: {must: []}
`

// cancelled is a step that is cancelled in its middle.
type cancelled struct {
	action string
	config string // "": as it is
	before func(*stage)
	at     string // in a line that it writes; "" is when the middle is reported by before
	kept   string // what its last words must say of what it leaves
}

// TestCancel proves GP-PROM-9 and that every action ends before the runner kills it:
// by the first signal, with what it leaves said, no release half recorded, and the
// workspace given back.
func TestCancel(t *testing.T) {
	for name, tt := range map[string]cancelled{
		"preview-up, the app is not ready yet": {action: "preview-up", config: slow, at: "budget", kept: "pr-12"},
		"promote, the app is not ready yet":    {action: "promote", config: slow, at: "deploy sha256", kept: "staging"},
		"promote, in the soak": {action: "promote", at: "soak ", kept: "runs, and its soak gave no answer",
			config: strings.ReplaceAll(slow, "/never", "/healthz")},
		"preview-down, GitHub does not answer": {action: "preview-down", kept: "pr-12"},
		"preview-up, GitHub does not answer":   {action: "preview-up", kept: "pr-12"},
		"security-gate, much to read":          {action: "security-gate"},
		"scorecard, much to read":              {action: "scorecard"},
	} {
		t.Run(name, func(t *testing.T) {
			s := raised(t, tt.action)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			step := s.step(tt.action, s.with(tt.action))
			delete(step.With, "even-open") // GitHub is asked
			if tt.config != "" {
				s.write(".goldenpath.yml", tt.config)
			}
			switch {
			case tt.at != "":
				step.Line = func(line string) {
					if strings.Contains(line, tt.at) {
						cancel()
					}
				}
			case strings.HasPrefix(tt.action, "preview"):
				s.hub.Break(func(r *http.Request) (int, http.Header, string, bool) {
					cancel()
					<-r.Context().Done() // the client goes away
					return 0, nil, "", true
				})
			default:
				laden(t, s, step, cancel)
			}
			before := time.Now()
			r, err := s.Run(ctx, step)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s in all, ended %s after %v: exit %d\n%s", time.Since(before).Round(time.Millisecond), r.Ended.Round(time.Millisecond), r.Signals, r.Exit, r.Said)
			if diff := cmp.Diff([]string{"SIGINT"}, r.Signals); diff != "" {
				t.Errorf("signals it took (-want +got):\n%s", diff)
			}
			if r.Exit != 3 || len(r.Annotations) == 0 {
				t.Errorf("exit %d, annotations %v; want 3 and one", r.Exit, r.Annotations)
			}
			if !strings.Contains(r.Said, tt.kept) {
				t.Errorf("it does not say what it leaves, %q:\n%s", tt.kept, r.Said)
			}
			if foreign := s.foreign(); len(foreign) > 0 {
				t.Errorf("not the runner's: %s", foreign)
			}
			s.hub.Break(nil)
			s.after(tt, strings.Contains(name, "soak"))
		})
	}
}

// laden gives the step more to read than it can before the runner is done with it,
// and cancels while it does.
func laden(t *testing.T, s *stage, step Step, cancel func()) {
	t.Helper()
	const files, size = 40, 4 << 20
	var b strings.Builder
	if strings.HasSuffix(step.Dir, "scorecard") {
		b.WriteString("<testsuite>")
		for i := 0; b.Len() < size; i++ {
			fmt.Fprintf(&b, `<testcase classname="laden" name="n%d"/>`, i)
		}
		b.WriteString("</testsuite>")
		step.With["junit"] = "laden/*.txt"
	} else {
		random := rand.New(rand.NewPCG(1, 2))
		for b.Len() < size {
			fmt.Fprintf(&b, "token%d = \"%x%x\"\n", b.Len(), random.Uint64(), random.Uint64())
		}
	}
	for i := range files {
		s.write(fmt.Sprintf("laden/%d.txt", i), strings.Replace(b.String(), "n0", fmt.Sprint("n", i), 1))
	}
	s.git("add", "laden")
	s.git("commit", "--quiet", "--message", "laden")
	s.own()
	go func() {
		defer cancel()
		for t.Context().Err() == nil {
			out, err := exec.Command("docker", "ps", "--quiet", "--filter", "label="+label).Output()
			if id := strings.TrimSpace(string(out)); err == nil && id != "" {
				open, err := exec.Command("docker", "exec", id, "ls", "-l", "/proc/1/fd").Output()
				if err == nil && strings.Contains(string(open), "/laden/") {
					return
				}
			}
		}
	}()
}

// after asserts what a cancelled step has recorded, and that the next one goes on.
func (s *stage) after(tt cancelled, soaking bool) {
	s.t.Helper()
	want := 0
	if soaking {
		want = 1
	}
	if n := len(s.entries("release")); n != want {
		s.t.Errorf("%d releases are recorded, want %d", n, want)
	}
	if tt.action != "promote" && tt.action != "preview-up" {
		return
	}
	s.write(".goldenpath.yml", config)
	if r := s.run(s.step(tt.action, s.with(tt.action))); r.Exit != 0 {
		s.t.Errorf("again: exit %d\n%s", r.Exit, r.Said)
	}
	if tt.action == "promote" {
		if n := len(s.entries("release")); n != 1 {
			s.t.Errorf("again: %d releases are recorded, want 1", n)
		}
	}
}

// TestReadOnlyToken: that of a fork's run, or of a workflow that grants too little.
// What only tells goes without; what writes the ledger has no answer, and says what
// is missing.
func TestReadOnlyToken(t *testing.T) {
	for _, name := range commandtest.Actions {
		t.Run(name, func(t *testing.T) {
			s := raised(t, name)
			s.reads.Store(true)
			s.hub.Private = true
			s.hub.Tokens["job"] = githubtest.Token{Account: githubtest.Actions, May: []string{"pull-requests: read", "deployments: read"}}
			r := s.run(s.step(name, s.with(name)))
			want := 0
			if name != "security-gate" && name != "scorecard" {
				want = 3
			}
			if r.Exit != want || want == 3 && !strings.Contains(r.Said, "contents: write") {
				t.Errorf("exit %d, want %d and what the token may not do\n%s", r.Exit, want, r.Said)
			}
			if foreign := s.foreign(); len(foreign) > 0 {
				t.Errorf("not the runner's: %s", foreign)
			}
			if n := len(s.entries("release")); n > 0 {
				t.Errorf("%d releases are recorded", n)
			}
		})
	}
}

// TestNoSummary: an older runner, or one of another maker's, has fewer files.
func TestNoSummary(t *testing.T) {
	for _, name := range commandtest.Actions {
		t.Run(name, func(t *testing.T) {
			s := raised(t, name)
			step := s.step(name, s.with(name))
			step.Without = []string{"GITHUB_STEP_SUMMARY", "GITHUB_STATE", "GITHUB_PATH", "GITHUB_ENV", "CI"}
			r := s.run(step)
			if r.Exit != 0 || r.Summary != "" || r.Outputs["verdict"] == "" {
				t.Errorf("exit %d, summary %q, outputs %v\n%s", r.Exit, r.Summary, r.Outputs, r.Said)
			}
		})
	}
}

// TestWorkspace: git refuses a workspace of another user's unless it is told, and
// the image tells it; that of the runner's own user it takes as well.
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
				t.Errorf("not of %d: %s", uid, foreign)
			}
		})
	}
}
