package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// scanner is a scanner of one function.
type scanner struct {
	name string
	scan func(ctx context.Context, in Input) (Result, error)
}

func (s scanner) Name() string    { return s.name }
func (s scanner) Kind() string    { return "configuration" }
func (s scanner) Version() string { return "v1.2.3" }
func (s scanner) Select(files []File, _ Changes) ([]File, bool) {
	return files, true
}
func (s scanner) Scan(ctx context.Context, in Input) (Result, error) {
	return s.scan(ctx, in)
}

// finds is a scanner that looked at something.
func finds(name string, all ...report.Finding) scanner {
	return scanner{name, func(context.Context, Input) (Result, error) { return Result{Findings: all, Covered: "3 files"}, nil }}
}

// returns is a scanner with one answer.
func returns(name string, r Result, err error) scanner {
	return scanner{name, func(context.Context, Input) (Result, error) { return r, err }}
}

func finding(rule string, s report.Severity, path string, line int) report.Finding {
	return report.Finding{Rule: rule, Severity: s, Message: "message of " + rule, At: report.Location{Path: path, Line: line}}
}

func vulnerable(rule string, s report.Severity, purl string, aliases ...string) report.Finding {
	return report.Finding{Rule: rule, Aliases: aliases, Severity: s, Message: rule + " in " + purl, At: report.Location{Path: "go.mod"}, Package: purl}
}

func options(all ...Scanner) Options {
	return Options{App: "shop", Input: Input{Dir: "/checkout", Head: "3f9c2d1"}, Scanners: all, FailOn: report.High, Now: now}
}

func answer(t *testing.T, o Options) *report.Report {
	t.Helper()
	r, _, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return consistent(t, r)
}

func consistent(t *testing.T, r *report.Report) *report.Report {
	t.Helper()
	for name, want := range map[string]string{
		"verdict": string(r.Verdict), "reason": string(r.Reason), "blocking": fmt.Sprint(r.Blocking()),
		"new": fmt.Sprint(r.Count(report.New)), "known": fmt.Sprint(r.Count(report.Known)), "waived": fmt.Sprint(r.Count(report.Waived)),
	} {
		if got := r.Output(name); got != want {
			t.Errorf("output %s = %q, want %q", name, got, want)
		}
	}
	if (r.Verdict == report.Fail) != (r.Blocking() > 0) && r.Reason != "incomplete" {
		t.Errorf("verdict %s with %d blocking findings", r.Verdict, r.Blocking())
	}
	return r
}

// lines are the findings as "rule severity status blocking tools".
func lines(r *report.Report) []string {
	out := []string{}
	for _, f := range r.Findings {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %v %s", f.Rule, f.Severity, f.Status, f.Blocking, strings.Join(f.Tools, "+"))))
	}
	return out
}

// away is an error of a source that does not answer.
type away struct{}

func (away) Error() string { return "osv.dev cannot be reached" }
func (away) Gap() Gap {
	return Gap{What: "the dependencies", Why: "osv.dev cannot be reached", Remedy: "allow it"}
}

