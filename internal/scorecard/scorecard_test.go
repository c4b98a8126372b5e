package scorecard

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

const commit = "3f9c2d1000000000000000000000000000000000"

// checkout makes a folder of files.
func checkout(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func root(t *testing.T, files map[string]string) *os.Root {
	t.Helper()
	r, err := os.OpenRoot(checkout(t, files))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// goodCandidate has every input, and each is good.
func goodCandidate(t *testing.T) Options {
	return Options{
		App: "shop", Commit: commit, Digest: "sha256:1", Dir: checkout(t, map[string]string{"docs/requirements/votes.md": "| W2E-3 | votes are counted |\n", "db/0001.sql": "create table votes (id int);"}),
		JUnit: []string{goodTests(t)}, Messages: Known([]string{"count votes\n\nServes W2E-3."}),
		Gate:         &report.Report{Name: "security-gate", Commit: commit, Verdict: report.Pass, Title: "nothing blocks"},
		Requirements: "docs/requirements", Migrations: "db", NewMigrations: Known([]string{"db/0001.sql"}), Environment: "production", Previous: Known(&Previous{ID: "2026.11.21-1"}),
	}
}

func goodTests(t *testing.T) string {
	return file(t, "unit.xml", suite("shop", `<testcase name="TestVotes/W2E-3_are_counted"/>`))
}

func dimension(t *testing.T, r *report.Report, name string) Dimension {
	t.Helper()
	for _, d := range dataOf[*Card](t, r).Dimensions {
		if d.Name == name {
			return d
		}
	}
	t.Fatalf("no dimension %s", name)
	return Dimension{}
}

// TestGrade proves GP-SCORE-2: each dimension has a state, missing is never a pass,
// and scorecard.must decides which states fail the card.
func TestGrade(t *testing.T) {
	for name, test := range map[string]struct {
		change    func(*testing.T, *Options)
		must      []string
		dimension string
		state     report.State
		text      string // in the result or note
		verdict   report.Verdict
	}{
		"a good candidate": {nil, []string{"tests", "security", "requirements", "rollback", "migrations"}, "tests", report.OK, "1 passed", report.Pass},

		"tests missing": {func(_ *testing.T, o *Options) { o.JUnit, o.Messages = nil, Known[[]string](nil) }, nil, "tests", report.Missing, "no JUnit file", report.Warn},
		"NEWCOMER 11 tests: no JUnit is declared": {func(_ *testing.T, o *Options) { o.JUnit, o.NoJUnit, o.Messages = nil, true, Known[[]string](nil) }, nil, "tests", report.NotApplicable, "no check writes JUnit", report.Warn},
		"tests: none is declared, a must":         {func(_ *testing.T, o *Options) { o.JUnit, o.NoJUnit = nil, true }, []string{"tests"}, "tests", report.Missing, "no check writes JUnit", report.Fail},
		"tests missing, a must":                   {func(_ *testing.T, o *Options) { o.JUnit = nil }, []string{"tests"}, "tests", report.Missing, "no JUnit file", report.Fail},
		"tests failed": {func(t *testing.T, o *Options) { o.JUnit = append(o.JUnit, file(t, "e2e.xml", suite("e2e", fail))) },
			nil, "tests", report.Failed, "1 failed", report.Fail},
		"tests flaky, a must": {func(t *testing.T, o *Options) { o.JUnit = append(o.JUnit, file(t, "e2e.xml", suite("e2e", fail+pass))) },
			[]string{"tests"}, "tests", report.Warned, "flaky: t", report.Warn},

		"security missing":                {func(_ *testing.T, o *Options) { o.Gate = nil }, nil, "security", report.Missing, "has not run", report.Warn},
		"security missing, a must":        {func(_ *testing.T, o *Options) { o.Gate = nil }, []string{"security"}, "security", report.Missing, "has not run", report.Fail},
		"security of another commit":      {func(_ *testing.T, o *Options) { o.Gate.Commit = "1c0f" }, []string{"security"}, "security", report.Missing, "is about commit 1c0f", report.Fail},
		"security warns":                  {func(_ *testing.T, o *Options) { o.Gate.Verdict = report.Warn }, []string{"security"}, "security", report.Warned, "nothing blocks", report.Warn},
		"security blocks":                 {func(_ *testing.T, o *Options) { o.Gate.Verdict = report.Fail }, nil, "security", report.Failed, "nothing blocks", report.Fail},
		"security looked at nothing":      {func(_ *testing.T, o *Options) { o.Gate.Verdict = report.Skip }, []string{"security"}, "security", report.Missing, "", report.Fail},
		"security with an unknown answer": {func(_ *testing.T, o *Options) { o.Gate.Verdict = "great" }, nil, "security", report.Failed, "", report.Fail},

		"requirements: none defined":         {func(_ *testing.T, o *Options) { o.Requirements = "docs/none" }, nil, "requirements", report.NotApplicable, "no requirement ids", report.Pass},
		"requirements: none defined, a must": {func(_ *testing.T, o *Options) { o.Requirements = "" }, []string{"requirements"}, "requirements", report.Missing, "no requirement ids", report.Fail},
		"requirements: none touched":         {func(_ *testing.T, o *Options) { o.Messages = Known[[]string](nil) }, nil, "requirements", report.Warned, "name none of 1 requirements; 1 have a test", report.Warn},
		"requirements: unknown":              {func(_ *testing.T, o *Options) { o.Messages = Known([]string{"W2E-99"}) }, nil, "requirements", report.Failed, "named in commits, but not defined: W2E-99", report.Fail},
		"requirements: touched, no test": {func(t *testing.T, o *Options) { o.JUnit = []string{file(t, "u.xml", suite("s", pass))} },
			nil, "requirements", report.Failed, "named in commits, but without a passing test: W2E-3", report.Fail},
		"requirements: only a failing test": {func(t *testing.T, o *Options) {
			o.JUnit = []string{file(t, "u.xml", suite("s", `<testcase name="W2E-3"><failure/></testcase>`+pass))}
		}, nil, "requirements", report.Failed, "named in commits, but without a passing test: W2E-3", report.Fail},
		"requirements: only a flaky test": {func(t *testing.T, o *Options) {
			o.JUnit = []string{file(t, "u.xml", suite("s", `<testcase name="W2E-3"><flakyFailure/></testcase>`+pass))}
		}, nil, "requirements", report.Failed, "named in commits, but without a passing test: W2E-3", report.Fail},

		"rollback: first release": {func(_ *testing.T, o *Options) { o.Previous = Known[*Previous](nil) }, []string{"rollback"}, "rollback", report.NotApplicable, "first release", report.Pass},
		"GP-SCORE-8 rollback: ledger unread": {func(_ *testing.T, o *Options) {
			o.Previous = Unknown[*Previous](errors.New("read the ledger: who are you?"))
		}, []string{"rollback"}, "rollback", report.Missing, "cannot determine the previous release: read the ledger: who are you?", report.Fail},
		"GP-SCORE-8 rollback: not pullable": {func(_ *testing.T, o *Options) { o.Previous = Known(&Previous{Pullable: errors.New("no such image")}) }, []string{"rollback"}, "rollback", report.Missing, "cannot be pulled", report.Fail},

		"rollback: not asked for":              {func(_ *testing.T, o *Options) { o.Previous = Input[*Previous]{} }, []string{"rollback"}, "rollback", report.Missing, "no input was provided", report.Fail},
		"rollback: no environment":             {func(_ *testing.T, o *Options) { o.Environment = "" }, nil, "rollback", report.NotApplicable, "no environment is configured", report.Pass},
		"GP-SCORE-7 migrations: not asked for": {func(_ *testing.T, o *Options) { o.NewMigrations = Input[[]string]{} }, []string{"migrations"}, "migrations", report.Missing, "no input was provided", report.Fail},
		"GP-SCORE-7 migrations: history unread": {func(_ *testing.T, o *Options) {
			o.NewMigrations = Unknown[[]string](errors.New("the clone is shallow"))
		}, nil, "migrations", report.Missing, "the clone is shallow", report.Warn},
		"GP-SCORE-7 migrations: none":             {func(_ *testing.T, o *Options) { o.NewMigrations = Known[[]string](nil) }, nil, "migrations", report.OK, "none", report.Pass},
		"GP-SCORE-3 requirements: history unread": {func(_ *testing.T, o *Options) { o.Messages = Unknown[[]string](errors.New("the clone is shallow")) }, []string{"requirements"}, "requirements", report.Missing, "the clone is shallow", report.Fail},
		"GP-SCORE-3 requirements: read in part, and wrong": {func(_ *testing.T, o *Options) {
			o.Messages = Partial([]string{"W2E-99"}, errors.New("more than 200 commits"))
		}, nil, "requirements", report.Failed, "named in commits, but not defined: W2E-99", report.Fail},
		"GP-SCORE-3 requirements: read in part, and right": {func(_ *testing.T, o *Options) {
			o.Messages = Partial([]string{"W2E-3"}, errors.New("more than 200 commits"))
		}, nil, "requirements", report.Missing, "more than 200 commits", report.Warn},

		"migrations: not configured":               {func(_ *testing.T, o *Options) { o.Migrations = "" }, nil, "migrations", report.NotApplicable, "", report.Pass},
		"migrations: not configured, a must":       {func(_ *testing.T, o *Options) { o.Migrations = "" }, []string{"migrations"}, "migrations", report.Missing, "scorecard.must requires it", report.Fail},
		"migrations: gone":                         {func(_ *testing.T, o *Options) { o.NewMigrations = Known([]string{"db/0009.sql"}) }, []string{"migrations"}, "migrations", report.Missing, "cannot be read", report.Fail},
		"performance: not configured":              {nil, nil, "performance", report.NotApplicable, "", report.Pass},
		"performance: not configured, a must":      {nil, []string{"performance"}, "performance", report.Missing, "scorecard.must requires it", report.Fail},
		"ai-evals: not configured, a must":         {nil, []string{"ai-evals"}, "ai-evals", report.Missing, "scorecard.must requires it", report.Fail},
		"readiness warns, also where it is a must": {nil, []string{"readiness"}, "readiness", report.Warned, "missing: ", report.Warn},
	} {
		t.Run(name, func(t *testing.T) {
			o := goodCandidate(t)
			o.Must = test.must
			if test.change != nil {
				test.change(t, &o)
			}
			r, err := Grade(o)
			if err != nil {
				t.Fatal(err)
			}
			d := dimension(t, r, test.dimension)
			if d.State != test.state || !strings.Contains(d.Result+" | "+d.Note, test.text) || d.Must != slices.Contains(test.must, d.Name) {
				t.Errorf("%+v, want %s and %q", d, test.state, test.text)
			}
			if r.Verdict != test.verdict || r.Output("verdict") != string(r.Verdict) || r.Output("reason") != string(r.Reason) {
				t.Errorf("%s %s: %s; want %s", r.Verdict, r.Reason, r.Title, test.verdict)
			}
			if named := strings.Contains(r.Title, test.dimension); r.Verdict == report.Fail && !named {
				t.Errorf("title %q", r.Title)
			}
			if c := r.Checks[slices.IndexFunc(r.Checks, func(c report.Check) bool { return c.Name == test.dimension })]; c.State != d.State {
				t.Errorf("row %+v", c)
			}
		})
	}
}

// TestCard proves GP-SCORE-1: the JSON names one commit and digest, and reads back
// unchanged.
func TestCard(t *testing.T) {
	o := goodCandidate(t)
	r, err := Grade(o)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Schema, Commit, Digest string
		Data                   Card
	}
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	want := *dataOf[*Card](t, r)
	if diff := cmp.Diff(want, got.Data, cmpopts.IgnoreUnexported(Requirements{}, Tests{}, Dimension{})); diff != "" {
		t.Errorf("card (-want +got):\n%s", diff)
	}
	if got.Schema != "goldenpath.scorecard/v1" || got.Data.Schema != "goldenpath.scorecard-card/v1" || got.Commit != commit || got.Digest != "sha256:1" {
		t.Errorf("%s %s %s", got.Schema, got.Commit, got.Digest)
	}
	var names []string
	for _, d := range want.Dimensions {
		names = append(names, d.Name)
	}
	if diff := cmp.Diff([]string{"requirements", "tests", "performance", "security", "ai-evals", "migrations", "rollback", "readiness"}, names); diff != "" {
		t.Errorf("dimensions (-want +got):\n%s", diff)
	}
	for _, list := range []string{`"flaky": []`, `"broken": []`, `"unknown": []`, `"uncovered": []`} {
		if !strings.Contains(b.String(), list) {
			t.Errorf("%s is not in the JSON", list)
		}
	}
}

func TestGradeUsage(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"an unknown dimension":          func(o *Options) { o.Must = []string{"tests", "test", "secuirty"} },
		"no JUnit":                      func(o *Options) { o.JUnit = []string{filepath.Join(o.Dir, "db/0001.sql")} },
		"requirements are a file":       func(o *Options) { o.Requirements = "docs/requirements/votes.md" },
		"requirements are out of reach": func(o *Options) { o.Requirements = "../.." },
	} {
		o := goodCandidate(t)
		change(&o)
		if _, err := Grade(o); report.ExitCode(nil, err) != report.ExitUsage {
			t.Errorf("%s: error %v", name, err)
		} else if name == "an unknown dimension" && strings.Count(err.Error(), "\n") != 1 {
			t.Errorf("not every mistake is named: %v", err)
		}
	}
	if _, err := Grade(Options{Dir: filepath.Join(t.TempDir(), "gone")}); err == nil {
		t.Error("a checkout that is not there was graded")
	}
}

