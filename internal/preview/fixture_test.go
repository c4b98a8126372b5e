package preview

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
	"github.com/seed-b235b314/goldenpath/internal/preview/data"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/target/targettest"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// clock is the one of the target, of the ledger, of GitHub and of this machine.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// bench is everything that previews reach out to: a git ledger, a registry, a
// target and a GitHub with pull request 12 of ann in it.
type bench struct {
	t testing.TB
	Deps
	policy  Policy
	target  *targettest.Target
	github  *githubtest.Server
	clock   *clock
	digests [2]string
	dir     string // where migrations and seeds run
}

func newBench(t testing.TB) *bench {
	t.Helper()
	app := t.TempDir()
	if out, err := exec.Command("git", "init", "--quiet", app).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	b := &bench{t: t, target: targettest.New(t), github: githubtest.Start(t, "acme/shop"), clock: &clock{at: noon}, dir: t.TempDir()}
	b.target.Clock, b.github.Now = b.clock.Now, b.clock.Now
	client, err := github.New(github.Options{
		Repository: "acme/shop", API: b.github.URL, Token: "job", Login: githubtest.Actions.Login, Now: b.clock.Now,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Deps = Deps{
		Target: b.target, Repository: b.registry(), Ledger: &ledger.Ledger{Git: git.Own(app), Now: b.clock.Now}, PullRequests: client, Now: b.clock.Now, By: "ann@laptop",
	}
	b.policy = Policy{App: "shop", Repository: "acme/shop", TTL: time.Hour, MaxTTL: 4 * time.Hour, Limits: budget.Limits{SweepEvery: 30 * time.Minute, Currency: "USD"}}
	b.pull(12, 0)
	return b
}

// registry holds two artifacts, of the commits 111… and 222….
func (b *bench) registry() *artifact.Repository {
	b.t.Helper()
	registry, err := artifact.OpenRegistry(b.t.TempDir())
	if err != nil {
		b.t.Fatal(err)
	}
	repository, err := registry.Repository("shop")
	if err != nil {
		b.t.Fatal(err)
	}
	for i := range b.digests {
		dir := b.t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "app"), []byte{byte(i)}, 0o755); err != nil {
			b.t.Fatal(err)
		}
		p, err := artifact.Pack(b.t.Context(), artifact.PackOptions{
			Dir: dir, Entrypoint: []string{"/app"}, User: "65532", Scratch: b.t.TempDir(), Platform: v1.Platform{OS: "linux", Architecture: "amd64"},
			Labels: map[string]string{"org.opencontainers.image.revision": commit(i)},
		})
		if err != nil {
			b.t.Fatal(err)
		}
		a, err := repository.Push(b.t.Context(), p.Index)
		p.Close()
		if err != nil {
			b.t.Fatal(err)
		}
		b.digests[i] = a.Digest
	}
	return repository
}

func commit(i int) string { return strings.Repeat(fmt.Sprint(i+1), 40) }

// pull opens a pull request of ann whose head is a commit, or pushes that to it.
func (b *bench) pull(number, i int, labels ...string) {
	b.github.SetPull(githubtest.Pull{Number: number, Head: commit(i), Branch: "feature", Author: "ann", Title: "Faster checkout", Labels: labels})
}

func (b *bench) close(number int) {
	b.github.SetPull(githubtest.Pull{Number: number, State: "closed", Head: commit(0), Author: "ann", Closed: b.clock.Now()})
}

// options are those of the run of pull request 12 for a commit.
func (b *bench) options(i int) UpOptions {
	return UpOptions{Policy: b.policy, Name: "pr-12", PullRequest: 12, Digest: b.digests[i], Seed: data.Seed{Run: `echo "$GOLDENPATH_URL" >> seeded`, Dir: b.dir}}
}

// of are the options for another pull request.
func (b *bench) of(number, i int) UpOptions {
	o := b.options(i)
	o.Name, o.PullRequest, o.Seed.Run = fmt.Sprintf("pr-%d", number), number, ""
	return o
}

func (b *bench) up(o UpOptions) *report.Report {
	b.t.Helper()
	r, err := Up(b.t.Context(), b.Deps, o)
	if err != nil {
		b.t.Fatal(err)
	}
	if r.Output("verdict") != string(r.Verdict) || r.Output("reason") != string(r.Reason) {
		b.t.Errorf("outputs %v, verdict %s %s", r.Outputs, r.Verdict, r.Reason)
	}
	return r
}

