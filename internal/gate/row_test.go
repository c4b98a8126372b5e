package gate

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// image is a scanner of images that has the name of another scanner.
type image struct{ scanner }

func (image) Kind() string { return "image" }

func row(t *testing.T, r *report.Report, name string) report.Check {
	t.Helper()
	i := slices.IndexFunc(r.Checks, func(c report.Check) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("no row %s in %+v", name, r.Checks)
	}
	return r.Checks[i]
}

// TestRows: each row counts what its own scanner found, also when two scanners share a
// name and when a finding was joined with another's.
func TestRows(t *testing.T) {
	packed := vulnerable("GO-1", report.High, "pkg:golang/x@v1", "CVE-1")
	packed.At.Path = "app/server"
	old := finding("os-end-of-life", report.High, "", 0)
	r := answer(t, options(
		finds("osv", vulnerable("CVE-1", report.High, "pkg:golang/x@1")),
		finds("trivy", finding("DS-1", report.High, "Dockerfile", 1), finding("DS-2", report.Low, "Dockerfile", 2)),
		image{finds("trivy", packed, old)},
	))
	for name, want := range map[string]string{
		"configuration (osv)":   "1 must be fixed in 3 files",
		"configuration (trivy)": "1 must be fixed, 1 not blocking in 3 files",
		"image (trivy)":         "2 must be fixed in 3 files",
	} {
		if got := row(t, r, name); got.Result != want || got.State != report.Failed {
			t.Errorf("%s: %s %q, want %q", name, got.State, got.Result, want)
		}
	}
	if len(r.Findings) != 4 {
		t.Errorf("%v", lines(r))
	}
}

// TestNothingExamined: a row whose files all lack a check is not green.
func TestNothingExamined(t *testing.T) {
	r := answer(t, options(returns("trivy", Result{Covered: NoFile + " (not examined: 1 Compose file)"}, nil), finds("osv")))
	if got := row(t, r, "configuration (trivy)"); got.Result != "nothing was examined (left out: 1 Compose file)" || got.State != report.Warned {
		t.Errorf("%s %q", got.State, got.Result)
	}
}

// advisories judges and completes with fixed values.
type advisories struct {
	stale []Gap
	day   string
}

func (advisories) KnowsExploited() bool { return false }

func (a advisories) Judge([]Database) []Gap { return a.stale }
func (a advisories) Complete(all []report.Finding) {
	for i := range all {
		all[i].Exploited = a.day
	}
}

// TestStaleData: the age of advisory data is stated as a sentence, and stops the gate
// unless that is tolerated.
func TestStaleData(t *testing.T) {
	o := options(returns("a", Result{Covered: "1 file", Findings: []report.Finding{finding("R1", report.Low, "a.go", 1)}, Database: []Database{{Name: "osv/Go", Time: now}}}, nil))
	o.Advisories = advisories{[]Gap{{What: "osv/Go", Why: "is 9 days old (at most 7 days)", Remedy: "security-gate database update"}}, "2026-03-01"}
	r, _, err := Run(t.Context(), o)
	if err == nil || err.Error() != "advisory data: osv/Go is 9 days old (at most 7 days)\n  try: security-gate database update" {
		t.Errorf("error %v", err)
	}
	if c := row(t, r, "advisory data"); c.State != report.Inconclusive || c.Note != "osv/Go is 9 days old (at most 7 days)" || c.Result != "osv/Go of 2026-11-21" {
		t.Errorf("%+v", c)
	}
	if r.Findings[0].Exploited != "2026-03-01" {
		t.Errorf("not completed: %+v", r.Findings[0])
	}
	o.MissingDatabase = "warn"
	if r, _, err = Run(t.Context(), o); err != nil || r.Verdict != report.Warn || r.Reason != "not-everything-checked" {
		t.Errorf("tolerated: %s %s, %v", r.Verdict, r.Reason, err)
	}
}

// TestWaiverReasons: each case that needs attention has its own code; the more urgent
// one is named.
func TestWaiverReasons(t *testing.T) {
	waiver := func(id string, days int) Waiver {
		day := now.AddDate(0, 0, days)
		return Waiver{ID: id, Reason: "r", Owner: "ann", Expires: day.Format(time.DateOnly), until: day}
	}
	expired, unused, soon := waiver("R1", -1), waiver("R9", 30), waiver("R1", 3)
	for name, test := range map[string]struct {
		waivers []Waiver
		verdict report.Verdict
		reason  report.Reason
		title   string
	}{
		"expired":            {[]Waiver{expired}, report.Warn, "waiver-expired", "nothing blocks, but a waiver has expired"},
		"unused":             {[]Waiver{unused}, report.Warn, "waiver-unused", "nothing blocks, but a waiver matches no finding"},
		"unused and expired": {[]Waiver{unused, expired}, report.Warn, "waiver-expired", "nothing blocks, but a waiver has expired"},
		"expired and unused": {[]Waiver{expired, unused}, report.Warn, "waiver-expired", "nothing blocks, but a waiver has expired"},
		"ends soon":          {[]Waiver{soon}, report.Pass, "no-blocking-findings", "nothing blocks, 1 waived"},
	} {
		o := options(finds("a", finding("R1", report.Low, "a.go", 1)))
		o.Waivers = test.waivers
		if r := answer(t, o); r.Verdict != test.verdict || r.Reason != test.reason || r.Title != test.title {
			t.Errorf("%s: %s %s: %s", name, r.Verdict, r.Reason, r.Title)
		}
	}
}

