package ledger_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// unsigned is what GitHub prints for a push that a ruleset refuses.
const unsigned = `#!/bin/sh
echo x >>pushes
cat >&2 <<'END'
error: GH013: Repository rule violations found for refs/heads/goldenpath-ledger.
Review all repository rules at https://github.com/acme/shop/rules?ref=refs%2Fheads%2Fgoldenpath-ledger

- Commits must have verified signatures.
  Found 1 violation:
END
exit 1
`

// signing is a repository whose rules require signed commits, and the GitHub that signs.
func signing(t *testing.T) (origin string, hub *githubtest.Server) {
	t.Helper()
	origin = t.TempDir()
	if out, err := exec.Command("git", "init", "--quiet", "--bare", origin).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.WriteFile(filepath.Join(origin, "hooks", "pre-receive"), []byte(unsigned), 0o755); err != nil {
		t.Fatal(err)
	}
	hub = githubtest.Start(t, "acme/shop")
	hub.Git, hub.SignedCommits = origin, true
	return origin, hub
}

// clone is a clone with its own ledger, as in one run.
func clone(t *testing.T, origin string, hub *githubtest.Server, token string) *ledger.Ledger {
	t.Helper()
	dir := t.TempDir()
	for _, args := range [][]string{{"init", "--quiet"}, {"remote", "add", "origin", origin}} {
		if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	client, err := github.New(github.Options{Repository: "acme/shop", API: hub.URL, Token: token, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	return &ledger.Ledger{Git: git.Own(dir), Remote: "origin", Now: time.Now, Server: client}
}

func add(ctx context.Context, l *ledger.Ledger, name, content string) error {
	return l.Update(ctx, "write "+name, func(ctx context.Context, tx *ledger.Tx) error {
		if _, err := tx.Read(ctx, name); !errors.Is(err, ledger.ErrNone) {
			tx.Delete(name)
			return err
		}
		tx.Write(name, []byte(content))
		return nil
	})
}

// TestSignedCommits: GP-PATH-8: where a rule requires signed commits, GitHub makes the commits
// of the ledger, and writers that compete lose nothing.
func TestSignedCommits(t *testing.T) {
	origin, hub := signing(t)
	var wg sync.WaitGroup
	const writers = 4
	for i := range writers {
		l := clone(t, origin, hub, "job")
		wg.Go(func() {
			for _, name := range []string{"a", "b"} {
				if err := add(t.Context(), l, "locks/"+name+"-"+string(rune('0'+i))+".json", "{}\n"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	out, err := exec.Command("git", "--git-dir", origin, "ls-tree", "-r", "--name-only", ledger.Branch).Output()
	if got := strings.Fields(string(out)); err != nil || len(got) != 2*writers+1 || got[0] != "README.md" {
		t.Errorf("the branch has %q, %v", got, err)
	}
	// The refusal is learned once for each run.
	if pushes, _ := os.ReadFile(filepath.Join(origin, "pushes")); len(pushes)/2 > writers {
		t.Errorf("%d pushes of %d writers", len(pushes)/2, writers)
	}
	// A file is deleted, too.
	if err := add(t.Context(), clone(t, origin, hub, "job"), "locks/a-0.json", ""); err != nil {
		t.Error(err)
	}
	if out, err := exec.Command("git", "--git-dir", origin, "cat-file", "-e", ledger.Branch+":locks/a-0.json").CombinedOutput(); err == nil {
		t.Errorf("the file is still there: %s", out)
	}
}

// TestUnsignedToken: GitHub signs no commit of a person's token; that is an error, and the
// branch is not changed.
func TestUnsignedToken(t *testing.T) {
	origin, hub := signing(t)
	hub.Tokens["ann"] = githubtest.Token{Account: githubtest.Account{ID: 9, Login: "ann"}}
	err := add(t.Context(), clone(t, origin, hub, "ann"), "locks/x.json", "{}")
	if err == nil || !strings.Contains(err.Error(), "GitHub did not sign the commit (unsigned): use the token of a workflow's run") {
		t.Errorf("error %v", err)
	}
	if out, err := exec.Command("git", "--git-dir", origin, "rev-parse", "--verify", "--quiet", ledger.Branch).CombinedOutput(); err == nil {
		t.Errorf("the branch is at %s", out)
	}
	// A token that may not write is refused with the permission that it lacks.
	hub.Tokens["reader"] = githubtest.Token{Account: githubtest.Actions, May: []string{"contents: read"}}
	if err := add(t.Context(), clone(t, origin, hub, "reader"), "locks/x.json", "{}"); err == nil || !strings.Contains(err.Error(), "contents: write") {
		t.Errorf("error %v", err)
	}
}

// TestRefusedByRule: without a way to sign, the error has GitHub's text and the way out, and
// says nothing about other writers.
func TestRefusedByRule(t *testing.T) {
	origin, hub := signing(t)
	l := clone(t, origin, hub, "job")
	l.Server = nil
	err := add(t.Context(), l, "locks/x.json", "{}")
	var refused *ledger.RefusedError
	if !errors.As(err, &refused) {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{"GH013: Repository rule violations found", "Commits must have verified signatures", "https://github.com/acme/shop/rules", "exclude refs/heads/goldenpath-ledger"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	if pushes, _ := os.ReadFile(filepath.Join(origin, "pushes")); string(pushes) != "x\n" {
		t.Errorf("it was tried %d times, want once", len(pushes)/2)
	}
}
