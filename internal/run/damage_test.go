package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/stage"
)

// edit changes a recorded state.
func edit(t *testing.T, dir string, change func(*stateFile)) {
	t.Helper()
	name := filepath.Join(dir, "run.json")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var s stateFile
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	change(&s)
	if b, err = json.Marshal(s); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// replace changes the text of a file of the run.
func replace(t *testing.T, dir, file, old, with string) {
	t.Helper()
	name := filepath.Join(dir, file)
	b, err := os.ReadFile(name)
	if err != nil || !bytes.Contains(b, []byte(old)) {
		t.Fatalf("%s has no %q: %v", file, old, err)
	}
	if err := os.WriteFile(name, bytes.ReplaceAll(b, []byte(old), []byte(with)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedState: a stage runs again if its record or its report cannot be used, and
// so do the stages after it.
func TestDamagedState(t *testing.T) {
	write := func(text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "run.json"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	content := func(file, text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	state := func(change func(*stateFile)) func(*testing.T, string) {
		return func(t *testing.T, dir string) { edit(t, dir, change) }
	}
	for name, tt := range map[string]struct {
		damage func(t *testing.T, dir string)
		first  string // stage that runs first afterwards
	}{
		"untouched":               {func(*testing.T, string) {}, "security-gate"},
		"an empty file":           {write(""), "validate"},
		"half a file":             {write(`{"schema": "goldenpath.run-state/v1", "commit": "`), "validate"},
		"null":                    {write("null"), "validate"},
		"a list":                  {write("[]"), "validate"},
		"binary":                  {write("\x00\xff\xfe"), "validate"},
		"outcomes without a list": {write(`{"schema": "goldenpath.run-state/v1", "outcomes": 7}`), "validate"},
		"another schema":          {state(func(s *stateFile) { s.Schema = "goldenpath.run-state/v2" }), "validate"},
		"another commit":          {state(func(s *stateFile) { s.Commit = strings.Repeat("1", 40) }), "validate"},
		"another config":          {state(func(s *stateFile) { s.Config = "sha256:" + strings.Repeat("1", 64) }), "validate"},
		"no outcomes":             {state(func(s *stateFile) { s.Outcomes = nil }), "validate"},
		"one outcome is gone":     {state(func(s *stateFile) { s.Outcomes = slices.Delete(s.Outcomes, 1, 2) }), "test"},
		"an outcome failed":       {state(func(s *stateFile) { s.Outcomes[1].Verdict = "fail" }), "test"},
		"an outcome has error":    {state(func(s *stateFile) { s.Outcomes[1].Error = "killed" }), "test"},
		"an empty verdict":        {state(func(s *stateFile) { s.Outcomes[1].Verdict = "" }), "test"},
		"an old outcome":          {state(func(s *stateFile) { s.Outcomes[1].Ended = time.Now().Add(-25 * time.Hour) }), "test"},
		"a later outcome":         {state(func(s *stateFile) { s.Outcomes[1].Ended = time.Now().Add(25 * time.Hour) }), "test"},
		"no report is named":      {state(func(s *stateFile) { s.Outcomes[1].Report = "" }), "test"},
		"a report's path":         {state(func(s *stateFile) { s.Outcomes[1].Report = "../../../../etc/passwd" }), "test"},
		"the report is gone":      {func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, "02-test.json")) }, "test"},
		"the report is empty":     {content("02-test.json", ""), "test"},
		"the report is cut":       {content("02-test.json", `{"schema": "goldenpath.report/v1", "name": "te`), "test"},
		"the image's is cut":      {content("03-package.json", "{"), "package"},
		"the report is of another commit": {func(t *testing.T, dir string) {
			replace(t, dir, "02-test.json", filepath.Base(dir), strings.Repeat("0", 12))
		}, "test"},
		"the report has another verdict": {func(t *testing.T, dir string) { replace(t, dir, "02-test.json", `"pass"`, `"fail"`) }, "test"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			res, _ := b.must(Options{Until: "package"})
			tt.damage(t, res.Dir)
			res, ran := b.must(Options{Until: "security-gate"})
			if want := whole[slices.Index(whole, tt.first):4]; !slices.Equal(ran, want) {
				t.Errorf("ran %v, want %v", ran, want)
			}
			if res.Report.Reason != "completed" {
				t.Errorf("%s: %s", res.Report.Reason, res.Report.Title)
			}
		})
	}
}

// TestLostReport: package signs the report of test, so test runs again if it is lost.
func TestLostReport(t *testing.T) {
	b := newBench(t)
	res, _ := b.must(Options{Until: "test"})
	if err := os.Remove(filepath.Join(res.Dir, "02-test.json")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.run(t.Context(), Options{From: "package"}); err == nil || !strings.Contains(err.Error(), "test has not passed") {
		t.Errorf("--from package: %v", err)
	}
	if _, ran := b.must(Options{Until: "package"}); !slices.Equal(ran, whole[1:3]) {
		t.Errorf("ran %v", ran)
	}
}

// TestResumeAfterEachStage: wherever a run ends, the next call continues behind it, and
// the result is the same.
func TestResumeAfterEachStage(t *testing.T) {
	b := newBench(t)
	for i, until := range whole {
		_, ran := b.must(Options{Until: until})
		want := whole[i : i+1]
		if until == "battery" { // it needs the preview, which every call removes
			want = whole[i-1 : i+1]
		}
		if !slices.Equal(ran, want) {
			t.Fatalf("--until %s ran %v, want %v", until, ran, want)
		}
	}
	res, ran := b.must(Options{})
	if len(ran) != 0 || res.Report.Reason != report.ReasonCompleted || res.Report.Output("url") == "" {
		t.Errorf("%v, %s: %s, url %q", ran, res.Report.Reason, res.Report.Title, res.Report.Output("url"))
	}
}

// TestFrom: --from repeats a stage that passed, with the stages after it.
func TestFrom(t *testing.T) {
	b := newBench(t)
	b.must(Options{Until: "security-gate"})
	for _, tt := range []struct {
		from, until string
		want        []string
	}{
		{"security-gate", "security-gate", whole[3:4]},
		{"test", "security-gate", whole[1:4]},
		{"validate", "validate", whole[:1]},
		{"test", "test", whole[1:2]},
		{"package", "scorecard", whole[2:7]},
	} {
		if _, ran := b.must(Options{From: tt.from, Until: tt.until}); !slices.Equal(ran, tt.want) {
			t.Fatalf("%s to %s ran %v, want %v", tt.from, tt.until, ran, tt.want)
		}
	}
	// What was repeated invalidates what depends on it.
	b.must(Options{From: "test", Until: "test"})
	if _, _, err := b.run(t.Context(), Options{From: "scorecard"}); err == nil || !strings.Contains(err.Error(), "package has not passed") {
		t.Errorf("%v", err)
	}
}

// TestFromAfterTheEnd: a complete run has removed its preview, and a run of another commit
// replaces the checkout.
func TestFromAfterTheEnd(t *testing.T) {
	b := newBench(t)
	b.must(Options{})
	first := b.git("rev-parse", "HEAD")
	if _, ran, err := b.run(t.Context(), Options{From: "battery"}); err == nil || len(ran) != 0 || !strings.Contains(err.Error(), "--from preview") {
		t.Errorf("--from battery: ran %v, %v", ran, err)
	}
	if _, ran := b.must(Options{From: "security-gate", Until: "battery"}); !slices.Equal(ran, whole[3:6]) {
		t.Errorf("ran %v", ran)
	}
	b.must(Options{From: "scorecard"})
	b.commit("two")
	b.must(Options{Until: "validate"})
	b.git("reset", "-q", "--hard", first)
	for _, from := range whole[1:7] {
		_, ran, err := b.run(t.Context(), Options{From: from})
		if err == nil || len(ran) != 0 || !strings.Contains(err.Error(), "--from validate") {
			t.Errorf("--from %s: ran %v, %v", from, ran, err)
		}
	}
	if _, ran := b.must(Options{From: "validate", Until: "test"}); !slices.Equal(ran, whole[:2]) {
		t.Errorf("ran %v", ran)
	}
}

// TestStrangeStateFolder: the name of the folder is not a pattern.
func TestStrangeStateFolder(t *testing.T) {
	for _, name := range []string{"a[b", "a*b", "[ab]", `a\b`, "größe und\nmehr"} {
		b := newBench(t)
		b.state = filepath.Join(b.state, name)
		old, _ := b.must(Options{Until: "validate"})
		b.commit("two")
		b.must(Options{Until: "validate"})
		if err := prune(b.state, "", Bounds{Runs: 1, Bytes: 1}); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if _, err := os.Stat(old.Dir); err == nil {
			t.Errorf("%q: the old run stays", name)
		}
	}
}

// TestTwoRuns: of two runs at once, the second changes nothing.
func TestTwoRuns(t *testing.T) {
	b := newBench(t)
	deps, first := b.deps, true
	var second error
	b.deps.Gate = func(ctx context.Context, g stage.GateRequest) (*report.Report, error) {
		if first {
			first = false
			repo, err := stage.OpenRepo(ctx, b.dir, false)
			if err != nil {
				t.Error(err)
			}
			p := &recorder{Console: NewConsole(&bytes.Buffer{}, report.Screen{})}
			if _, second = Path(ctx, deps, p, Options{Repo: repo, State: b.state}); len(p.ran) != 0 {
				t.Errorf("the second run ran %v", p.ran)
			}
		}
		return deps.Gate(ctx, g)
	}
	res, ran := b.must(Options{Until: "security-gate"})
	var usage *report.UsageError
	if !errors.As(second, &usage) {
		t.Errorf("the second run: %v", second)
	}
	if !slices.Equal(ran, whole[:4]) || res.Report.Verdict != report.Pass {
		t.Errorf("the first run ran %v: %s", ran, res.Report.Title)
	}
}
