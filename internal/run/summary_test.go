package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestSummary: each way in which a run ends has its verdict, its reason and a state for
// each stage, the same in summary.json and summary.md.
func TestSummary(t *testing.T) {
	const before = "validate:pass test:pass package:pass "
	skipped := func(from int) string {
		out := ""
		for _, name := range whole[from:] {
			out += name + ":skip "
		}
		return strings.TrimSpace(out)
	}
	broken := strings.NewReplacer("test ! -e broken", "true")
	for name, tt := range map[string]struct {
		change  func(b *bench)
		until   string
		verdict report.Verdict
		reason  report.Reason
		states  string
		bad     int // stages that the diagram marks
		fails   bool
	}{
		"up to a stage":      {func(*bench) {}, "package", report.Pass, report.ReasonCompleted, before + skipped(3), 0, false},
		"a check fails":      {func(b *bench) { b.commit("breaks", "broken", "") }, "", report.Fail, report.ReasonCheckFailed, "validate:pass test:fail " + skipped(2), 1, false},
		"the gate fails":     {func(b *bench) { b.verdict = report.Fail }, "", report.Fail, report.ReasonFindings, before + "security-gate:fail " + skipped(4), 1, false},
		"the gate warns":     {func(b *bench) { b.verdict = report.Warn }, "security-gate", report.Warn, report.ReasonCompleted, before + "security-gate:warn " + skipped(4), 0, false},
		"the gate crashes":   {func(b *bench) { b.gateErr = errors.New("crashed") }, "", report.Fail, report.ReasonIncomplete, before + "security-gate:missing " + skipped(4), 1, true},
		"the input is wrong": {func(b *bench) { b.gateErr = report.Usage("wrong") }, "", report.Fail, report.ReasonInvalidInput, before + "security-gate:fail " + skipped(4), 1, false},
		"a hostile error":    {func(b *bench) { b.gateErr = errors.New("a\n::error::x\x1b[31m | <b> " + strings.Repeat("y", 9000)) }, "", report.Fail, report.ReasonIncomplete, before + "security-gate:missing " + skipped(4), 1, true},
		"the build fails": {func(b *bench) {
			b.commit("two", ".goldenpath.yml", strings.Replace(shop, "{pack: built", "{build: 'exit 9', pack: built", 1))
		}, "", report.Fail, report.ReasonBuildFailed, "validate:pass test:pass package:fail " + skipped(3), 1, false},
		"the battery fails": {func(b *bench) {
			b.commit("two", ".goldenpath.yml", broken.Replace(shop)+"battery: {contract: 'exit 1'}\n")
		}, "", report.Fail, "", before + "security-gate:pass preview:pass battery:fail " + skipped(6), 1, false},
		"validation is wrong": {func(b *bench) { b.commit("two", ".goldenpath/waivers.yml", "nonsense: 1\n") }, "", report.Fail, report.ReasonInvalidInput, "validate:fail " + skipped(1), 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			tt.change(b)
			res, _, err := b.run(t.Context(), Options{Until: tt.until})
			if res == nil || (err != nil) != tt.fails {
				t.Fatalf("%+v, %v", res, err)
			}
			f, err := os.Open(filepath.Join(res.Dir, "summary.json"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			r, err := report.Read(f)
			if err != nil {
				t.Fatal(err)
			}
			states := []string{}
			for _, c := range r.Checks {
				states = append(states, fmt.Sprintf("%s:%s", c.Name, c.State))
				if strings.ContainsAny(c.Result+c.Note, "\n\r") || len(c.Result) > 600 {
					t.Errorf("the row of %s is %q", c.Name, c.Result)
				}
			}
			if diff := cmp.Diff(strings.Fields(tt.states), states); diff != "" {
				t.Error(diff)
			}
			if r.Verdict != tt.verdict || tt.reason != "" && r.Reason != tt.reason || strings.ContainsAny(r.Title, "\n\r") || r.Title == "" || len(r.Title) > 600 {
				t.Errorf("%s %s %q", r.Verdict, r.Reason, r.Title)
			}
			i := len(r.Sections) - 1
			if got := strings.Count(r.Sections[i].Mermaid, ":::bad"); got != tt.bad {
				t.Errorf("the diagram marks %d stages", got)
			}
			md, err := os.ReadFile(filepath.Join(res.Dir, "summary.md"))
			if err != nil || len(md) > report.SummaryBudget {
				t.Fatalf("%d bytes, %v", len(md), err)
			}
			for _, name := range whole {
				if !strings.Contains(string(md), name) {
					t.Errorf("summary.md has no %s", name)
				}
			}
			if regexp.MustCompile(`(?m)^::|<b>|\x1b`).Match(md) {
				t.Errorf("summary.md passes on markup or commands:\n%s", md)
			}
			page, err := os.ReadFile(filepath.Join(res.Dir, "summary.html"))
			if err != nil || strings.Contains(string(page), "<b> yyy") {
				t.Errorf("summary.html: %v", err)
			}
		})
	}
}

// TestConsoleLines: a run that is not on a terminal prints one line for each outcome.
func TestConsoleLines(t *testing.T) {
	var out strings.Builder
	c := NewConsole(&out, report.Screen{})
	c.Plan("shop · 1234567", []string{"test", "package"}, []string{"commit    a\nb"})
	c.Start("test")
	c.Say("unit\r\x1b[31m")
	for _, o := range []Outcome{
		{Stage: "test", Verdict: report.Pass, Title: "1 check passed", Seconds: 1.25}, {Stage: "package", Verdict: report.Warn, Title: "large"},
		{Stage: "gate", Verdict: report.Fail, Title: "x\ny"}, {Stage: "down", Verdict: report.Skip, Title: "none"}, {Stage: "soak", Verdict: report.Pass, Title: "ok", Resumed: true},
		{Stage: "staging", Verdict: report.Pass, Title: "ok", Error: "crashed"},
	} {
		c.Done(o)
	}
	c.Close()
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	starts := []string{"goldenpath run", "  plan", "  commit", "    test", "  ✓ test", "  ! package", "  ✗ gate", "  – down", "  ✓ soak", "  ? staging"}
	if len(lines) != len(starts) || strings.ContainsAny(out.String(), "\r\x1b") {
		t.Fatalf("%q", out.String())
	}
	for i, want := range starts {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d is %q, want %q", i+1, lines[i], want)
		}
	}
}

// TestBounds: every pair of --from and --until is a range of the path or an error of
// the input.
func TestBounds(t *testing.T) {
	all := append([]string{""}, whole...)
	for i, from := range all {
		for k, until := range all {
			first, last, err := bounds(whole, from, until)
			wantFirst, wantLast := max(i-1, 0), k-1
			if k == 0 {
				wantLast = len(whole) - 1
			}
			if wantFirst > wantLast {
				var usage *report.UsageError
				if !errors.As(err, &usage) {
					t.Errorf("%q to %q: %v", from, until, err)
				}
			} else if err != nil || first != wantFirst || last != wantLast {
				t.Errorf("%q to %q: %d to %d, %v", from, until, first, last, err)
			}
		}
	}
	for _, name := range []string{"Test", " test", "test,package", "soak-production", "-"} {
		if _, _, err := bounds(whole, name, ""); err == nil {
			t.Errorf("--from %q is accepted", name)
		}
	}
}