// raise pushes a commit to a pull request and runs up for it, which has to end well.
func (b *bench) raise(number, i int, labels ...string) *report.Report {
	b.t.Helper()
	b.pull(number, i, labels...)
	r := b.up(b.of(number, i))
	if r.Reason != "ready" {
		b.t.Fatalf("pr-%d: %s: %s", number, r.Reason, r.Title)
	}
	return r
}

func (b *bench) down(change func(*DownOptions)) *report.Report {
	b.t.Helper()
	o := DownOptions{Policy: b.policy, Name: "pr-12", PullRequest: 12}
	if change != nil {
		change(&o)
	}
	r, err := Down(b.t.Context(), b.Deps, o)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func anyhow(o *DownOptions) { o.Open = true }

// sweep returns what became of each preview, as "removed closed" or "stays".
func (b *bench) sweep() map[string]string {
	b.t.Helper()
	r, err := Sweep(b.t.Context(), b.Deps, SweepOptions{Policy: b.policy})
	if err != nil {
		b.t.Fatal(err)
	}
	return fates(b.t, r)
}

func fates(t testing.TB, r *report.Report) map[string]string {
	out := map[string]string{}
	for _, d := range dataOf[[]*decision](t, r) {
		switch {
		case d.Error != "":
			out[d.Name] = "error"
		case d.Remove:
			out[d.Name] = "removed " + d.Why
		default:
			out[d.Name] = "stays"
			if d.Why != "" {
				out[d.Name] += " " + d.Why
			}
		}
	}
	return out
}

// there are the previews that the target has, with the commit each runs.
func (b *bench) there() map[string]string {
	b.t.Helper()
	out := map[string]string{}
	for r, err := range b.target.List(b.t.Context()) {
		if err != nil {
			b.t.Fatal(err)
		}
		if name, ok := cutPrefix(r.Environment); ok {
			out[name] = r.Commit
		}
	}
	return out
}

// records are what the ledger knows of previews that are there.
func (b *bench) records() map[string]record {
	b.t.Helper()
	out := map[string]record{}
	err := b.Ledger.View(b.t.Context(), func(ctx context.Context, tx *ledger.Tx) error {
		all, err := readRecords(ctx, tx)
		for _, r := range all {
			out[r.Name] = r
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

// nothing fails the test unless no preview is left anywhere.
func (b *bench) nothing() {
	b.t.Helper()
	if there, known := b.there(), b.records(); len(there) > 0 || len(known) > 0 {
		b.t.Errorf("left in the target: %v; in the ledger: %v", there, known)
	}
}

// seeds is how often data was seeded.
func (b *bench) seeds() int {
	out, _ := os.ReadFile(filepath.Join(b.dir, "seeded"))
	return strings.Count(string(out), "http://127.0.0.1")
}

// history are the ledger's entries about a preview, as "ready" or "removed".
func (b *bench) history(name string) (all []string) {
	b.t.Helper()
	err := b.Ledger.View(b.t.Context(), func(ctx context.Context, tx *ledger.Tx) error {
		entries, err := tx.Entries(ctx, prefix+name)
		for _, e := range entries {
			all = append(all, e.Reason)
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

// outage lets every request to GitHub fail.
func (b *bench) outage() {
	b.github.Break(func(*http.Request) (int, http.Header, string, bool) {
		return http.StatusServiceUnavailable, nil, "no server is currently available", true
	})
}

// prices has every preview cost this much an hour from now on.
func (b *bench) prices(perHour float64) {
	b.target.Requests.CPU, b.policy.Prices.CPU = 1, perHour
}

func (b *bench) deployed() int { return len(b.target.Deployed()) }

// deploy makes an environment behind the ledger's back.
func (b *bench) deploy(environment string, i int, tags target.Tags) {
	b.t.Helper()
	a, err := b.Repository.Resolve(b.t.Context(), b.digests[i], v1.Platform{})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.target.Deploy(b.t.Context(), target.Deployment{App: "shop", Environment: environment, Commit: commit(i), Digest: b.digests[i], Image: a.Image, Tags: tags}); err != nil {
		b.t.Fatal(err)
	}
}

func dataOf[T any](t testing.TB, r *report.Report) T {
	t.Helper()
	v, err := report.DataOf[T](r)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
