package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/release/indicator"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/stage"
	"github.com/seed-b235b314/goldenpath/internal/target/targettest"
)

// bench is a repository with everything that a run needs, and records what happens.
type bench struct {
	t       *testing.T
	dir     string
	state   string
	deps    stage.Deps
	target  *targettest.Target
	verdict report.Verdict // of the gate
	gateErr error
	skipped time.Duration // added to the clock
	out     bytes.Buffer
}

const shop = `version: 1
app: shop
artifact: {pack: built, entrypoint: [/server]}
checks: {unit: "test ! -e broken"}
preview: {ready: {path: /, timeout: 10s}}
environments:
  staging: {ready: {path: /, timeout: 10s}}
  production: {from: staging, ready: {path: /, timeout: 10s}, soak: {for: 100ms, at-least: 1, every: 10ms, slo: {availability: 1}}}
scorecard: {must: []}
`

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), state: t.TempDir(), target: targettest.New(t), verdict: report.Pass}
	t.Setenv("HOME", t.TempDir())
	b.git("init", "-q", "-b", "main")
	b.commit("one", ".goldenpath.yml", shop, "built/server", "#!/bin/sh\n")
	registry, err := artifact.OpenRegistry(filepath.Join(b.state, "registry"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := evidence.OpenKey(filepath.Join(b.state, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Now().Add(b.skipped) }
	b.deps = stage.Deps{
		Registry: registry, Ledger: &ledger.Ledger{Git: git.Own(b.dir), Now: now}, Now: now, By: fmt.Sprintf("ann@laptop-%d", os.Getpid()), Version: "v1",
		Signer: key, Trust: evidence.Trust(key), Target: b.target, Indicator: indicator.HTTP{},
		Gate: func(_ context.Context, g stage.GateRequest) (*report.Report, error) {
			if b.gateErr != nil {
				return nil, b.gateErr
			}
			if _, err := os.Stat(filepath.Join(g.Dir, ".goldenpath.yml")); err != nil {
				t.Errorf("the gate gets no checkout: %v", err)
			}
			return &report.Report{Name: "security-gate", Commit: g.Commit, Verdict: b.verdict, Reason: report.ReasonFindings, Title: "the gate's title"}, nil
		},
	}
	return b
}

func (b *bench) git(args ...string) string {
	b.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=ann", "-c", "user.email=ann@example.com"}, args...)...)
	cmd.Dir = b.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (b *bench) commit(message string, files ...string) string {
	b.t.Helper()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(b.dir, files[i])
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(files[i+1]), 0o755)); err != nil {
			b.t.Fatal(err)
		}
	}
	b.git("add", "-A")
	b.git("commit", "-q", "--allow-empty", "-m", message)
	return b.git("rev-parse", "HEAD")
}

// run runs the path. ran are the stages that this call ran, in order.
func (b *bench) run(ctx context.Context, o Options) (res *Result, ran []string, err error) {
	b.t.Helper()
	repo, err := stage.OpenRepo(ctx, b.dir, false)
	if err != nil {
		b.t.Fatal(err)
	}
	o.Repo, o.State = repo, b.state
	b.out.Reset()
	console := NewConsole(&b.out, false)
	p := &recorder{Console: console}
	res, err = Path(ctx, b.deps, p, o)
	console.Close()
	return res, p.ran, err
}

// recorder is a Console that remembers what ran.
type recorder struct {
	*Console
	ran []string
}

func (r *recorder) Start(stage string) {
	r.ran = append(r.ran, stage)
	r.Console.Start(stage)
}

func (b *bench) must(o Options) (*Result, []string) {
	b.t.Helper()
	res, ran, err := b.run(b.t.Context(), o)
	if err != nil {
		b.t.Fatalf("%v\n%s", err, b.out.String())
	}
	return res, ran
}

var whole = []string{"validate", "test", "package", "security-gate", "preview", "battery", "scorecard", "preview-down", "staging", "production", "soak"}

