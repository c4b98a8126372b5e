package stage

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/battery"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

func must(t *testing.T) func(*report.Report, error) *report.Report {
	return func(r *report.Report, err error) *report.Report {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
}

func fails(t *testing.T, err error, want string) {
	t.Helper()
	var usage *report.UsageError
	if !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want an error of the input: %s", err, want)
	}
}

func TestValidate(t *testing.T) {
	l := newLab(t)
	l.commit("the title", config.File, app)
	r := must(t)(Validate(t.Context(), l.job()))
	got := map[string]string{}
	for _, name := range []string{"preview", "target", "first", "last"} {
		got[name] = r.Output(name)
	}
	want := map[string]string{"preview": "process", "target": "process", "first": "staging", "last": "production"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	l.commit("waivers", ".goldenpath/waivers.yml", "nonsense: 1\n")
	if _, err := Validate(t.Context(), l.job()); err == nil || !strings.Contains(err.Error(), "waivers.yml") {
		t.Errorf("a mistake in the waivers: %v", err)
	}
}

// TestConfiguration: it is that of the commit, and an error says where to put it.
func TestConfiguration(t *testing.T) {
	l := newLab(t)
	c := l.commit("none", "README.md", "x")
	_, err := c.Configuration(t.Context())
	fails(t, err, "no .goldenpath.yml in")
	l.write(config.File, app)
	_, err = c.Configuration(t.Context())
	fails(t, err, "run git add .goldenpath.yml and commit")
	l.write(".gitignore", ".goldenpath.yml\n")
	_, err = c.Configuration(t.Context())
	fails(t, err, "git add --force .goldenpath.yml")
	l.git("add", "--force", config.File)
	c = l.commit("one")
	l.write(config.File, "version: 1\nnonsense: 1\n")
	if _, err := c.Configuration(t.Context()); err != nil {
		t.Errorf("the working tree counts: %v", err)
	}
	c = l.commit("two", config.File, "version: 1\ngate: {fail-on: low}\n")
	_, err = c.Configuration(t.Context())
	fails(t, err, `missing key "app"`)
	if cfg, err := c.ReadConfig(t.Context()); err != nil || cfg.Gate.FailOn != "low" {
		t.Errorf("a configuration of the gate alone: %v", err)
	}
}

func TestShards(t *testing.T) {
	l := newLab(t)
	l.commit("one", config.File, app+"checks: {unit: 'echo $GOLDENPATH_SHARD of $GOLDENPATH_SHARDS > shard'}\n")
	for s, want := range map[Shard][2]string{{}: {"1 of 1", "1 check passed"}, {2, 4}: {"2 of 4", "part 2 of 4: 1 check passed"}} {
		r := must(t)(Test(t.Context(), l.job(), s))
		got, err := os.ReadFile(filepath.Join(l.repo.Dir(), "shard"))
		if err != nil || strings.TrimSpace(string(got)) != want[0] || r.Title != want[1] {
			t.Errorf("%v: %q, title %q, %v", s, got, r.Title, err)
		}
	}
}

func TestPackage(t *testing.T) {
	l := newLab(t)
	j, digest := l.packed("one")
	if again := must(t)(Package(t.Context(), j)); again.Digest != digest {
		t.Errorf("the same commit gives %s and %s", digest, again.Digest)
	}
	for name, tt := range map[string]struct{ artifact, want string }{
		"nothing was built": {"{image: shop, pack: nowhere, entrypoint: [/s]}", "nowhere does not exist after the build"},
		"a link out":        {"{image: shop, pack: out, entrypoint: [/s]}", "out links to a folder outside the repository"},
		"the git directory": {"{image: shop, pack: git, entrypoint: [/s]}", "git is the git directory"},
		"no Dockerfile":     {"{image: shop, dockerfile: build/Dockerfile}", "the commit has no file build/Dockerfile"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			for link, to := range map[string]string{"out": t.TempDir(), "git": ".git"} {
				if err := os.Symlink(to, filepath.Join(l.repo.Dir(), link)); err != nil {
					t.Fatal(err)
				}
			}
			l.commit("one", config.File, "version: 1\napp: shop\nartifact: "+tt.artifact+"\n")
			_, err := Package(t.Context(), l.job())
			fails(t, err, tt.want)
		})
	}
	l = newLab(t)
	l.commit("one", config.File, strings.Replace(app, "pack: dist", "build: 'echo no such luck; exit 3', pack: dist", 1))
	if r := must(t)(Package(t.Context(), l.job())); r.Reason != report.ReasonBuildFailed || !strings.Contains(r.Sections[0].Text, "no such luck") {
		t.Errorf("a build that fails: %+v", r)
	}
}

func TestPush(t *testing.T) {
	l := newLab(t)
	j, digest := l.packed("one")
	folder := filepath.Join(filepath.Dir(j.Out), "registry")
	to := l.job() // another registry
	r := must(t)(Push(t.Context(), to, folder, digest))
	if r.Digest != digest || r.Checks[1].Result != "signed" {
		t.Errorf("%+v", r)
	}
	c, err := evidence.Collect(t.Context(), to.Image, to.Trust, digest, noon)
	if err != nil || !c.Verdict(evidence.Provenance, "").Found() {
		t.Errorf("no provenance: %v", err)
	}
	to = l.job()
	to.Signer = nil
	if r := must(t)(Push(t.Context(), to, folder, digest)); r.Checks[1].State != report.Skipped {
		t.Errorf("without a key: %+v", r.Checks)
	}
	_, err = Push(t.Context(), to, folder, "sha256:"+strings.Repeat("0", 64))
	fails(t, err, "set --from to the folder that goldenpath package wrote")
	_, err = Push(t.Context(), to, t.TempDir(), digest)
	fails(t, err, "does not contain an image of ghcr.io/acme/shop")
	l.commit("two")
	if r := must(t)(Push(t.Context(), l.job(), folder, digest)); r.Reason != report.ReasonOtherCommit {
		t.Errorf("an image of another commit: %+v", r)
	}
}