// TestVerdict proves GP-GATE-3: the verdict, its reason and its title.
func TestVerdict(t *testing.T) {
	high, low := finding("R1", report.High, "a.go", 3), finding("R2", report.Low, "a.go", 4)
	gap := Result{Findings: []report.Finding{low}, Covered: "1 file", Missing: []Gap{{What: "go.mod (Go)", Why: "no Go advisories in /db", Remedy: "security-gate database"}}}
	old := Waiver{ID: "R1", Reason: "r", Owner: "ann", Expires: "2026-11-20", until: now.Add(-time.Hour)}
	unused := Waiver{ID: "R9", Reason: "r", Owner: "ann", Expires: "2027-01-01", until: now.AddDate(0, 1, 0)}
	good := Waiver{ID: "R1", Reason: "r", Owner: "ann", Expires: "2027-01-01", until: now.AddDate(0, 1, 0)}
	for name, test := range map[string]struct {
		scanners []Scanner
		change   func(*Options)
		verdict  report.Verdict
		reason   string
		title    string
	}{
		"nothing found":                     {[]Scanner{finds("a"), finds("b")}, nil, report.Pass, "no-blocking-findings", "nothing blocks"},
		"nothing that blocks":               {[]Scanner{finds("a", low)}, nil, report.Pass, "no-blocking-findings", "nothing blocks"},
		"one that blocks":                   {[]Scanner{finds("a", high, low)}, nil, report.Fail, "findings", "1 new finding at high or above must be fixed or waived"},
		"by a lower bound":                  {[]Scanner{finds("a", high, low)}, func(o *Options) { o.FailOn = report.Low }, report.Fail, "findings", "2 new findings at low or above must be fixed or waived"},
		"by the default bound":              {[]Scanner{finds("a", high)}, func(o *Options) { o.FailOn = "" }, report.Fail, "findings", "1 new finding at high or above must be fixed or waived"},
		"an unknown severity":               {[]Scanner{finds("a", finding("R3", "dire", "a.go", 1))}, func(o *Options) { o.FailOn = report.Critical }, report.Fail, "findings", "1 new finding at critical or above must be fixed or waived"},
		"a waived one":                      {[]Scanner{finds("a", high)}, func(o *Options) { o.Waivers = []Waiver{good} }, report.Pass, "no-blocking-findings", "nothing blocks, 1 waived"},
		"GP-GATE-5 an expired waiver":       {[]Scanner{finds("a", high)}, func(o *Options) { o.Waivers = []Waiver{old} }, report.Fail, "findings", "1 new finding at high or above must be fixed or waived"},
		"GP-GATE-5 an unused waiver":        {[]Scanner{finds("a", low)}, func(o *Options) { o.Waivers = []Waiver{unused} }, report.Warn, "waiver-unused", "nothing blocks, but a waiver matches no finding"},
		"GP-GATE-8 a gap that is tolerated": {[]Scanner{returns("a", gap, nil)}, func(o *Options) { o.MissingDatabase = "warn" }, report.Warn, "not-everything-checked", "nothing that was checked blocks; not checked: go.mod (Go)"},
		"out of reach, tolerated":           {[]Scanner{returns("a", Result{}, fmt.Errorf("match: %w", away{}))}, func(o *Options) { o.MissingDatabase = "warn" }, report.Warn, "not-everything-checked", "nothing that was checked blocks; not checked: the dependencies"},
		"a tolerated gap, an unused waiver": {[]Scanner{returns("a", gap, nil)}, func(o *Options) { o.MissingDatabase, o.Waivers = "warn", []Waiver{unused} }, report.Warn, "not-everything-checked", "nothing that was checked blocks; not checked: go.mod (Go)"},
		"a tolerated gap, and one blocks":   {[]Scanner{returns("a", gap, nil), finds("b", high)}, func(o *Options) { o.MissingDatabase = "warn" }, report.Fail, "findings", "1 new finding at high or above must be fixed or waived"},
		"one has nothing to look at":        {[]Scanner{finds("a"), returns("b", Result{}, nil)}, nil, report.Pass, "no-blocking-findings", "nothing blocks"},
		"a check of nothing is not a pass":  {[]Scanner{returns("a", Result{}, nil)}, func(o *Options) { o.Waivers = []Waiver{unused} }, report.Skip, "nothing-to-check", "no scanner found anything to examine"},
		"no scanner is not a pass":          {nil, nil, report.Skip, "nothing-to-check", "no scanner found anything to examine"},
		"findings in what it did not name":  {[]Scanner{returns("a", Result{Findings: []report.Finding{high}}, nil)}, nil, report.Fail, "findings", "1 new finding at high or above must be fixed or waived"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(test.scanners...)
			if test.change != nil {
				test.change(&o)
			}
			r := answer(t, o)
			if r.Verdict != test.verdict || string(r.Reason) != test.reason || r.Title != test.title {
				t.Errorf("%s %s: %s\nwant %s %s: %s", r.Verdict, r.Reason, r.Title, test.verdict, test.reason, test.title)
			}
		})
	}
}