func TestPath(t *testing.T) {
	b := newBench(t)
	res, ran := b.must(Options{})
	if diff := cmp.Diff(whole, ran); diff != "" {
		t.Error(diff)
	}
	if res.Report.Reason != report.ReasonCompleted || !strings.Contains(res.Report.Title, "is in production, all 11 stages in") {
		t.Errorf("%s: %s", res.Report.Reason, res.Report.Title)
	}
	var running []string
	for r, err := range b.target.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		running = append(running, r.Environment)
	}
	if slices.Contains(running, stage.PreviewEnvironment(stage.LocalPreview)) {
		t.Errorf("the preview still runs: %v", running)
	}
	for _, name := range []string{"summary.md", "summary.html", "summary.json", "01-validate.json", "11-soak.json", "run.json"} {
		if _, err := os.Stat(filepath.Join(res.Dir, name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(res.Dir, "src")); err == nil {
		t.Error("the checkout stays although nothing is left to resume")
	}
	// Again, nothing is left to do.
	if _, ran := b.must(Options{}); len(ran) != 0 {
		t.Errorf("ran again: %v", ran)
	}
	if !strings.Contains(b.out.String(), "(done before)") {
		t.Errorf("what was done before is not shown:\n%s", &b.out)
	}
	// Results are used for a day.
	b.skipped = 25 * time.Hour
	if _, ran := b.must(Options{Until: "test"}); !slices.Equal(ran, whole[:2]) {
		t.Errorf("a day later ran %v", ran)
	}
}

func TestResume(t *testing.T) {
	for name, tt := range map[string]struct {
		until string
		lose  func(b *bench, dir string)
		again []string
	}{
		"goes on":                                 {"package", nil, whole[3:]},
		"the preview is deployed for its battery": {"preview", nil, whole[4:]},
		"the checkout is lost":                    {"package", func(_ *bench, dir string) { os.RemoveAll(filepath.Join(dir, "src")) }, whole},
		"the image is lost":                       {"security-gate", func(b *bench, _ string) { os.RemoveAll(filepath.Join(b.state, "registry", "shop")) }, whole[2:]},
		"the state is damaged":                    {"security-gate", func(_ *bench, dir string) { os.WriteFile(filepath.Join(dir, "run.json"), []byte("{"), 0o644) }, whole},
		"an environment was stopped": {"staging", func(b *bench, _ string) {
			if err := b.target.Down(b.t.Context(), "staging"); err != nil {
				b.t.Error(err)
			}
		}, whole[8:]},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			res, ran := b.must(Options{Until: tt.until})
			if want := slices.Index(whole, tt.until) + 1; len(ran) != want {
				t.Fatalf("ran %v", ran)
			}
			if tt.until != "preview" && !strings.Contains(res.Report.Title, fmt.Sprintf("completed %d stages, up to %s", len(ran), tt.until)) {
				t.Errorf("title %q", res.Report.Title)
			}
			if tt.lose != nil {
				tt.lose(b, res.Dir)
			}
			if _, ran := b.must(Options{}); !slices.Equal(ran, tt.again) {
				t.Errorf("then ran %v, want %v", ran, tt.again)
			}
		})
	}
}

func TestFails(t *testing.T) {
	b := newBench(t)
	b.commit("breaks", "broken", "")
	res, ran := b.must(Options{})
	if !slices.Equal(ran, whole[:2]) || res.Report.Verdict != report.Fail || res.Report.Reason != report.ReasonCheckFailed || !strings.HasPrefix(res.Report.Title, "test: ") {
		t.Errorf("%v: %s %s %s", ran, res.Report.Verdict, res.Report.Reason, res.Report.Title)
	}
	states := map[string]report.State{}
	for _, c := range res.Report.Checks {
		states[c.Name] = c.State
	}
	if states["validate"] != report.OK || states["test"] != report.Failed || states["package"] != report.Skipped {
		t.Errorf("%v", states)
	}

	b = newBench(t)
	b.verdict = report.Fail
	if res, ran := b.must(Options{}); !slices.Equal(ran, whole[:4]) || res.Report.Title != "security-gate: the gate's title" {
		t.Errorf("%v: %s", ran, res.Report.Title)
	}
	// A failed stage runs again, with the stages before it kept.
	b.verdict = report.Pass
	if _, ran := b.must(Options{Until: "security-gate"}); !slices.Equal(ran, whole[3:4]) {
		t.Errorf("then ran %v", ran)
	}
}

func TestIncomplete(t *testing.T) {
	b := newBench(t)
	for _, tt := range []struct {
		err    error
		reason report.Reason
		title  string
	}{
		{errors.New("the scanner crashed"), report.ReasonIncomplete, "could not complete: security-gate: the scanner crashed"},
		{report.Usage("a waiver is wrong"), report.ReasonInvalidInput, "invalid input: security-gate: a waiver is wrong"},
	} {
		b.gateErr = tt.err
		res, _, err := b.run(t.Context(), Options{})
		if !errors.Is(err, tt.err) || res == nil || res.Report.Reason != tt.reason || res.Report.Title != tt.title {
			t.Fatalf("%v: %+v", err, res)
		}
		if row := res.Report.Checks[3]; row.State != report.Missing {
			t.Errorf("the row is %+v", row)
		}
	}
	// Interrupted, it says how to continue.
	ctx, cancel := context.WithCancelCause(t.Context())
	b.deps.Gate = func(ctx context.Context, _ stage.GateRequest) (*report.Report, error) {
		cancel(errors.New("interrupt"))
		return nil, context.Cause(ctx)
	}
	res, _, err := b.run(ctx, Options{})
	if err == nil || !strings.Contains(res.Report.Title, "run again to continue") {
		t.Errorf("%v: %s", err, res.Report.Title)
	}
}

