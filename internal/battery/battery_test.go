package battery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

func TestMain(m *testing.M) {
	os.Setenv("GITHUB_TOKEN", "ghs_of_the_caller")
	os.Setenv("ACTIONS_RUNTIME_TOKEN", "of_the_runner")
	os.Exit(m.Run())
}

func options(t *testing.T) Options {
	t.Helper()
	return Options{
		App: "shop", Commit: "3f9c2d1", Dir: t.TempDir(), Out: t.TempDir(), Env: map[string]string{"GOLDENPATH_COMMIT": "3f9c2d1"},
		Now: func() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) },
	}
}

func command(name, run string) config.Step { return config.Step{Name: name, Run: run} }

// rows are the checks as "name state: result".
func rows(r *report.Report) []string {
	var out []string
	for _, c := range r.Checks {
		out = append(out, fmt.Sprintf("%s %s: %s", c.Name, c.State, c.Result))
	}
	return out
}

func must(t *testing.T, r *report.Report, err error) *report.Report {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if r.Output("verdict") != string(r.Verdict) || r.Output("reason") != string(r.Reason) {
		t.Errorf("outputs %v, verdict %s %s", r.Outputs, r.Verdict, r.Reason)
	}
	return r
}

// TestChecks proves GP-PATH-5: checks run in their order until the first one fails.
func TestChecks(t *testing.T) {
	for name, test := range map[string]struct {
		steps   config.Steps
		verdict report.Verdict
		reason  string
		title   string
		want    []string
	}{
		"all pass": {
			config.Steps{command("lint", "echo lint >> order"), command("unit", "echo unit >> order; cmp order - <<E\nlint\nunit\nE")},
			report.Pass, "passed", "2 checks passed", []string{"lint pass: ok", "unit pass: ok"},
		},
		"the first failure ends the run": {
			config.Steps{command("lint", "exit 3"), command("unit", "touch ran"), command("types", "touch ran")},
			report.Fail, "check-failed", "lint failed",
			[]string{"lint fail: exit status 3", "unit skip: not run: an earlier check failed", "types skip: not run: an earlier check failed"},
		},
		"a line that fails within": {
			config.Steps{command("lint", "false; true")}, report.Fail, "check-failed", "lint failed", []string{"lint fail: exit status 1"},
		},
		"a timeout": {
			config.Steps{{Name: "slow", Run: "sleep 1000", Timeout: config.Duration(50 * time.Millisecond)}},
			report.Fail, "check-failed", "slow failed", []string{"slow fail: sh: stopped after 50ms"},
		},
		"nothing is declared": {nil, report.Skip, "nothing-declared", "nothing is declared in .goldenpath.yml", nil},
		"no JUnit file": {
			config.Steps{{Name: "unit", Run: "true", JUnit: "reports/*.xml"}, command("types", "touch ran")},
			report.Fail, "check-failed", "unit failed", []string{"unit missing: no JUnit file", "types skip: not run: an earlier check failed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			r, err := Checks(t.Context(), test.steps, o)
			must(t, r, err)
			if r.Verdict != test.verdict || string(r.Reason) != test.reason || r.Title != test.title {
				t.Errorf("%s %s: %s", r.Verdict, r.Reason, r.Title)
			}
			if diff := cmp.Diff(test.want, rows(r)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if _, err := os.Stat(filepath.Join(o.Dir, "ran")); err == nil {
				t.Error("a check ran after the one that failed")
			}
		})
	}
}

// TestOutputIsKept proves GP-SAFE-2: all output is in a file, its end is in the
// report, and nothing in it works as markup or as a workflow command.
func TestOutputIsKept(t *testing.T) {
	o := options(t)
	line := `printf 'first\n'; i=0; while [ $i -lt 100 ]; do echo "line $i"; i=$((i+1)); done; printf '\033[31mred\033[0m \342\200\256\n::error::forged\n</details><script>\n'; echo diagnosis >&2; exit 1`
	r, err := Checks(t.Context(), config.Steps{command("unit", line)}, o)
	must(t, r, err)
	log, err := os.ReadFile(filepath.Join(o.Out, "unit.log"))
	if err != nil || !strings.Contains(string(log), "first\nline 0\n") || !strings.Contains(string(log), "diagnosis\n") {
		t.Errorf("log %q, %v", log, err)
	}
	s := r.Sections[0]
	if s.Title != "unit: end of its output" || !s.Open || strings.Count(s.Text, "\n") != 30 || strings.Contains(s.Text, "first") || !strings.Contains(s.Text, "line 99\n") {
		t.Errorf("section %q:\n%s", s.Title, s.Text)
	}
	var summary, text strings.Builder
	if err := errors.Join(r.WriteSummary(&summary, report.SummaryBudget), r.WriteLog(&text)); err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{summary.String(), text.String()} {
		if strings.ContainsAny(got, "\x1b\u202e") || !strings.Contains(got, "red") {
			t.Errorf("control characters, or nothing, are shown:\n%q", got)
		}
	}
	for l := range strings.Lines(text.String()) {
		if strings.HasPrefix(strings.TrimSpace(l), "::") {
			t.Errorf("a workflow command in the log: %q", l)
		}
	}
	if strings.Contains(summary.String(), "\n</details><script>\n") && !strings.Contains(summary.String(), "```text\n") {
		t.Errorf("output outside a fence:\n%s", summary.String())
	}
}

// TestSecrets proves GP-SAFE-1: a declared command has no access to credentials of
// the caller.
func TestSecrets(t *testing.T) {
	o := options(t)
	r, err := Checks(t.Context(), config.Steps{command("env", `test -z "${GITHUB_TOKEN-}${ACTIONS_RUNTIME_TOKEN-}" && test "$GOLDENPATH_COMMIT" = 3f9c2d1 && test -n "$PATH"`)}, o)
	if must(t, r, err).Verdict != report.Pass {
		t.Errorf("%s\n%+v", r.Title, r.Sections)
	}
}

// TestJUnit proves that the copies are of what the command wrote, and that a
// command without any does not pass.
func TestJUnit(t *testing.T) {
	for name, test := range map[string]struct {
		run, glob string
		row       string
		copies    []string // their contents
	}{
		"it wrote two":               {"mkdir -p r; echo a > r/a.xml; echo b > r/b.xml", "r/*.xml", "unit pass: 2 JUnit files", []string{"a\n", "b\n"}},
		"in two modules":             {"mkdir -p m/n/r r; echo a > m/n/r/a.xml; echo b > r/b.xml", "**/r/*.xml", "unit pass: 2 JUnit files", []string{"a\n", "b\n"}},
		"it failed, and wrote one":   {"echo a > a.xml; exit 1", "*.xml", "unit fail: exit status 1", []string{"a\n"}},
		"it wrote none":              {"true", "*.xml", "unit missing: no JUnit file", nil},
		"it failed, and wrote none":  {"exit 1", "*.xml", "unit fail: exit status 1", nil},
		"the commit has one already": {"true", "old.xml", "unit missing: no JUnit file", nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			if err := os.WriteFile(filepath.Join(o.Dir, "old.xml"), []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := Checks(t.Context(), config.Steps{{Name: "unit", Run: test.run, JUnit: test.glob}}, o)
			must(t, r, err)
			var got []string
			for _, f := range dataOf[Data](t, r).JUnit {
				b, err := os.ReadFile(f)
				if err != nil || !strings.HasPrefix(f, o.Out) {
					t.Errorf("a copy at %s: %v", f, err)
				}
				got = append(got, string(b))
			}
			if diff := cmp.Diff(test.copies, got); diff != "" {
				t.Errorf("copies (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{test.row}, rows(r)); diff != "" {
				t.Errorf("row (-want +got):\n%s", diff)
			}
			if named := strings.Contains(r.Checks[0].Note, test.glob); named != (test.copies == nil) {
				t.Errorf("note %q", r.Checks[0].Note)
			}
		})
	}
	for glob, want := range map[string]string{"[": "is not a valid glob pattern", "r.xml": "path escapes"} {
		r, err := Checks(t.Context(), config.Steps{{Name: "unit", Run: "ln -s /etc/hostname r.xml", JUnit: glob}}, options(t))
		if report.ExitCode(r, err) != report.ExitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want a usage error with %q", glob, err, want)
		}
	}
}

func server(t *testing.T) string {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "fine") })
	mux.HandleFunc("/teapot", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	mux.Handle("/moved", http.RedirectHandler("/healthz", http.StatusFound))
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		fmt.Fprint(w, "half")
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// TestRun proves that smoke requests and commands run against the given URL, and what
// each response means.
func TestRun(t *testing.T) {
	url := server(t)
	o := options(t)
	o.Env["GOLDENPATH_URL"] = "http://another.example.com" // replaced by the URL of the report
	b := config.Battery{
		Smoke: []config.Smoke{
			{Get: "/healthz", Status: 200}, {Get: "/healthz", Status: 200, Contains: "fine"}, {Get: "/teapot", Status: 418}, {Get: "/moved", Status: 302},
			{Get: "/teapot", Status: 200}, {Get: "/healthz", Status: 200, Contains: "better"}, {Get: "/moved", Status: 200}, {Get: "/broken", Status: 200},
		},
		Steps: config.Steps{command("contract", `test "$GOLDENPATH_URL" = `+url), command("e2e", "exit 4")},
	}
	r, err := Run(t.Context(), b, "staging", url, o)
	must(t, r, err)
	want := []string{
		"GET /healthz pass: status 200", "GET /healthz pass: status 200", "GET /teapot pass: status 418", "GET /moved pass: status 302",
		"GET /teapot fail: status 418, want 200", `GET /healthz fail: the response does not contain "better"`, "GET /moved fail: status 302, want 200",
		"GET /broken fail: unexpected EOF", "contract pass: ok", "e2e fail: exit status 4",
	}
	if diff := cmp.Diff(want, rows(r)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if r.Verdict != report.Fail || r.Reason != "check-failed" || r.Title != "GET /teapot, GET /healthz, GET /moved, GET /broken, and e2e failed" {
		t.Errorf("%s %s: %s", r.Verdict, r.Reason, r.Title)
	}
	if d := dataOf[Data](t, r); d.Environment != "staging" || d.URL != url || d.JUnit == nil {
		t.Errorf("data %+v", d)
	}
}

func TestRunUnreachable(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	r, err := Run(t.Context(), config.Battery{Smoke: []config.Smoke{{Get: "/healthz", Status: 200}}}, "staging", s.URL, options(t))
	if must(t, r, err).Verdict != report.Fail || !strings.Contains(r.Checks[0].Result, "connection refused") {
		t.Errorf("%+v", r.Checks)
	}
	r, err = Run(t.Context(), config.Battery{}, "staging", s.URL, options(t))
	if must(t, r, err).Verdict != report.Skip {
		t.Errorf("nothing declared: %s", r.Verdict)
	}
}

// TestRunIsParallel proves that four commands of a battery run at the same time.
func TestRunIsParallel(t *testing.T) {
	o := options(t)
	var steps config.Steps
	for i := range 4 { // each waits for all the others
		steps = append(steps, config.Step{Name: fmt.Sprint(i), Run: fmt.Sprintf("touch in%d; until test -e in0 && test -e in1 && test -e in2 && test -e in3; do sleep 0.01; done", i), Timeout: config.Duration(20 * time.Second)})
	}
	r, err := Run(t.Context(), config.Battery{Steps: steps}, "staging", "http://127.0.0.1:1", o)
	if must(t, r, err).Verdict != report.Pass {
		t.Errorf("%v", rows(r))
	}
}

// TestStopped proves that an interrupted run is an error: a request that was cut off
// is not a failed request.
func TestStopped(t *testing.T) {
	reason := errors.New("interrupt")
	ctx, cancel := context.WithCancelCause(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel(reason)
		<-r.Context().Done()
	}))
	defer s.Close()
	if r, err := Run(ctx, config.Battery{Smoke: []config.Smoke{{Get: "/", Status: 200}}}, "staging", s.URL, options(t)); !errors.Is(err, reason) {
		t.Errorf("report %+v, error %v", r, err)
	}
	if r, err := Checks(ctx, config.Steps{command("unit", "true")}, options(t)); !errors.Is(err, reason) {
		t.Errorf("report %+v, error %v", r, err)
	}
}

