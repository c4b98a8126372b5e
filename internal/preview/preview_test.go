package preview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/target/targettest"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

type bench struct {
	t testing.TB
	Deps
	target  *targettest.Target
	digests [2]string
	now     time.Time
	dir     string // where seeds run
}

func newBench(t *testing.T) *bench {
	t.Helper()
	app := t.TempDir()
	if out, err := exec.Command("git", "init", "--quiet", app).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	registry, err := artifact.OpenRegistry(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	repository, err := registry.Repository("shop")
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, target: targettest.New(t), now: noon, dir: t.TempDir()}
	now := func() time.Time { b.now = b.now.Add(time.Millisecond); return b.now }
	b.Deps = Deps{Target: b.target, Repository: repository, Ledger: &ledger.Ledger{Dir: app, Now: now}, Now: now, By: "ann@laptop"}
	for i := range b.digests {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "app"), []byte{byte(i)}, 0o755); err != nil {
			t.Fatal(err)
		}
		p, err := artifact.Pack(t.Context(), artifact.PackOptions{
			Dir: dir, Entrypoint: []string{"/app"}, User: "65532", Scratch: t.TempDir(), Platform: v1.Platform{OS: "linux", Architecture: "amd64"},
			Labels: map[string]string{"org.opencontainers.image.revision": strings.Repeat(fmt.Sprint(i+1), 40)},
		})
		if err != nil {
			t.Fatal(err)
		}
		a, err := repository.Push(t.Context(), p.Index)
		p.Close()
		if err != nil {
			t.Fatal(err)
		}
		b.digests[i] = a.Digest
	}
	return b
}

func (b *bench) options(i int) UpOptions {
	return UpOptions{App: "shop", Name: "pr-12", Digest: b.digests[i], TTL: time.Hour, Seed: `echo "$GOLDENPATH_URL" >> seeded`, Dir: b.dir}
}

func (b *bench) up(o UpOptions) *report.Report {
	b.t.Helper()
	r, err := Up(b.t.Context(), b.Deps, o)
	if err != nil {
		b.t.Fatal(err)
	}
	if r.Output("verdict") != string(r.Verdict) || r.Output("reason") != r.Reason {
		b.t.Errorf("outputs %v, verdict %s %s", r.Outputs, r.Verdict, r.Reason)
	}
	return r
}

