package data

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestPrepare proves GP-PREV-12: the seed gets the address of the preview, and a seed that
// fails is not recorded.
func TestPrepare(t *testing.T) {
	const log = `echo "$GOLDENPATH_URL $GOLDENPATH_ENVIRONMENT $GOLDENPATH_COMMIT" >> ran`
	for name, tt := range map[string]struct {
		run      string
		verdict  report.Verdict
		reason   report.Reason
		prepared string
		ran      int
	}{
		"passes": {log, report.Pass, "prepared", "seed", 1},
		"none":   {"", report.Skip, "prepared", "", 0},
		"fails":  {log + "; exit 3", report.Fail, "seed-failed", "", 1},
		"unset":  {"echo $NOTHING_OF_THE_KIND", report.Fail, "seed-failed", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GITHUB_TOKEN", "canary")
			dir := t.TempDir()
			r, err := Prepare(t.Context(), Options{Seed: Seed{Run: tt.run, Dir: dir}, Now: time.Now, Environment: Environment{Name: "preview/pr-12", URL: "http://pr-12", Commit: "abc"}})
			if err != nil {
				t.Fatal(err)
			}
			if r.Verdict != tt.verdict || r.Reason != tt.reason || r.Output("prepared") != tt.prepared {
				t.Errorf("%s %s, prepared %q", r.Verdict, r.Reason, r.Output("prepared"))
			}
			ran, _ := os.ReadFile(filepath.Join(dir, "ran"))
			if got := strings.Count(string(ran), "http://pr-12 preview/pr-12 abc"); got != tt.ran {
				t.Errorf("it ran %d times, want %d: %s", got, tt.ran, ran)
			}
		})
	}
}

// TestSeedEnvironment: a seed gets no variable of this process that may be a credential,
// unless the configuration names it, and then no output contains its value.
func TestSeedEnvironment(t *testing.T) {
	for _, name := range []string{"GITHUB_TOKEN", "INPUT_KUBECONFIG", "AWS_SESSION_TOKEN", "API_KEY"} {
		t.Setenv(name, "canary")
	}
	if c := (Seed{Run: "! env | grep canary", Dir: t.TempDir()}).Do(t.Context(), Environment{}); c.State != report.OK {
		t.Errorf("%+v", c)
	}
	s := Seed{Run: `test "$PGPASSWORD" = hunter22; echo "failed with $API_KEY and $PGPASSWORD" >&2; exit 3`, Dir: t.TempDir(), Variables: map[string]string{"API_KEY": "canary"}}
	c := s.Do(t.Context(), Environment{Connections: map[string]string{"PGPASSWORD": "hunter22"}})
	if !strings.Contains(c.Result, "failed with *** and ***") {
		t.Errorf("%+v", c)
	}
}

func TestPrepareStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r, err := Prepare(ctx, Options{Seed: Seed{Run: "true", Dir: t.TempDir()}, Now: time.Now}); err == nil {
		t.Errorf("report %+v", r)
	}
}
