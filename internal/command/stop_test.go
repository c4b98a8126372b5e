package command

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/runner"
)

type app struct {
	Try try `cmd:""`
}

type try struct {
	do func(context.Context) (*report.Report, error)
}

func (c *try) Do(ctx context.Context, _ *Env) (*report.Report, error) { return c.do(ctx) }

// TestStop: a command that was stopped has its time to answer; one that does not in
// a run of a workflow is left behind, before the runner kills it.
func TestStop(t *testing.T) {
	answer := func(context.Context) (*report.Report, error) {
		return &report.Report{Name: "try", Verdict: report.Pass, Reason: "done", Title: "done"}, nil
	}
	for name, tt := range map[string]struct {
		do   func(context.Context) (*report.Report, error)
		step bool
		code int
		says string
	}{
		"not stopped":            {answer, true, 0, "pass"},
		"it answers":             {func(ctx context.Context) (*report.Report, error) { <-ctx.Done(); return answer(ctx) }, true, 0, "pass"},
		"it says why not":        {func(ctx context.Context) (*report.Report, error) { <-ctx.Done(); return nil, context.Cause(ctx) }, true, 3, "interrupted"},
		"it goes on":             {func(context.Context) (*report.Report, error) { <-time.After(time.Hour); return nil, nil }, true, 3, "stopped before the end: interrupted; the command did not stop within 6s"},
		"it crashes":             {func(context.Context) (*report.Report, error) { panic("lost") }, true, 3, "crashed: lost"},
		"on a laptop it crashes": {func(context.Context) (*report.Report, error) { panic("lost") }, false, 3, "crashed: lost"},
		"on a laptop it answers": {func(ctx context.Context) (*report.Report, error) { <-ctx.Done(); return answer(ctx) }, false, 0, "pass"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				cancel(errors.New("interrupted"))
				var out bytes.Buffer
				env := &Env{Args: []string{"try"}, Stdout: &out, Stderr: &out, Getenv: func(key string) string {
					return map[string]string{"GITHUB_ACTIONS": map[bool]string{true: "true"}[tt.step]}[key]
				}}
				env.Runner = runner.New(env.Getenv, &out)
				code := Main(ctx, env, App{Name: "goldenpath", CLI: &app{Try: try{do: tt.do}}})
				if code != tt.code || !strings.Contains(out.String(), tt.says) {
					t.Errorf("exit %d, want %d and %q:\n%s", code, tt.code, tt.says, &out)
				}
				<-time.After(2 * time.Hour) // by the test's clock: what was left behind ends too
			})
		})
	}
}