// censor hides two words: one by its form, one because it was found.
type censor struct{}

func (censor) Redact(text string) string { return strings.ReplaceAll(text, "FORM", "***") }
func (c censor) Conceal(text string) string {
	return strings.ReplaceAll(c.Redact(text), "FOUND", "***")
}

// TestRedaction proves GP-GATE-7: names lose what is a secret by its form, sentences
// also what was found, wherever a scanner reports it.
func TestRedaction(t *testing.T) {
	f := report.Finding{Rule: "R-FORM", Aliases: []string{"A-FORM"}, Severity: report.High, Message: "quotes FOUND", Fix: "remove FORM",
		At: report.Location{Path: "dir/FORM"}, Also: []report.Location{{Path: "FORM"}}, Through: []string{"FORM"}, Fingerprint: "of dir/FORM"}
	o := options(
		returns("a", Result{Covered: "FORM", Findings: []report.Finding{f}, Missing: []Gap{{What: "FORM", Why: "FOUND", Remedy: "FORM"}}}, nil),
		scanner{"b", func(context.Context, Input) (Result, error) { panic("FOUND") }},
	)
	o.Secrets, o.Checkout, o.Scope = censor{}, []Gap{{What: "FORM", Why: "FORM", Remedy: "FORM"}}, "everything"
	o.Waivers = []Waiver{{Rule: "R-***", Path: "dir/*", Reason: "FOUND", Owner: "FORM", Expires: "2027-01-01", until: now.AddDate(0, 1, 0)}}
	r, _, err := Run(t.Context(), o)
	var log, summary strings.Builder
	if e := r.WriteLog(&log); e != nil {
		t.Fatal(e)
	}
	if e := r.WriteSummary(&summary, report.SummaryBudget); e != nil {
		t.Fatal(e)
	}
	for where, text := range map[string]string{"error": err.Error(), "log": log.String(), "summary": summary.String()} {
		if strings.Contains(text, "FORM") || strings.Contains(text, "FOUND") {
			t.Errorf("%s shows a secret:\n%s", where, text)
		}
	}
	if got := r.Findings[0]; got.Fingerprint != "of dir/***" || got.At.Path != "dir/***" {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff("dir/FORM", f.At.Path); diff != "" {
		t.Error(diff)
	}
}

// TestKnownLink: links of the base are not checked out. A finding in one that did not
// change is known, also when every file is examined.
func TestKnownLink(t *testing.T) {
	for _, test := range []struct {
		differs Changes
		want    report.Status
	}{{Changes{"other": true}, report.Known}, {Changes{"Dockerfile": true}, report.New}, {nil, report.New}} {
		o := options(scanner{"a", func(_ context.Context, in Input) (Result, error) {
			if in.Dir == "/base" {
				return Result{Covered: "x"}, nil
			}
			return Result{Covered: "x", Findings: []report.Finding{finding("R1", report.High, "Dockerfile", 1)}}, nil
		}})
		o.Files = []File{{Path: "Dockerfile", Link: true}}
		o.Against = against("1c0f", "Dockerfile")
		o.Against.Changed, o.Against.Differs = nil, test.differs
		if r := answer(t, o); r.Findings[0].Status != test.want {
			t.Errorf("differs %v: %s, want %s", test.differs, r.Findings[0].Status, test.want)
		}
	}
}

// TestKnownGap: GP-GATE-8, a partial gap that the base has too is a warning, because the
// change did not cause it; any other stops the gate.
func TestKnownGap(t *testing.T) {
	partial, whole := Gap{What: "Helm chart c", Why: "a value is required", Partial: true}, Gap{What: "go.mod"}
	for name, test := range map[string]struct {
		base, change []Gap
		want         report.State
	}{
		"known":                      {[]Gap{partial}, []Gap{partial}, report.Warned},
		"new":                        {nil, []Gap{partial}, report.Inconclusive},
		"known, and not partial":     {[]Gap{whole}, []Gap{whole}, report.Inconclusive},
		"known next to another":      {[]Gap{partial}, []Gap{partial, whole}, report.Inconclusive},
		"of another file than known": {[]Gap{{What: "Helm chart d", Partial: true}}, []Gap{partial}, report.Inconclusive},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(scanner{"a", func(_ context.Context, in Input) (Result, error) {
				if in.Dir == "/base" {
					return Result{Covered: "x", Missing: slices.Clone(test.base)}, nil
				}
				return Result{Covered: "x", Missing: slices.Clone(test.change)}, nil
			}})
			o.Files = []File{{Path: "c"}}
			o.Against = against("1c0f", "c")
			r, _, err := Run(t.Context(), o)
			c := r.Checks[slices.IndexFunc(r.Checks, func(c report.Check) bool { return strings.HasSuffix(c.Name, "(a)") })]
			if c.State != test.want || (err != nil) != (test.want == report.Inconclusive) {
				t.Errorf("%s %v, want %s", c.State, err, test.want)
			}
			if test.want == report.Warned && (r.Verdict != report.Warn || !strings.Contains(r.Title, "Helm chart c")) {
				t.Errorf("%s %s", r.Verdict, r.Title)
			}
		})
	}
}
