package stage

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// lab is a repository in a temporary folder.
type lab struct {
	t    testing.TB
	repo git.Repository
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

func newLab(t testing.TB) *lab {
	t.Helper()
	dir := t.TempDir()
	l := &lab{t, git.Repository{}}
	run(t, dir, "init", "-q", "-b", "main")
	repo, err := OpenRepo(t.Context(), dir, false)
	if err != nil {
		t.Fatal(err)
	}
	l.repo = repo
	return l
}

func (l *lab) git(args ...string) string {
	l.t.Helper()
	return run(l.t, l.repo.Dir(), args...)
}

func run(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=ann", "-c", "user.email=ann@example.com"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// write creates a file.
func (l *lab) write(name, content string) {
	l.t.Helper()
	name = filepath.Join(l.repo.Dir(), name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		l.t.Fatal(err)
	}
}

// commit commits files, given as name and content in turn, and returns the commit.
func (l *lab) commit(message string, files ...string) Commit {
	l.t.Helper()
	for i := 0; i < len(files); i += 2 {
		l.write(files[i], files[i+1])
	}
	l.git("add", "-A")
	l.git("commit", "-q", "--allow-empty", "-m", message)
	return l.head()
}

func (l *lab) head() Commit {
	l.t.Helper()
	c, err := Resolve(l.t.Context(), l.repo, "", "HEAD")
	if err != nil {
		l.t.Fatal(err)
	}
	return c
}

// clone clones the repository with some arguments.
func (l *lab) clone(args ...string) *lab {
	l.t.Helper()
	to := l.t.TempDir()
	l.git(append(append([]string{"clone", "-q"}, args...), "file://"+l.repo.Dir(), to)...)
	return &lab{l.t, git.Own(to)}
}

// app is a configuration that packs the folder dist.
const app = `version: 1
app: shop
artifact: {image: ghcr.io/acme/shop, pack: dist, entrypoint: [/server]}
scorecard: {must: [], migrations: db, requirements: docs}
flags: flags
llm: {prompts: prompts}
environments:
  staging: {env: {LIMIT: "1"}}
  production: {from: staging, env: {LIMIT: "2", MODE: fast}, soak: {for: 1s, at-least: 5, slo: {availability: 99}}}
`

func parse(t testing.TB, text string) *config.Config {
	t.Helper()
	c, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// job opens the job of HEAD, with a registry and a ledger of its own.
func (l *lab) job() *Job {
	l.t.Helper()
	dir := l.t.TempDir()
	registry, err := artifact.OpenRegistry(filepath.Join(dir, "registry"))
	if err != nil {
		l.t.Fatal(err)
	}
	key, err := evidence.OpenKey(filepath.Join(dir, "keys"))
	if err != nil {
		l.t.Fatal(err)
	}
	j, err := Open(l.t.Context(), Deps{
		Registry: registry, Ledger: &ledger.Ledger{Git: git.Own(l.repo.Dir()), Now: clock}, Now: clock, By: "ann@laptop", Version: "v1",
		Signer: key, Trust: evidence.Trust(key),
	}, l.repo, "", filepath.Join(dir, "out"))
	if err != nil {
		l.t.Fatal(err)
	}
	return j
}

// packed commits a small app and packages it.
func (l *lab) packed(message string) (*Job, string) {
	l.t.Helper()
	l.commit(message, config.File, app, ".gitignore", "dist/\n")
	l.write("dist/server", "#!/bin/sh\n# "+message)
	j := l.job()
	r, err := Package(l.t.Context(), j)
	if err != nil {
		l.t.Fatal(err)
	}
	return j, r.Digest
}

// link creates a symbolic link.
func (l *lab) link(name, to string) {
	l.t.Helper()
	if err := os.Symlink(to, filepath.Join(l.repo.Dir(), name)); err != nil {
		l.t.Fatal(err)
	}
}
