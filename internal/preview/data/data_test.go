package data

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestPrepare proves GP-PREV-12: migrations run before the seed, and a failure stops
// what follows.
func TestPrepare(t *testing.T) {
	const log = `; echo "$GOLDENPATH_URL $GOLDENPATH_ENVIRONMENT $GOLDENPATH_COMMIT" >> ran`
	both := Steps{Migrate: "printf migrate' '" + log, Seed: "printf seed' '" + log}
	for name, tt := range map[string]struct {
		steps    Steps
		only     []string
		verdict  report.Verdict
		reason   report.Reason
		prepared string
		ran      int
		err      string
	}{
		"both":            {both, nil, report.Pass, "prepared", "migrate,seed", 2, ""},
		"one of two":      {both, []string{Seed}, report.Pass, "prepared", "seed", 1, ""},
		"none":            {Steps{}, nil, report.Skip, "prepared", "", 0, ""},
		"migration fails": {Steps{Migrate: "exit 3", Seed: "true" + log}, nil, report.Fail, "seed-failed", "", 0, ""},
		"seed fails":      {Steps{Migrate: "true" + log, Seed: "exit 3"}, nil, report.Fail, "seed-failed", "migrate", 1, ""},
		"not configured":  {Steps{Seed: "true" + log}, []string{Migrate}, "", "", "", 0, "preview.migrate is not in .goldenpath.yml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GITHUB_TOKEN", "canary")
			dir := t.TempDir()
			r, err := Prepare(t.Context(), Options{Steps: tt.steps, Only: tt.only, Now: time.Now, Environment: Environment{Name: "preview/pr-12", URL: "http://pr-12", Commit: "abc", Dir: dir}})
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if r.Verdict != tt.verdict || r.Reason != tt.reason || r.Output("prepared") != tt.prepared {
				t.Errorf("%s %s, prepared %q", r.Verdict, r.Reason, r.Output("prepared"))
			}
			ran, _ := os.ReadFile(filepath.Join(dir, "ran"))
			if got := strings.Count(string(ran), "http://pr-12 preview/pr-12 abc"); got != tt.ran {
				t.Errorf("%d steps ran, want %d: %s", got, tt.ran, ran)
			}
		})
	}
}

// A step gets no variable of this process that may be a credential.
func TestStepEnvironment(t *testing.T) {
	for _, name := range []string{"GITHUB_TOKEN", "INPUT_KUBECONFIG", "AWS_SESSION_TOKEN", "DATABASE_URL"} {
		t.Setenv(name, "canary")
	}
	c := Steps{Seed: "! env | grep canary"}.Run(t.Context(), Seed, Environment{Dir: t.TempDir()})
	if c.State != report.OK {
		t.Errorf("%+v", c)
	}
}

func TestPrepareStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r, err := Prepare(ctx, Options{Steps: Steps{Seed: "true"}, Now: time.Now, Environment: Environment{Dir: t.TempDir()}}); err == nil {
		t.Errorf("report %+v", r)
	}
}

func TestSplit(t *testing.T) {
	for text, want := range map[string][]string{"": nil, "seed": {Seed}, "migrate,seed": {Migrate, Seed}} {
		got, err := Split(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil || Join(got) != text {
			t.Errorf("%q: %v %s", text, err, diff)
		}
	}
	for _, text := range []string{"everything", "seed,", "seed;migrate", " seed"} {
		if got, err := Split(text); err == nil {
			t.Errorf("%q is accepted as %q", text, got)
		}
	}
}