// TestIncomplete proves GP-GATE-1: a scanner that fails, panics or hangs is an error
// together with the report, never "no findings", and does not hide other scanners.
func TestIncomplete(t *testing.T) {
	const timeout = 200 * time.Millisecond
	release := make(chan struct{})
	defer close(release)
	for name, test := range map[string]struct {
		broken scanner
		says   string
	}{
		"it errs":                         {returns("trivy", Result{}, errors.New("no database\nsecond line")), "trivy: no database"},
		"it errs with findings":           {returns("trivy", Result{Findings: []report.Finding{finding("R2", report.Low, "b.go", 1)}, Covered: "half"}, errors.New("no database")), "trivy: no database"},
		"it panics":                       {scanner{"trivy", func(context.Context, Input) (Result, error) { panic("index out of range") }}, "trivy: panic: string"},
		"it panics with an error":         {scanner{"trivy", func(context.Context, Input) (Result, error) { panic(errors.New("nil map")) }}, "trivy: panic: *errors.errorString"},
		"it panics in the runtime":        {scanner{"trivy", func(context.Context, Input) (Result, error) { return Result{}, []error{}[len(t.Name())-len(t.Name())] }}, "trivy: panic: runtime error: index out of range"},
		"it hangs":                        {scanner{"trivy", func(context.Context, Input) (Result, error) { <-release; return Result{}, nil }}, "trivy: the scanner was stopped after 200ms"},
		"it hangs, and gives up":          {scanner{"trivy", func(ctx context.Context, _ Input) (Result, error) { <-ctx.Done(); return Result{}, ctx.Err() }}, "trivy: the scanner was stopped after 200ms"},
		"it hangs, and gives up in peace": {scanner{"trivy", func(ctx context.Context, _ Input) (Result, error) { <-ctx.Done(); return Result{Covered: "half"}, nil }}, "trivy: the scanner was stopped after 200ms"},
		"GP-GATE-8 its data is missing": {returns("trivy", Result{Covered: "1 file", Missing: []Gap{{What: "go.mod (Go)", Why: "no Go advisories in /db", Remedy: "security-gate database"}}}, nil),
			"trivy: go.mod (Go) was not checked: no Go advisories in /db\n  try: security-gate database"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, found := range [][]report.Finding{nil, {finding("R1", report.High, "a.go", 3)}} {
				o := options(finds("gitleaks", found...), test.broken)
				if strings.HasPrefix(name, "it hangs") {
					o.Timeout = timeout
				}
				r, _, err := Run(t.Context(), o)
				if err == nil || report.ExitCode(r, err) != report.ExitFailure || !strings.Contains(err.Error(), test.says) {
					t.Fatalf("error %v, want %q", err, test.says)
				}
				consistent(t, r)
				want := "incomplete"
				if found != nil {
					want = "findings"
				}
				if r.Verdict != report.Fail || string(r.Reason) != want {
					t.Errorf("%s %s: %s", r.Verdict, r.Reason, r.Title)
				}
				row := r.Checks[slices.IndexFunc(r.Checks, func(c report.Check) bool { return c.Name == "configuration (trivy)" })]
				state := report.Missing
				if strings.Contains(name, "data is missing") { // what there was has been looked at
					state = report.Inconclusive
				}
				if row.State != state || strings.Contains(row.Result, "\n") {
					t.Errorf("row %+v", row)
				}
				data := dataOf[Data](t, r).Scanners
				if len(data) != 2 || data[0].Error != "" || (data[1].Error == "") != strings.Contains(name, "data is missing") {
					t.Errorf("data %+v", data)
				}
				if found != nil && !slices.Contains(lines(r), "R1 high new true gitleaks") {
					t.Errorf("what the other found is lost: %v", lines(r))
				}
			}
		})
	}
}

// Every scanner that fails is named, not the first.
func TestEveryFailureIsNamed(t *testing.T) {
	_, _, err := Run(t.Context(), options(returns("a", Result{}, errors.New("one")), returns("b", Result{}, errors.New("two"))))
	if causes := report.Causes(err); len(causes) != 2 || causes[0].Error() != "a: one" || causes[1].Error() != "b: two" {
		t.Errorf("causes %v", causes)
	}
}

func TestStopped(t *testing.T) {
	reason := errors.New("interrupt")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, _, err := Run(ctx, options(scanner{"a", func(ctx context.Context, _ Input) (Result, error) {
		cancel(reason)
		<-ctx.Done()
		return Result{}, ctx.Err()
	}}))
	if !errors.Is(err, reason) {
		t.Errorf("error %v", err)
	}
}

// Scanners run at once: each waits for the other.
func TestScannersRunTogether(t *testing.T) {
	meet := make(chan struct{})
	a := scanner{"a", func(context.Context, Input) (Result, error) { meet <- struct{}{}; return Result{Covered: "x"}, nil }}
	b := scanner{"b", func(context.Context, Input) (Result, error) { <-meet; return Result{Covered: "x"}, nil }}
	answer(t, options(a, b))
}

// differs is a scanner that finds one thing in the change and another in its base.
func differs(name string, change, base []report.Finding) scanner {
	return scanner{name, func(_ context.Context, in Input) (Result, error) {
		if in.Dir == "/base" {
			return Result{Findings: base, Covered: "base"}, nil
		}
		return Result{Findings: change, Covered: "change"}, nil
	}}
}

