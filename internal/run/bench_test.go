package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/release/indicator"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/stage"
	"github.com/seed-b235b314/goldenpath/internal/target/targettest"
)

// bench is a repository with everything that a run needs, and records what happens.
type bench struct {
	t       *testing.T
	dir     string
	state   string
	deps    stage.Deps
	target  *targettest.Target
	verdict report.Verdict // of the gate
	gateErr error
	skipped time.Duration // added to the clock
	out     bytes.Buffer
}

const shop = `version: 1
app: shop
artifact: {pack: built, entrypoint: [/server]}
checks: {unit: "test ! -e broken"}
preview: {ready: {path: /, timeout: 10s}}
environments:
  staging: {ready: {path: /, timeout: 10s}}
  production: {from: staging, ready: {path: /, timeout: 10s}, soak: {for: 100ms, at-least: 1, every: 10ms, slo: {availability: 1}}}
scorecard: {must: []}
`

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), state: t.TempDir(), target: targettest.New(t), verdict: report.Pass}
	t.Setenv("HOME", t.TempDir())
	b.git("init", "-q", "-b", "main")
	b.commit("one", ".goldenpath.yml", shop, "built/server", "#!/bin/sh\n")
	registry, err := artifact.OpenRegistry(filepath.Join(b.state, "registry"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := evidence.OpenKey(filepath.Join(b.state, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Now().Add(b.skipped) }
	b.deps = stage.Deps{
		Registry: registry, Ledger: &ledger.Ledger{Git: git.Own(b.dir), Now: now}, Now: now, By: fmt.Sprintf("ann@laptop-%d", os.Getpid()), Version: "v1",
		Signer: key, Trust: evidence.Trust(key), Target: b.target, Indicator: indicator.HTTP{},
		Gate: func(_ context.Context, g stage.GateRequest) (*report.Report, error) {
			if b.gateErr != nil {
				return nil, b.gateErr
			}
			if _, err := os.Stat(filepath.Join(g.Dir, ".goldenpath.yml")); err != nil {
				t.Errorf("the gate gets no checkout: %v", err)
			}
			return &report.Report{Name: "security-gate", Commit: g.Commit, Verdict: b.verdict, Reason: report.ReasonFindings, Title: "the gate's title"}, nil
		},
	}
	return b
}

func (b *bench) git(args ...string) string {
	b.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=ann", "-c", "user.email=ann@example.com"}, args...)...)
	cmd.Dir = b.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (b *bench) commit(message string, files ...string) string {
	b.t.Helper()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(b.dir, files[i])
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(files[i+1]), 0o755)); err != nil {
			b.t.Fatal(err)
		}
	}
	b.git("add", "-A")
	b.git("commit", "-q", "--allow-empty", "-m", message)
	return b.git("rev-parse", "HEAD")
}

// run runs the path. ran are the stages that this call ran, in order.
func (b *bench) run(ctx context.Context, o Options) (res *Result, ran []string, err error) {
	b.t.Helper()
	repo, err := stage.OpenRepo(ctx, b.dir, false)
	if err != nil {
		b.t.Fatal(err)
	}
	o.Repo, o.State, o.Build = repo, b.state, filepath.Join(b.state, "build")
	b.out.Reset()
	console := NewConsole(&b.out, report.Screen{})
	p := &recorder{Console: console}
	res, err = Path(ctx, b.deps, p, o)
	console.Close()
	return res, p.ran, err
}

// recorder is a Console that remembers what ran.
type recorder struct {
	*Console
	ran []string
}

func (r *recorder) Start(stage string) {
	r.ran = append(r.ran, stage)
	r.Console.Start(stage)
}

func (b *bench) must(o Options) (*Result, []string) {
	b.t.Helper()
	res, ran, err := b.run(b.t.Context(), o)
	if err != nil {
		b.t.Fatalf("%v\n%s", err, b.out.String())
	}
	return res, ran
}