func TestRefuses(t *testing.T) {
	b := newBench(t)
	first := b.git("rev-parse", "HEAD")
	for name, tt := range map[string]struct {
		o    Options
		want string
	}{
		"an unknown stage":         {Options{Until: "lunch"}, `--until: unknown stage "lunch"`},
		"a stage that is too late": {Options{From: "soak"}, "stage validate has not passed for"},
		"the wrong order":          {Options{From: "soak", Until: "test"}, "--from soak comes after --until test"},
		"an unknown commit":        {Options{Commit: "nope"}, `--commit "nope" is not a commit of`},
		"an option as commit":      {Options{Commit: "--all"}, `--commit "--all" is not a commit`},
	} {
		if _, _, err := b.run(t.Context(), tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	unlock, err := lock(b.state)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.run(t.Context(), Options{}); err == nil || !strings.Contains(err.Error(), "another goldenpath run is active") {
		t.Errorf("a second run: %v", err)
	}
	unlock()

	b.git("checkout", "-q", "--detach")
	if _, _, err := b.run(t.Context(), Options{}); err == nil || !strings.Contains(err.Error(), "HEAD is detached") {
		t.Errorf("detached: %v", err)
	}
	if res, ran := b.must(Options{Commit: first, Until: "validate"}); len(ran) != 1 || res.Report.Commit != first {
		t.Errorf("a named commit: %v", ran)
	}
}

func TestPlan(t *testing.T) {
	b := newBench(t)
	res, ran := b.must(Options{DryRun: true, Until: "scorecard"})
	var names []string
	for _, c := range res.Report.Checks {
		names = append(names, c.Name)
	}
	if len(ran) != 0 || !slices.Equal(names, whole[:7]) || res.Report.Reason != report.ReasonPlanned {
		t.Errorf("%v %v", ran, names)
	}
	if _, err := os.Stat(filepath.Join(b.state, "runs")); err == nil {
		t.Error("a dry run leaves files")
	}
}

// TestOldCheckouts: a new commit removes the checkout of the one before, and keeps its
// reports.
func TestOldCheckouts(t *testing.T) {
	b := newBench(t)
	old, _ := b.must(Options{Until: "test"})
	b.commit("two")
	b.must(Options{Until: "test"})
	if _, err := os.Stat(filepath.Join(old.Dir, "src")); err == nil {
		t.Error("the old checkout stays")
	}
	if _, err := os.Stat(filepath.Join(old.Dir, "summary.md")); err != nil {
		t.Error(err)
	}
}

func TestNotes(t *testing.T) {
	b := newBench(t)
	b.commit("the title", ".goldenpath.yml", strings.Replace(shop, "staging: {", "staging: {target: kubernetes, manifests: k8s, ", 1))
	if err := os.WriteFile(filepath.Join(b.dir, "new"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	b.must(Options{Until: "validate"})
	for _, want := range []string{"commit    the title", "branch    main", "1 uncommitted change is not included", "staging run on this machine"} {
		if !strings.Contains(b.out.String(), want) {
			t.Errorf("%q is not in:\n%s", want, &b.out)
		}
	}
}

func TestProblems(t *testing.T) {
	r := &report.Report{Checks: []report.Check{
		{Name: "a", State: report.OK, Result: "fine"}, {Name: "b", State: report.Warned, Result: "late", Note: "renew it"}, {Name: "c", State: report.Missing, Result: "none"},
	}}
	if got := problems(r); got != "b: late, renew it; c: none" {
		t.Errorf("%q", got)
	}
}

func TestConsoleTerminal(t *testing.T) {
	var out bytes.Buffer
	c := NewConsole(&out, true)
	c.Start("test")
	c.Say("unit\x1b[31m")
	c.Done(Outcome{Stage: "test", Verdict: report.Fail, Title: "1 of 2 checks failed"})
	c.Done(Outcome{Stage: "package", Error: "crashed"})
	c.Close()
	c.Close()
	for _, want := range []string{"✗ test", "1 of 2 checks failed", "? package", "could not complete"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %q", want, &out)
		}
	}
	if strings.Contains(out.String(), "\x1b[31m") {
		t.Error("a colour of the repository reaches the terminal")
	}
}