// TestKnown proves GP-GATE-4: only what the change brings blocks.
func TestKnown(t *testing.T) {
	const net30, net33 = "pkg:golang/golang.org/x/net@0.30.0", "pkg:golang/golang.org/x/net@0.33.0"
	for name, test := range map[string]struct {
		change, base []report.Finding
		want         []string
	}{
		"the base has none": {[]report.Finding{finding("R1", report.High, "a.go", 3)}, nil, []string{"R1 high new true a"}},
		"malware, known":    {[]report.Finding{vulnerable("MAL-2026-1", report.Critical, net30)}, []report.Finding{vulnerable("MAL-2026-1", report.Critical, net30)}, []string{"MAL-2026-1 critical known true a"}},
		"the line moved":    {[]report.Finding{finding("R1", report.High, "a.go", 30)}, []report.Finding{finding("R1", report.High, "a.go", 3)}, []string{"R1 high known false a"}},
		"another file":      {[]report.Finding{finding("R1", report.High, "c.go", 3)}, []report.Finding{finding("R1", report.High, "a.go", 3)}, []string{"R1 high new true a"}},
		"the version moved": {[]report.Finding{vulnerable("CVE-1", report.High, net33)}, []report.Finding{vulnerable("CVE-1", report.High, net30)}, []string{"CVE-1 high known false a"}},
		"another fact":      {[]report.Finding{vulnerable("CVE-2", report.High, net30)}, []report.Finding{vulnerable("CVE-1", report.High, net30)}, []string{"CVE-2 high new true a"}},
		"the file moved":    {[]report.Finding{finding("R1", report.High, "b.go", 3)}, []report.Finding{finding("R1", report.High, "gone.go", 3)}, []string{"R1 high known false a"}},
		"moved and copied": {
			[]report.Finding{finding("R1", report.High, "a.go", 3), finding("R1", report.High, "b.go", 3)}, []report.Finding{finding("R1", report.High, "gone.go", 3)},
			[]string{"R1 high new true a", "R1 high known false a"},
		},
		"a second of the same": {
			[]report.Finding{finding("R1", report.High, "a.go", 3), finding("R1", report.High, "a.go", 9)}, []report.Finding{finding("R1", report.High, "a.go", 3)},
			[]string{"R1 high new true a", "R1 high known false a"},
		},
		"fewer than before": {[]report.Finding{finding("R1", report.High, "a.go", 3)}, []report.Finding{finding("R1", report.High, "a.go", 3), finding("R1", report.High, "a.go", 9)}, []string{"R1 high known false a"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(differs("a", test.change, test.base))
			o.Against = against("1c0f", "a.go", "b.go", "go.mod")
			o.Files = []File{{Path: "a.go"}, {Path: "b.go"}, {Path: "go.mod"}}
			r := answer(t, o)
			if diff := cmp.Diff(test.want, lines(r)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if d := dataOf[Data](t, r); d.Base != "1c0f" || d.Counts["known"] != r.Count(report.Known) || d.Counts["high"] != r.Count(report.New) || d.Counts["low"] != 0 {
				t.Errorf("data %+v", d)
			}
		})
	}
}

// against is a base whose tree is in /base, and in which all its files changed.
func against(commit string, paths ...string) *Base {
	b := &Base{Commit: commit, Changed: Changes{}, CheckOut: func(context.Context, []File) (string, error) { return "/base", nil }}
	files := []File{}
	for _, p := range paths {
		files = append(files, File{Path: p})
		b.Changed[p] = true
	}
	b.Moved = func(context.Context) (map[string]string, error) { return map[string]string{"b.go": "gone.go"}, nil }
	b.Files = func(context.Context) ([]File, time.Time, error) { return files, now.AddDate(0, 0, -7), nil }
	return b
}

// The base is scanned as a tree of its own, and only for a scanner that found
// something.
func TestBaseInput(t *testing.T) {
	var seen []Input
	o := options(scanner{"a", func(_ context.Context, in Input) (Result, error) {
		seen = append(seen, in)
		return Result{Covered: "x", Findings: []report.Finding{finding("R1", report.Low, "a.go", 3)}}, nil
	}}, finds("nothing"))
	o.Against, o.Exclude, o.Files = against("1c0f", "a.go"), []string{"testdata"}, []File{{Path: "a.go", Size: 7}}
	answer(t, o)
	want := []Input{
		{Dir: "/checkout", Files: o.Files, Head: "3f9c2d1", Base: "1c0f", Exclude: []string{"testdata"}},
		{Dir: "/base", Part: true, Files: []File{{Path: "a.go"}}, Head: "1c0f", Exclude: []string{"testdata"}},
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
}

// TestBaseFails proves GP-GATE-1 for the base: if it cannot be scanned, the gate does not
// complete; findings are reported and none of them blocks.
func TestBaseFails(t *testing.T) {
	o := options(scanner{"a", func(_ context.Context, in Input) (Result, error) {
		if in.Dir == "/base" {
			return Result{}, errors.New("no database")
		}
		return Result{Covered: "x", Findings: []report.Finding{finding("R1", report.High, "a.go", 3)}}, nil
	}})
	o.Against = against("1c0f000000", "a.go")
	r, _, err := Run(t.Context(), o)
	if err == nil || err.Error() != "cannot scan the base 1c0f000 with a: no database" || report.ExitCode(r, err) != report.ExitFailure {
		t.Errorf("error %v", err)
	}
	consistent(t, r)
	if r.Verdict != report.Fail || r.Reason != "incomplete" || len(r.Findings) != 1 {
		t.Errorf("%s %s, %v", r.Verdict, r.Reason, lines(r))
	}
}