// TestNotStarted proves that a command that cannot start is an error, not a failed
// check.
func TestNotStarted(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no guard":    func(o *Options) { o.Guard = []string{filepath.Join(o.Dir, "no-such-guard")} },
		"no checkout": func(o *Options) { o.Dir = filepath.Join(o.Dir, "gone") },
		"no folder":   func(o *Options) { o.Out = filepath.Join(o.Dir, "gone") },
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			change(&o)
			r, err := Checks(t.Context(), config.Steps{command("unit", "true")}, o)
			if report.ExitCode(r, err) != report.ExitFailure || !strings.HasPrefix(err.Error(), "check unit: ") {
				t.Errorf("report %+v, error %v", r, err)
			}
		})
	}
}

func TestWith(t *testing.T) {
	env := map[string]string{"A": "1", "URL": "old"}
	if diff := cmp.Diff(map[string]string{"A": "1", "URL": "new"}, with(env, "URL", "new")); diff != "" || env["URL"] != "old" {
		t.Error(diff, env)
	}
	if got := with(nil, "A", "1"); got["A"] != "1" {
		t.Error(got)
	}
}

func TestSay(t *testing.T) {
	var said []string
	o := options(t)
	o.Say = func(what string) { said = append(said, what) }
	if _, err := Checks(t.Context(), config.Steps{command("lint", "true")}, o); err != nil || !slices.Equal(said, []string{"lint: true"}) {
		t.Errorf("%q, %v", said, err)
	}
}

func dataOf[T any](t *testing.T, r *report.Report) T {
	t.Helper()
	v, err := report.DataOf[T](r)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
