package release

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/release/indicator"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/target/targettest"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// bench is a repository, a registry, a key and a target, with three artifacts.
type bench struct {
	t testing.TB
	Deps
	key        *evidence.Key // signs, and is trusted
	target     *targettest.Target
	repository *artifact.Repository
	skipped    atomic.Int64       // added to the clock
	artifacts  [3]string          // digests
	log        []string           // progress that was reported
	probed     func(n int) answer // n from 0; nil: the environment is asked
	probes     int
}

// answer is one sample, or why there is none.
type answer struct {
	indicator.Sample
	err error
}

// answered is an answer with a status.
func answered(status int, took time.Duration) answer {
	return answer{Sample: indicator.Sample{Answered: true, Failed: status >= 400, Took: took}}
}

func newBench(t testing.TB) *bench {
	t.Helper()
	dir := t.TempDir()
	b := openBench(t, dir)
	runGit(t, filepath.Join(dir, "app"), "init", "--quiet")
	for i, name := range []string{"one", "two", "three"} {
		b.artifacts[i] = b.push(name)
	}
	return b
}

// openBench opens a bench, which another process may have created.
func openBench(t testing.TB, dir string) *bench {
	t.Helper()
	app := filepath.Join(dir, "app")
	if err := os.MkdirAll(app, 0o755); err != nil {
		t.Fatal(err)
	}
	registry, err := artifact.OpenRegistry(filepath.Join(dir, "registry"))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, target: targettest.New(t)}

	if b.repository, err = registry.Repository("shop"); err != nil {
		t.Fatal(err)
	}
	if b.key, err = evidence.OpenKey(filepath.Join(dir, "keys")); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	now := func() time.Time { return noon.Add(time.Since(began) + time.Duration(b.skipped.Load())) }
	b.Deps = Deps{
		Target: b.target, Repository: b.repository, Ledger: &ledger.Ledger{Git: git.Own(app), Now: now}, Trust: evidence.Trust(b.key), Now: now,
		By: fmt.Sprintf("ann@laptop-%d", os.Getpid()), Indicator: b, Say: func(what string) { b.log = append(b.log, what) },
	}
	return b
}

