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
	"syscall"
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

// TestChecks proves GP-PATH-5: in the order they are written, to the first that
// fails.
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
		"the first that fails ends it": {
			config.Steps{command("lint", "exit 3"), command("unit", "touch ran"), command("types", "touch ran")},
			report.Fail, "check-failed", "lint failed",
			[]string{"lint fail: exit status 3", "unit skip: not run: a check before it failed", "types skip: not run: a check before it failed"},
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
			config.Steps{{Name: "unit", Run: "true", JUnit: "reports/*.xml"}},
			report.Fail, "check-failed", "unit failed", []string{"unit missing: wrote no JUnit file: nothing matches reports/*.xml"},
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

// TestOutputIsKept proves that all of it is in a file, its end in the report, and
// that nothing in it can act on a surface (GP-SAFE-2).
func TestOutputIsKept(t *testing.T) {
	o := options(t)
	line := `printf 'first\n'; i=0; while [ $i -lt 100 ]; do echo "line $i"; i=$((i+1)); done; printf '\033[31mred\033[0m \342\200\256\n::error::forged\n</details><script>\n'; echo told >&2; exit 1`
	r, err := Checks(t.Context(), config.Steps{command("unit", line)}, o)
	must(t, r, err)
	log, err := os.ReadFile(filepath.Join(o.Out, "unit.log"))
	if err != nil || !strings.Contains(string(log), "first\nline 0\n") || !strings.Contains(string(log), "told\n") {
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

// TestSecrets proves GP-SAFE-1: a declared command meets no credential of the
// caller.
func TestSecrets(t *testing.T) {
	o := options(t)
	r, err := Checks(t.Context(), config.Steps{command("env", `test -z "${GITHUB_TOKEN-}${ACTIONS_RUNTIME_TOKEN-}" && test "$GOLDENPATH_COMMIT" = 3f9c2d1 && test -n "$PATH"`)}, o)
	if must(t, r, err).Verdict != report.Pass {
		t.Errorf("%s\n%+v", r.Title, r.Sections)
	}
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(content), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// TestJUnitIsKept proves that the copies are of what this command wrote, and of
// nothing else.
func TestJUnitIsKept(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret.xml")
	write(t, secret, "secret")
	for name, test := range map[string]struct {
		prepare func(dir string)
		run     string
		glob    string
		want    []string // contents of the copies
		missing bool
		usage   string
	}{
		"what it wrote":        {run: "mkdir -p r; echo a > r/a.xml; echo b > r/b.xml; echo c > r/c.txt", glob: "r/*.xml", want: []string{"a\n", "b\n"}},
		"also when it failed":  {run: "mkdir r; echo a > r/a.xml; exit 1", glob: "r/*.xml", want: []string{"a\n"}},
		"written over":         {prepare: func(dir string) { write(t, dir+"/r/a.xml", "old") }, run: "echo new > r/a.xml", glob: "r/*.xml", want: []string{"new\n"}},
		"a link inside":        {run: "mkdir r; echo a > a; ln -s ../a r/a.xml", glob: "r/*.xml", want: []string{"a\n"}},
		"what the commit has":  {prepare: func(dir string) { write(t, dir+"/r/a.xml", "old") }, run: "true", glob: "r/*.xml", missing: true},
		"outside":              {run: "true", glob: "../*.xml", missing: true},
		"outside by a rooted":  {run: "true", glob: filepath.Dir(secret) + "/*.xml", missing: true},
		"a folder that leaves": {run: "ln -s " + filepath.Dir(secret) + " r", glob: "r/*.xml", missing: true},
		"a link that leaves":   {run: "mkdir r; ln -s " + secret + " r/a.xml", glob: "r/*.xml", usage: "escapes"},
		"a link to nowhere":    {run: "mkdir r; ln -s nowhere r/a.xml", glob: "r/*.xml", usage: "no such file"},
		"a pipe":               {prepare: func(dir string) { _ = syscall.Mkfifo(dir+"/a.xml", 0o600) }, run: "touch a.xml", glob: "*.xml", usage: "a.xml is no file"},
		"a folder":             {run: "mkdir a.xml", glob: "*.xml", usage: "a.xml is no file"},
		"too large":            {run: "truncate -s 70M a.xml", glob: "*.xml", usage: "a.xml is no file of at most"},
		"no glob":              {run: "true", glob: "[", usage: "is no glob"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			if test.prepare != nil {
				test.prepare(o.Dir)
			}
			r, err := Checks(t.Context(), config.Steps{{Name: "unit", Run: test.run, JUnit: test.glob}}, o)
			if test.usage != "" {
				if report.ExitCode(r, err) != report.ExitUsage || !strings.Contains(err.Error(), test.usage) {
					t.Errorf("error %v, want a usage error with %q", err, test.usage)
				}
				return
			}
			must(t, r, err)
			var got []string
			for _, f := range dataOf[Data](t, r).JUnit {
				if !strings.HasPrefix(f, o.Out) {
					t.Errorf("a copy at %s", f)
				}
				b, err := os.ReadFile(f)
				if err != nil {
					t.Error(err)
				}
				got = append(got, string(b))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("copies (-want +got):\n%s", diff)
			}
			if missing := r.Checks[0].State == report.Missing; missing != test.missing {
				t.Errorf("row %+v", r.Checks[0])
			}
		})
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

// TestRun proves that smoke requests and commands run against the URL they are
// given, and what each answer means.
func TestRun(t *testing.T) {
	url := server(t)
	o := options(t)
	o.Env["GOLDENPATH_URL"] = "http://another.example.com" // the URL of the report counts
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
		"GET /teapot fail: status 418, want 200", `GET /healthz fail: the answer does not contain "better"`, "GET /moved fail: status 302, want 200",
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

// Commands of a battery run beside each other, at most four at a time.
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

// TestStopped proves that a run that was stopped gives no answer: a request that
// was cut off is no failed request.
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

// A command that cannot be started is no failed check.
func TestNoAnswer(t *testing.T) {
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
