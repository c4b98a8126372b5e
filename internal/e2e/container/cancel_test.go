//go:build e2e

package container

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// slow is an app that does not become ready within the duration of a test.
const slow = `version: 1
app: hello
artifact: {pack: built, entrypoint: [/hello]}
preview: {ready: {path: /never, timeout: 90s}}
environments: {staging: {ready: {path: /never, timeout: 90s}, soak: {for: 90s, at-least: 5, slo: {availability: 99}}}}
scorecard: {must: []}
`

// cancelled is a step that is cancelled while it runs.
type cancelled struct {
	action string
	config string // "": unchanged
	before func(*stage)
	at     string // cancel at the first line of output with this text; "": when before reports that the step is half-way
	kept   string // what the last output must report about what the step leaves
}

// TestCancel proves GP-PROM-9 and that every action ends before the runner kills it.
// The first signal ends it; the action reports what it leaves, records no partial
// release, and gives the workspace back to the runner's user.
func TestCancel(t *testing.T) {
	for name, tt := range map[string]cancelled{
		"preview-up, the app is not ready yet": {action: "preview-up", config: slow, at: "budget", kept: "pr-12"},
		"promote, the app is not ready yet":    {action: "promote", config: slow, at: "deploy sha256", kept: "staging"},
		"promote, in the soak": {action: "promote", at: "soak ", kept: "runs, but its soak could not complete",
			config: strings.ReplaceAll(slow, "/never", "/healthz")},
		"preview-down, GitHub does not answer": {action: "preview-down", kept: "pr-12"},
		"preview-up, GitHub does not answer":   {action: "preview-up", kept: "pr-12"},
		"security-gate, much to read":          {action: "security-gate"},
		"scorecard, much to read":              {action: "scorecard"},
	} {
		t.Run(name, func(t *testing.T) {
			s := deployed(t, tt.action)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			step := s.step(tt.action, s.with(tt.action))
			delete(step.With, "even-open") // so that it asks GitHub
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
				t.Errorf("signals sent (-want +got):\n%s", diff)
			}
			if r.Exit != 3 || len(r.Annotations) == 0 {
				t.Errorf("exit %d, annotations %v; want 3 and one", r.Exit, r.Annotations)
			}
			if !strings.Contains(r.Said, tt.kept) {
				t.Errorf("it does not report what it leaves, %q:\n%s", tt.kept, r.Said)
			}
			if foreign := s.foreign(); len(foreign) > 0 {
				t.Errorf("files that do not belong to the runner: %s", foreign)
			}
			s.hub.Break(nil)
			s.after(tt, strings.Contains(name, "soak"))
		})
	}
}

// laden gives the step more input than it can read before it is cancelled, and cancels
// it while it reads.
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
			if id := strings.TrimSpace(string(out)); err == nil && id != "" && worked(id) > time.Second {
				return
			}
		}
	}()
}

// worked returns how much processor time the action has used in its container.
func worked(id string) time.Duration {
	stat, err := exec.Command("docker", "exec", id, "cat", "/proc/1/stat").Output()
	if err != nil {
		return 0
	}
	// The fields follow the name, which may contain any character: state is the 3rd,
	// utime and stime are the 14th and 15th, in hundredths of a second.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	var sum time.Duration
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			return 0
		}
		sum += time.Duration(n) * 10 * time.Millisecond
	}
	return sum
}

// after asserts what a cancelled step has recorded, and that the next step succeeds.
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
