package runner

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// bench is a step: its variables, its file commands and its log.
type bench struct {
	t   *testing.T
	env map[string]string
	log strings.Builder
	dir string
	*Runner
}

func newBench(t *testing.T) *bench {
	dir := t.TempDir()
	b := &bench{t: t, dir: dir, env: map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary"), "RUNNER_TEMP": dir,
	}}
	b.Runner = New(func(name string) string { return b.env[name] }, &b.log)
	return b
}

func (b *bench) file(name string) string {
	b.t.Helper()
	out, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		b.t.Fatal(err)
	}
	return string(out)
}

// outputs reads GITHUB_OUTPUT as the runner does.
func (b *bench) outputs() map[string]string {
	b.t.Helper()
	out := map[string]string{}
	lines := strings.Split(b.file("output"), "\n")
	for i := 0; i < len(lines); i++ {
		if lines[i] == "" {
			continue
		}
		name, end, heredoc := strings.Cut(lines[i], "<<")
		if !heredoc {
			name, out[name], _ = strings.Cut(lines[i], "=")
			continue
		}
		var value []string
		for i++; i < len(lines) && lines[i] != end; i++ {
			value = append(value, lines[i])
		}
		out[name] = strings.Join(value, "\n")
	}
	return out
}

func rep(outputs ...report.Output) *report.Report {
	return &report.Report{Name: "promote", Verdict: report.Pass, Reason: "promoted", Title: "it runs", Outputs: outputs}
}

func TestPublish(t *testing.T) {
	b := newBench(t)
	if err := os.WriteFile(filepath.Join(b.dir, "summary"), []byte("of a step before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := rep(report.Output{Name: "url", Value: "http://127.0.0.1:1/?a=b<<c"}, report.Output{Name: "notes", Value: "one\ntwo\r\nverdict=fail\n"}, report.Output{Name: "empty"})
	r.Findings = []report.Finding{{Rule: "R1", Severity: report.High, Blocking: true, Message: "found\n::error::forged", At: report.Location{Path: "a.go", Line: 3}}}
	if err := b.Publish(r); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"verdict": "pass", "reason": "promoted", "url": "http://127.0.0.1:1/?a=b<<c", "notes": "one\ntwo\nverdict=fail\n", "empty": ""}
	if diff := cmp.Diff(want, b.outputs()); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	if s := b.file("summary"); !strings.HasPrefix(s, "of a step before\n") || !strings.Contains(s, "it runs") {
		t.Errorf("summary %q", s)
	}
	if log := b.log.String(); strings.Count(log, "\n::") > 0 || !strings.HasPrefix(log, "::error ") || !strings.Contains(log, "file=a.go,line=3") {
		t.Errorf("log %q", log)
	}
}

// TestHostileOutputs proves GP-SAFE-2: no value can set another output.
func TestHostileOutputs(t *testing.T) {
	const end = "_GitHubActionsFileCommandDelimeter_"
	for name, o := range map[string]report.Output{
		"the delimiter":           {Name: "url", Value: "x\n" + end + "\nverdict<<E\nfail\nE\n"},
		"the delimiter in a line": {Name: "url", Value: "x" + end},
		"a name of two lines":     {Name: "url\nverdict=fail"},
		"a name with a value":     {Name: "verdict=fail\x00"},
		"a name with a heredoc":   {Name: "verdict<<E"},
		"a return in a name":      {Name: "verdict\r"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			err := b.Publish(rep(o, report.Output{Name: "digest", Value: "sha256:1"}))
			if err == nil || !strings.Contains(err.Error(), "was not set") || strings.ContainsAny(err.Error(), "\r\n\x00") {
				t.Errorf("error %q", err)
			}
			if diff := cmp.Diff(map[string]string{"verdict": "pass", "reason": "promoted", "digest": "sha256:1"}, b.outputs()); diff != "" {
				t.Errorf("outputs (-want +got):\n%s", diff)
			}
		})
	}
}

// What cannot be written is an error, and does not keep the rest from being
// written.
func TestPublishFails(t *testing.T) {
	b := newBench(t)
	b.env["GITHUB_STEP_SUMMARY"] = b.dir
	if err := b.Publish(rep(report.Output{Name: "verdict", Value: "pass"})); err == nil || b.outputs()["verdict"] != "pass" {
		t.Errorf("error %v, outputs %v", err, b.outputs())
	}
	b = newBench(t)
	b.env["GITHUB_OUTPUT"] = b.dir
	if err := b.Publish(rep(report.Output{Name: "verdict", Value: "pass"})); err == nil || !strings.Contains(err.Error(), "set the output verdict") {
		t.Errorf("error %v", err)
	}
	if !strings.Contains(b.file("summary"), "it runs") {
		t.Error("the summary is not there")
	}
}

// On a laptop there are no files to write to.
func TestPublishElsewhere(t *testing.T) {
	b := newBench(t)
	clear(b.env)
	if err := b.Publish(rep(report.Output{Name: "verdict", Value: "pass"})); err != nil {
		t.Error(err)
	}
	if b.Present() || b.ReportPath("promote") != "" || b.RunURL() != "" || b.file("output") != "" {
		t.Error("it takes a laptop for a runner")
	}
	b.env["USER"] = "ann"
	if id := b.Identity(); !strings.HasPrefix(id, "ann@") {
		t.Errorf("identity %q", id)
	}
	delete(b.env, "USER")
	if id := b.Identity(); !strings.HasPrefix(id, "uid-") {
		t.Errorf("identity %q", id)
	}
}

func TestFail(t *testing.T) {
	b := newBench(t)
	err := errors.Join(errors.New("one\n::set-output name=verdict::pass"), errors.New("two%0A::error::x"))
	if err := b.Fail("goldenpath promote", err); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.log.String()), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "::error ") || !strings.HasPrefix(lines[1], "::error ") {
		t.Errorf("annotations %q", lines)
	}
}

func TestInput(t *testing.T) {
	b := newBench(t)
	b.env["INPUT_DIGEST"], b.env["INPUT_DRY-RUN"], b.env["INPUT_EMPTY"] = " sha256:1 ", "true", ""
	for name, want := range map[string]string{"digest": "sha256:1", "dry-run": "true", "empty": "", "none": ""} {
		if got, ok := b.Input(name); got != want || ok != (want != "") {
			t.Errorf("input %s = %q, %v; want %q", name, got, ok, want)
		}
	}
}

func TestWhere(t *testing.T) {
	b := newBench(t)
	if got, want := b.ReportPath("promote"), filepath.Join(b.dir, "goldenpath", "promote.json"); got != want {
		t.Errorf("report %q, want %q", got, want)
	}
	b.env["GITHUB_SERVER_URL"], b.env["GITHUB_REPOSITORY"], b.env["GITHUB_RUN_ID"] = "https://github.com", "acme/shop", "42"
	if want := "https://github.com/acme/shop/actions/runs/42"; b.RunURL() != want || b.Identity() != want {
		t.Errorf("%s, %s", b.RunURL(), b.Identity())
	}
}

// TestMask: GitHub masks what it passed to the workflow as a whole, and not its parts.
func TestMask(t *testing.T) {
	b := newBench(t)
	b.Mask("first-line-of-a-key\n  second%line-of-it\n")
	b.Mask("on")
	if diff := cmp.Diff("::add-mask::first-line-of-a-key\n::add-mask::second%25line-of-it\n", b.log.String()); diff != "" {
		t.Error(diff)
	}
}