func TestAttest(t *testing.T) {
	l := newLab(t)
	j, digest := l.packed("one")
	test := func(v report.Verdict, rows ...report.Check) *report.Report {
		return &report.Report{Name: "test", Commit: j.Commit.ID, Verdict: v, Title: string(v), Checks: rows, Started: noon}
	}
	tested := &report.Report{Name: "battery", Commit: j.Commit.ID, Digest: digest, Verdict: report.Pass}
	tested.SetData(battery.Data{Environment: "staging"})
	// The shards of the tests are one statement, with the worst verdict.
	shards := []*report.Report{test(report.Pass, report.Check{Name: "a", State: report.OK}), test(report.Fail, report.Check{Name: "b", State: report.Failed}), test(report.Pass), tested}
	r := must(t)(Attest(t.Context(), j, digest, shards))
	if len(r.Checks) != 2 || r.Reason != report.ReasonAttested {
		t.Errorf("%+v", r)
	}
	c, err := evidence.Collect(t.Context(), j.Image, j.Trust, digest, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ kind, environment, want string }{
		{evidence.Tests, "", "fail"}, {evidence.Battery, "staging", "pass"}, {evidence.Battery, "production", ""},
	} {
		if got := c.Verdict(tt.kind, tt.environment).Verdict; got != tt.want {
			t.Errorf("%s in %q: %q, want %q", tt.kind, tt.environment, got, tt.want)
		}
	}
	// Nothing is signed when one report is about something else.
	other := test(report.Pass)
	other.Commit = strings.Repeat("1", 40)
	image := &report.Report{Name: "scorecard", Commit: j.Commit.ID, Digest: "sha256:" + strings.Repeat("1", 64), Verdict: report.Pass}
	for _, bad := range []*report.Report{other, image} {
		if r := must(t)(Attest(t.Context(), j, digest, []*report.Report{tested, bad})); r.Reason != report.ReasonOtherCommit {
			t.Errorf("%s: %+v", bad.Name, r)
		}
	}
	after, err := evidence.Collect(t.Context(), j.Image, j.Trust, digest, noon)
	if err != nil || len(after.Trusted) != len(c.Trusted) {
		t.Errorf("%d statements, then %d, %v", len(c.Trusted), len(after.Trusted), err)
	}
	_, err = Attest(t.Context(), j, digest, []*report.Report{{Name: "package", Commit: j.Commit.ID}})
	fails(t, err, "is not evidence about an image")
	_, err = Attest(t.Context(), j, digest, []*report.Report{{Name: "battery", Commit: j.Commit.ID}})
	fails(t, err, "pass a report that goldenpath battery wrote")
	_, err = Attest(t.Context(), j, "sha256:"+strings.Repeat("0", 64), nil)
	fails(t, err, "push the image first")
}

func TestSecurityGate(t *testing.T) {
	l := newLab(t)
	l.commit("one", config.File, app, ".gitignore", "dist/\n")
	l.write("left-by-a-check", "x")
	j := l.job()
	var asked GateRequest
	commit := j.Commit.ID
	if _, err := l.repo.Run(t.Context(), "update-ref", "refs/remotes/origin/goldenpath-ledger", commit); err != nil {
		t.Fatal(err)
	}
	j.Gate = func(_ context.Context, g GateRequest) (*report.Report, error) {
		asked = g
		if _, err := os.Stat(filepath.Join(g.Dir, "left-by-a-check")); err == nil {
			t.Error("the gate scans what the checks left")
		}
		tip, err := git.Own(g.Dir).Run(t.Context(), "rev-parse", "--verify", "refs/remotes/upstream/goldenpath-ledger")
		if err != nil || tip != j.Commit.ID {
			t.Errorf("the checkout of the gate lacks the ledger of origin: %q, %v", tip, err)
		}
		return &report.Report{Name: "security-gate", Commit: commit, Verdict: report.Pass}, nil
	}
	r := must(t)(SecurityGate(t.Context(), j, "sha256:1"))
	if r.Digest != "sha256:1" || asked.MissingDatabase != "warn" || asked.Artifact != filepath.Join(j.Dir, "dist") || asked.Commit != j.Commit.ID {
		t.Errorf("%+v, asked %+v", r, asked)
	}
	if _, err := os.Stat(asked.Dir); err == nil {
		t.Error("the checkout of the gate stays")
	}
	commit = strings.Repeat("1", 40)
	if _, err := SecurityGate(t.Context(), j, ""); err == nil || !strings.Contains(err.Error(), "is about commit 1111111") {
		t.Errorf("a report about another commit: %v", err)
	}
}

func TestOpenRepo(t *testing.T) {
	_, err := OpenRepo(t.Context(), t.TempDir(), false)
	fails(t, err, "is not a git repository: run git init, add and commit")
	l := newLab(t)
	_, err = Resolve(t.Context(), l.repo, "", "")
	fails(t, err, "has no commit yet")
	l.commit("one", "sub/file", "x")
	r, err := OpenRepo(t.Context(), filepath.Join(l.repo.Dir(), "sub"), true)
	if err != nil || r.Dir() != l.repo.Dir() {
		t.Errorf("from a folder below: %s, %v", r.Dir(), err)
	}
	t.Setenv("PATH", "/nowhere")
	_, err = OpenRepo(t.Context(), l.repo.Dir(), false)
	fails(t, err, "git is not on PATH")
}
