package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/stage"
)

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
	// NEWCOMER 15: tools that walk through the repository find no second copy of it.
	if _, err := os.Stat(filepath.Join(res.Dir, "src")); err == nil {
		t.Error("there is a checkout below the git directory")
	}
	// Again, nothing is left to do.
	res, ran = b.must(Options{})
	if len(ran) != 0 || !strings.HasPrefix(res.Report.Title, "nothing new: ") || !strings.HasSuffix(res.Report.Title, " is in production already") {
		t.Errorf("ran again: %v, %s", ran, res.Report.Title)
	}
	// NEWCOMER 14: who forgot to commit reads it in the last line.
	if err := os.WriteFile(filepath.Join(b.dir, "forgotten"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	res, _ = b.must(Options{})
	if !strings.HasPrefix(res.Report.Title, "nothing new: 1 change is not committed; ") {
		t.Error(res.Report.Title)
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
		"goes on": {"package", nil, whole[3:]},
		"the preview is deployed for its battery": {"preview", nil, whole[4:]},
		"the checkout is lost":                    {"package", func(b *bench, _ string) { os.RemoveAll(filepath.Join(b.state, "build")) }, whole},
		"the checkout was removed in part":        {"package", func(b *bench, _ string) { os.RemoveAll(filepath.Join(b.state, "build", "src")) }, whole},
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
		state  report.State
		exit   int
	}{
		{errors.New("the scanner crashed"), report.ReasonIncomplete, "could not complete: security-gate: the scanner crashed", report.Missing, report.ExitFailure},
		// NEWCOMER 7: a mistake in waivers.yml is a mistake, not a missing result.
		{report.Usage("w.yml:7:1 a waiver is wrong"), report.ReasonInvalidInput, "security-gate: invalid input: w.yml:7:1 a waiver is wrong", report.Failed, report.ExitUsage},
	} {
		b.gateErr = tt.err
		res, _, err := b.run(t.Context(), Options{})
		if res == nil || res.Report.Reason != tt.reason || res.Report.Title != tt.title {
			t.Fatalf("%v: %+v", err, res)
		}
		if code := report.ExitCode(res.Report, err); code != tt.exit {
			t.Errorf("%s: exit %d, want %d", tt.title, code, tt.exit)
		}
		if row := res.Report.Checks[3]; row.State != tt.state {
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
	data, err := report.DataOf[report.RunData](res.Report)
	if next := data.End.Next; err != nil || !slices.Equal(next, []string{"goldenpath run continues with security-gate"}) {
		t.Errorf("%v: %q", err, next)
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
		"the wrong order":          {Options{From: "soak", Until: "test"}, "--from soak is a later stage than --until test"},
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
	for _, row := range res.Report.Sections[1].Rows {
		names = append(names, row[0])
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
	for _, want := range []string{"commit    the title", "branch    main", "1 uncommitted change is not included", "this run uses local-staging on this machine; staging is not touched"} {
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

// NEWCOMER 4: environments on a cluster are not the ones of a run on this machine, in the
// ledger either.
func TestLocalEnvironments(t *testing.T) {
	b := newBench(t)
	b.commit("cluster", ".goldenpath.yml", strings.NewReplacer("staging: {", "staging: {target: kubernetes, manifests: k8s, ", "production: {", "production: {target: kubernetes, manifests: k8s, ").Replace(shop))
	_, ran := b.must(Options{})
	if want := []string{"local-staging", "local-production", "soak"}; !slices.Equal(ran[len(ran)-3:], want) {
		t.Errorf("ran %v", ran)
	}
	for r, err := range b.target.List(t.Context()) {
		if err != nil || !strings.HasPrefix(r.Environment, "local-") {
			t.Errorf("%s runs, %v", r.Environment, err)
		}
	}
}

// NEWCOMER 14: a run of an older commit, as in an old worktree, says at once that it will
// not replace what runs, and does not.
func TestOlderCommit(t *testing.T) {
	b := newBench(t)
	first := b.git("rev-parse", "HEAD")
	b.commit("two")
	b.must(Options{})
	res, _ := b.must(Options{Commit: first})
	if res.Report.Reason != "older-commit" {
		t.Errorf("%+v", res.Report)
	}
	if !strings.Contains(b.out.String(), "production runs ") || !strings.Contains(b.out.String(), "not replaced without --older") {
		t.Errorf("no note:\n%s", &b.out)
	}
	b.git("checkout", "-q", "-b", "feature", first)
	b.commit("three")
	if b.must(Options{Until: "test"}); !strings.Contains(b.out.String(), "this commit lacks 1 commit of ") {
		t.Errorf("no note about another branch:\n%s", &b.out)
	}
	res, _ = b.must(Options{Commit: first, Older: true})
	if res.Report.Reason != report.ReasonCompleted {
		t.Errorf("%+v", res.Report)
	}
}