// TestHostileCheckout proves GP-SAFE-2: grading reads nothing outside the
// checkout, and does not wait for a pipe.
func TestHostileCheckout(t *testing.T) {
	outside := checkout(t, map[string]string{"secret.md": "- W2E-3 from outside\nmodel: x\n", "Dockerfile": "FROM x"})
	dir := checkout(t, map[string]string{"docs/requirements/a.md": "- W2E-1 x\n"})
	for from, to := range map[string]string{
		"Dockerfile": filepath.Join(outside, "Dockerfile"), "README.md": "/dev/zero", "docs/runbooks": outside, "docs/requirements/b.md": filepath.Join(outside, "secret.md"),
		"db.sql": "/dev/zero",
	} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "llm"), 0o755), syscall.Mkfifo(filepath.Join(dir, "llm", "a.md"), 0o600)); err != nil {
		t.Fatal(err)
	}
	o := goodCandidate(t)
	o.Dir, o.Prompts, o.NewMigrations, o.Messages = dir, "llm", Known([]string{"db.sql", "../x.sql"}), Known[[]string](nil)
	r, err := Grade(o)
	if err != nil {
		t.Fatal(err)
	}
	card := dataOf[*Card](t, r)
	for _, i := range card.Readiness {
		if i.Found && i.Name != "requirements with ids" {
			t.Errorf("%+v", i)
		}
	}
	if diff := cmp.Diff([]string{"W2E-1"}, card.Requirements.Defined); diff != "" {
		t.Errorf("defined (-want +got):\n%s", diff)
	}
	if d := dimension(t, r, "migrations"); d.State != report.Missing {
		t.Errorf("%+v", d)
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