func runGit(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// Sample implements Indicator: the answers of the test, or a request to the
// environment.
func (b *bench) Sample(ctx context.Context, url string) (indicator.Sample, error) {
	b.probes++
	if b.probed == nil {
		return indicator.HTTP{}.Sample(ctx, url)
	}
	a := b.probed(b.probes - 1)
	return a.Sample, a.err
}

func (b *bench) push(content string) string {
	b.t.Helper()
	dir := b.t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "app"), []byte(content), 0o755); err != nil {
		b.t.Fatal(err)
	}
	p, err := artifact.Pack(b.t.Context(), artifact.PackOptions{
		Dir: dir, Entrypoint: []string{"/app"}, User: "65532", Scratch: b.t.TempDir(), Platform: v1.Platform{OS: "linux", Architecture: "amd64"},
		Labels: map[string]string{"org.opencontainers.image.revision": strings.Repeat(content[:1], 40)},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	defer p.Close()
	a, err := b.repository.Push(b.t.Context(), p.Index)
	if err != nil {
		b.t.Fatal(err)
	}
	return a.Digest
}

func (b *bench) prove(key *evidence.Key, digest, kind string, predicate map[string]any) {
	b.t.Helper()
	err := evidence.Put(b.t.Context(), b.repository, key, evidence.Statement{Type: kind, Name: "shop", Digest: digest, Predicate: predicate}, b.Now())
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) staging(digest string) Options {
	return Options{App: "shop", Environment: "staging", Followed: true, Digest: digest, Require: []evidence.Requirement{{Name: "provenance", Type: evidence.Provenance}}}
}

// production asks for a soak of a few milliseconds.
func (b *bench) production(digest string) Options {
	return Options{
		App: "shop", Environment: "production", From: "staging", Digest: digest,
		Require: []evidence.Requirement{
			{Name: "provenance", Type: evidence.Provenance},
			{Name: "security-gate", Type: evidence.Gate},
			{Name: "battery on staging", Type: evidence.Battery, Environment: "staging"},
		},
		Manifest: Manifest{Version: "v1", Config: "sha256:c", Env: []string{"VOTE_LIMIT"}},
		Soak:     &Soak{For: 20 * time.Millisecond, AtLeast: 5, Every: 2 * time.Millisecond, Path: "/healthz", Availability: 90, ErrorRate: 10},
	}
}

// alone is a production without an earlier environment, that requires no evidence.
func (b *bench) alone(digest string) Options {
	o := b.production(digest)
	o.From, o.Require = "", nil
	return o
}

// stage releases a digest to staging, with the evidence of its tests.
func (b *bench) stage(digest string) {
	b.t.Helper()
	b.prove(b.key, digest, evidence.Provenance, nil)
	b.prove(b.key, digest, evidence.Gate, map[string]any{"verdict": "warn"})
	b.prove(b.key, digest, evidence.Battery, map[string]any{"verdict": "pass", "environment": "staging"})
	b.want(must(Promote(b.t.Context(), b.Deps, b.staging(digest)))(b.t), report.Pass, "promoted")
}

// release stages and promotes a digest and returns the release's id.
func (b *bench) release(digest string) string {
	b.t.Helper()
	b.stage(digest)
	r := must(Promote(b.t.Context(), b.Deps, b.production(digest)))(b.t)
	b.want(r, report.Pass, "soaked")
	return r.Output("release")
}

func must(r *report.Report, err error) func(testing.TB) *report.Report {
	return func(t testing.TB) *report.Report {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
}

// want checks the verdict and the reason of a report.
func (b *bench) want(r *report.Report, v report.Verdict, reason string) {
	b.t.Helper()
	if r.Verdict != v || string(r.Reason) != reason || r.Output("verdict") != string(v) || r.Output("reason") != reason {
		b.t.Fatalf("%s %s (outputs %s %s): %s\n%+v\nwant %s %s", r.Verdict, r.Reason, r.Output("verdict"), r.Output("reason"), r.Title, r.Checks, v, reason)
	}
}

// history lists what happened in production: "2026.11.21-1 release one pass".
func (b *bench) history() []string {
	b.t.Helper()
	out := []string{}
	err := b.Ledger.View(context.Background(), func(ctx context.Context, tx *ledger.Tx) error {
		all, err := tx.Entries(ctx, "production")
		for _, e := range all {
			out = append(out, strings.Join([]string{strings.TrimPrefix(e.ID, "2026.11.21-"), e.Kind, b.name(e.Digest), e.Verdict}, " "))
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func (b *bench) name(digest string) string {
	for i, d := range b.artifacts {
		if d == digest {
			return []string{"one", "two", "three"}[i]
		}
	}
	return digest
}

// runs is what the target runs in production.
func (b *bench) runs() string {
	r, err := b.target.Status(context.Background(), "production")
	if err != nil {
		return ""
	}
	return b.name(r.Digest)
}

// deployed lists what was deployed into production, in order.
func (b *bench) deployed() []string {
	out := []string{}
	for _, d := range b.target.Deployed() {
		if digest, ok := strings.CutPrefix(d, "production "); ok {
			out = append(out, b.name(digest))
		}
	}
	return out
}

func (b *bench) tip() string {
	b.t.Helper()
	return runGit(b.t, b.Ledger.Git.Dir(), "for-each-ref", "--format=%(objectname)", "refs/heads/"+ledger.Branch)
}

// unlocked fails the test if the lock of production is still held.
func (b *bench) unlocked() {
	b.t.Helper()
	if out := runGit(b.t, b.Ledger.Git.Dir(), "ls-tree", "--name-only", ledger.Branch, "locks/"); out != "" {
		b.t.Errorf("locks are still held: %s", out)
	}
}

// put writes an entry, as a run leaves it that is killed after that.
func (b *bench) put(e ledger.Entry) ledger.Entry {
	b.t.Helper()
	e.App, e.Environment, e.Target, e.Commit = "shop", "production", testTarget, strings.Repeat(b.name(e.Digest)[:1], 40)
	a, err := b.repository.Resolve(b.t.Context(), e.Digest, v1.Platform{})
	if err != nil {
		b.t.Fatal(err)
	}
	e.PlatformDigest = a.PlatformDigest
	err = b.Ledger.Update(b.t.Context(), "test", func(ctx context.Context, tx *ledger.Tx) (err error) {
		e, err = tx.Record(ctx, e)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return e
}

// released leaves a digest in production as a release that was soaked.
func (b *bench) released(digest, previous string) ledger.Entry {
	b.t.Helper()
	b.deploy(digest)
	e := b.put(ledger.Entry{Kind: ledger.KindRelease, Digest: digest, Previous: previous, Verdict: "pass", Data: []byte(`{"version":"v1"}`)})
	b.put(ledger.Entry{Kind: ledger.KindSoak, ID: e.ID, Digest: digest, Verdict: "pass", Data: []byte(`{"taken":9}`)})
	return e
}

// deploy deploys a digest to production without an entry in the ledger.
func (b *bench) deploy(digest string) {
	b.t.Helper()
	a, err := b.repository.Resolve(b.t.Context(), digest, v1.Platform{})
	if err != nil {
		b.t.Fatal(err)
	}
	_, err = b.target.Deploy(b.t.Context(), target.Deployment{App: "shop", Environment: "production", Commit: a.Commit(), Digest: digest, Image: a.Image})
	if err != nil {
		b.t.Fatal(err)
	}
}

// broken makes an artifact answer with an error.
func (b *bench) broken(digest string) {
	b.target.Serve[digest] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }
}