func (b *bench) down(dryRun bool) *report.Report {
	b.t.Helper()
	r, err := Down(b.t.Context(), b.Deps, "shop", "pr-12", dryRun)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// seeds is how often data was seeded.
func (b *bench) seeds() int {
	out, _ := os.ReadFile(filepath.Join(b.dir, "seeded"))
	return strings.Count(string(out), "http://127.0.0.1")
}

// lives are the ledger's entries about the preview.
func (b *bench) lives() (all []life) {
	b.t.Helper()
	err := b.Ledger.View(b.t.Context(), func(ctx context.Context, tx *ledger.Tx) error {
		entries, err := tx.Entries(ctx, "preview/pr-12")
		for _, e := range entries {
			var l life
			err = errors.Join(err, json.Unmarshal(e.Data, &l))
			all = append(all, l)
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

func (b *bench) deployed() int { return len(b.target.Deployed()) }

// TestUp proves GP-PREV-1 and GP-PREV-12: the same command creates, updates and
// repairs, and seeds once for each generation.
func TestUp(t *testing.T) {
	b := newBench(t)
	r := b.up(b.options(0))
	running, err := b.target.Status(t.Context(), "preview/pr-12")
	if err != nil || running.Digest != b.digests[0] {
		t.Fatalf("%+v, %v", running, err)
	}
	if r.Verdict != report.Pass || r.Reason != "ready" || r.Digest != b.digests[0] || r.Commit != strings.Repeat("1", 40) {
		t.Errorf("%s %s %s %s", r.Verdict, r.Reason, r.Digest, r.Commit)
	}
	for name, want := range map[string]string{"url": running.URL, "digest": b.digests[0], "environment": "preview/pr-12", "expires": "2026-11-21T13:00:00Z"} {
		if got := r.Output(name); got != want {
			t.Errorf("output %s = %q, want %q", name, got, want)
		}
	}
	b.up(b.options(0)) // again
	if b.seeds() != 1 {
		t.Errorf("seeded %d times, want once for a generation", b.seeds())
	}
	b.up(b.options(1)) // another commit
	if running, err = b.target.Status(t.Context(), "preview/pr-12"); err != nil || running.Digest != b.digests[1] || b.seeds() != 2 {
		t.Errorf("runs %s, seeded %d times, %v", running.Digest, b.seeds(), err)
	}
	b.down(false)
	b.up(b.options(1)) // numbers begin again; the data is gone
	if b.seeds() != 3 {
		t.Errorf("seeded %d times, want 3", b.seeds())
	}
}

// TestUpExtends proves GP-PREV-4: raised again, a preview lives as long as it
// says, and the ledger knows.
func TestUpExtends(t *testing.T) {
	b := newBench(t)
	b.up(b.options(0))
	b.now = b.now.Add(30 * time.Minute)
	r := b.up(b.options(0))
	lives := b.lives()
	if got := lives[len(lives)-1].Expires.Format(time.RFC3339); got != r.Output("expires") || got != "2026-11-21T13:30:00Z" {
		t.Errorf("the ledger says %s, the report %s", got, r.Output("expires"))
	}
}

// TestUpAfterAFailedSeed proves GP-PREV-1: a preview without its data is repaired
// by the same command, and is not called ready before.
func TestUpAfterAFailedSeed(t *testing.T) {
	b := newBench(t)
	o := b.options(0)
	o.Seed = "echo no database >&2; exit 3"
	for range 2 {
		r := b.up(o)
		if r.Verdict != report.Fail || r.Reason != "seed-failed" || r.Checks[1].Result != "sh: exit status 3: no database" {
			t.Errorf("%s %s %+v", r.Verdict, r.Reason, r.Checks)
		}
	}
	if r := b.up(b.options(0)); r.Verdict != report.Pass || b.seeds() != 1 {
		t.Errorf("%s, seeded %d times", r.Verdict, b.seeds())
	}
}

// TestUpKilled proves GP-PREV-1 for a kill before the record.
func TestUpKilled(t *testing.T) {
	b := newBench(t)
	b.up(b.options(0))
	b.target.Down(t.Context(), "preview/pr-12") // as `goldenpath down`, which keeps no record
	a, err := b.Repository.Resolve(t.Context(), b.digests[0], v1.Platform{})
	if err != nil {
		t.Fatal(err)
	}
	// The next one was killed between its deployment and its seed.
	if _, err := b.target.Deploy(t.Context(), target.Deployment{App: "shop", Environment: "preview/pr-12", Digest: b.digests[0], Image: a.Image}); err != nil {
		t.Fatal(err)
	}
	b.up(b.options(0))
	if b.seeds() != 2 {
		t.Errorf("seeded %d times: the data of the generation before is gone", b.seeds())
	}
}

func TestUpStopped(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	b.target.Before = func(context.Context, target.Deployment) error { cancel(); return nil }
	if r, err := Up(ctx, b.Deps, b.options(0)); !errors.Is(err, context.Canceled) {
		t.Errorf("report %+v, error %v", r, err)
	}
	b.target.Before = nil
	b.up(b.options(0))
	if b.seeds() != 1 {
		t.Errorf("seeded %d times", b.seeds())
	}
}

func TestUpDryRun(t *testing.T) {
	b := newBench(t)
	o := b.options(0)
	o.DryRun = true
	r := b.up(o)
	if r.Verdict != report.Pass || r.Reason != "planned" || b.deployed() != 0 || b.seeds() != 0 || len(b.lives()) != 0 {
		t.Errorf("%s %s; deployed %d, seeded %d", r.Verdict, r.Reason, b.deployed(), b.seeds())
	}
}

func TestUpRefuses(t *testing.T) {
	b := newBench(t)
	for name, change := range map[string]func(*UpOptions){
		"GP-PREV-1 a name that is no name":   func(o *UpOptions) { o.Name = "../production" },
		"GP-PREV-1 a name of two lines":      func(o *UpOptions) { o.Name = "pr-12\n" },
		"GP-PREV-1 a long name":              func(o *UpOptions) { o.Name = strings.Repeat("a", 41) },
		"GP-PREV-1 a branch":                 func(o *UpOptions) { o.Name = "feature/x" },
		"an artifact that is not there":      func(o *UpOptions) { o.Digest = "sha256:" + strings.Repeat("0", 64) },
		"a digest that is none":              func(o *UpOptions) { o.Digest = "sha256:xyz" },
		"a name that ends with a hyphen":     func(o *UpOptions) { o.Name = "pr-" },
		"GP-SAFE-2 a name that is a command": func(o *UpOptions) { o.Name = "$(id)" },
	} {
		o := b.options(0)
		change(&o)
		r, err := Up(t.Context(), b.Deps, o)
		if report.ExitCode(r, err) != report.ExitUsage {
			t.Errorf("%s: report %+v, error %v", name, r, err)
		}
	}
	if b.deployed() != 0 {
		t.Error("something was deployed")
	}
	b.target.Before = func(context.Context, target.Deployment) error { return errors.New("ImagePullBackOff") }
	if _, err := Up(t.Context(), b.Deps, b.options(0)); err == nil || err.Error() != "raise preview pr-12: ImagePullBackOff" || len(b.lives()) != 0 {
		t.Errorf("error %v", err)
	}
}

// TestDown proves GP-PREV-5: removed, recorded, and the same again.
func TestDown(t *testing.T) {
	b := newBench(t)
	if r := b.down(false); r.Verdict != report.Skip || r.Reason != "not-there" || len(b.lives()) != 0 {
		t.Errorf("%s %s", r.Verdict, r.Reason)
	}
	b.up(b.options(0))
	if r := b.down(true); r.Verdict != report.Pass || r.Reason != "planned" || r.Output("reason") != "planned" {
		t.Errorf("%s %s", r.Verdict, r.Reason)
	}
	if _, err := b.target.Status(t.Context(), "preview/pr-12"); err != nil {
		t.Error("a dry run removed it")
	}
	if r := b.down(false); r.Verdict != report.Pass || r.Reason != "removed" {
		t.Errorf("%s %s", r.Verdict, r.Reason)
	}
	if _, err := b.target.Status(t.Context(), "preview/pr-12"); !errors.Is(err, target.ErrNotDeployed) {
		t.Error("it is still there")
	}
	if lives := b.lives(); len(lives) != 2 || lives[1].Expires != nil {
		t.Errorf("ledger %+v", lives)
	}
	if r := b.down(false); r.Reason != "not-there" || len(b.lives()) != 2 {
		t.Errorf("again: %s, %d entries", r.Reason, len(b.lives()))
	}
	if _, err := Down(t.Context(), b.Deps, "shop", "../x", false); report.ExitCode(nil, err) != report.ExitUsage {
		t.Errorf("error %v", err)
	}
}

// TestDownKilled proves GP-PREV-1: one that was killed after the removal is
// recorded by the next call, and only once.
func TestDownKilled(t *testing.T) {
	b := newBench(t)
	b.up(b.options(0))
	b.target.Down(t.Context(), "preview/pr-12")
	b.down(true)
	if len(b.lives()) != 1 {
		t.Error("a dry run was recorded")
	}
	for range 2 {
		if r := b.down(false); r.Reason != "not-there" {
			t.Errorf("%s", r.Reason)
		}
	}
	if lives := b.lives(); len(lives) != 2 || lives[1].Expires != nil || lives[1].URL != lives[0].URL {
		t.Errorf("ledger %+v", lives)
	}
}

func TestList(t *testing.T) {
	b := newBench(t)
	if r, err := List(t.Context(), b.Deps, "shop"); err != nil || r.Verdict != report.Pass || r.Output("count") != "0" || r.Output("reason") != "listed" {
		t.Errorf("%+v, %v", r, err)
	}
	for i, name := range []string{"pr-1", "pr-2", "pr-3"} {
		o := b.options(i % 2)
		o.Name = name
		o.TTL = time.Duration(3-i) * time.Hour
		b.up(o)
	}
	a, err := b.Repository.Resolve(t.Context(), b.digests[0], v1.Platform{})
	if err != nil {
		t.Fatal(err)
	}
	b.target.Deploy(t.Context(), target.Deployment{Environment: "staging", Digest: b.digests[0], Image: a.Image})
	b.target.Change("preview/pr-2", func(r *target.Running) { r.Alive = false })
	b.now = b.now.Add(90 * time.Minute)
	r, err := List(t.Context(), b.Deps, "shop")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range r.Sections[0].Rows {
		got = append(got, strings.Join([]string{row[0], row[2], row[4], row[5]}, " | "))
	}
	want := []string{"pr-1 | 1111111 | 1 hour from now | ready", "pr-2 | 2222222 | 29 minutes from now | dead", "pr-3 | 1111111 | 30 minutes ago | overdue"}
	if diff := cmp.Diff(want, got); diff != "" || r.Output("count") != "3" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}
