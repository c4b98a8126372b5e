package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestManyWritersLoseNothing(t *testing.T) {
	ctx := context.Background()
	dir := repository(t)
	const writers = 6
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			if _, err := record(ctx, open(dir), Entry{Kind: KindRelease, Environment: fmt.Sprintf("env-%d", i%2)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	err := open(dir).View(ctx, func(ctx context.Context, tx *Tx) error {
		all, err := tx.Entries(ctx, "")
		if len(all) != writers {
			t.Errorf("%d entries, want %d", len(all), writers)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestRemote(t *testing.T) {
	ctx := context.Background()
	origin := t.TempDir()
	runGit(t, origin, "init", "--quiet", "--bare")
	var ledgers []*Ledger
	for range 2 {
		l := open(repository(t))
		runGit(t, l.Git.Dir(), "remote", "add", "origin", origin)
		l.Remote = "origin"
		ledgers = append(ledgers, l)
	}
	for i, l := range []*Ledger{ledgers[0], ledgers[1], ledgers[0]} {
		e, err := record(ctx, l, Entry{Kind: KindRelease, Environment: "staging"})
		if want := fmt.Sprintf("2026.11.21-%d", i+1); err != nil || e.ID != want {
			t.Errorf("entry %q (%v), want %s", e.ID, err, want)
		}
	}
}

// The ledger of a remote does not replace the one of this clone, and neither is taken for
// the other.
func TestRemoteAndOwn(t *testing.T) {
	ctx := t.Context()
	origin, dir := t.TempDir(), repository(t)
	runGit(t, origin, "init", "--quiet", "--bare")
	runGit(t, dir, "remote", "add", "origin", origin)
	own, remote := open(dir), open(dir)
	remote.Remote = "origin"
	if _, err := record(ctx, own, Entry{Kind: KindRelease, Environment: "local-production"}); err != nil {
		t.Fatal(err)
	}
	if got := own.Unread(ctx); got != "" {
		t.Errorf("origin has no ledger, and %q is unread", got)
	}
	if _, err := record(ctx, remote, Entry{Kind: KindRelease, Environment: "production"}); err != nil {
		t.Fatal(err)
	}
	if got := own.Unread(ctx); got != "origin" {
		t.Errorf("unread %q", got)
	}
	for l, want := range map[*Ledger]string{own: "local-production", remote: "production"} {
		err := l.View(ctx, func(ctx context.Context, tx *Tx) error {
			all, err := tx.Environments(ctx)
			if len(all) != 1 || all[0] != want {
				t.Errorf("environments %q, want %s", all, want)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	// A branch that was deleted there begins again, and not with what this clone remembers.
	runGit(t, origin, "update-ref", "-d", "refs/heads/"+Branch)
	if e, err := record(ctx, remote, Entry{Kind: KindRelease, Environment: "production"}); err != nil || e.ID != "2026.11.21-1" {
		t.Errorf("entry %q, %v", e.ID, err)
	}
	runGit(t, dir, "fetch", "--quiet", "origin", "+"+Branch+":"+Branch)
	if got := own.Unread(ctx); got != "" {
		t.Errorf("the clone has the ledger of origin, and %q is unread", got)
	}
}

// TestRefusedPush: a rule of the server refuses the branch. That is not another
// writer: the error has the server's words, and comes at once.
func TestRefusedPush(t *testing.T) {
	origin := t.TempDir()
	runGit(t, origin, "init", "--quiet", "--bare")
	hook := "#!/bin/sh\necho 'GH013: Repository rule violations: creations are restricted' >&2\necho x >> attempts\nexit 1\n"
	if err := os.WriteFile(filepath.Join(origin, "hooks", "pre-receive"), []byte(hook), 0o755); err != nil {
		t.Fatal(err)
	}
	l := open(repository(t))
	runGit(t, l.Git.Dir(), "remote", "add", "origin", origin)
	l.Remote = "origin"
	_, err := record(t.Context(), l, Entry{Kind: KindRelease, Environment: "staging"})
	if err == nil || !strings.Contains(err.Error(), "creations are restricted") || !strings.Contains(err.Error(), "try: exclude refs/heads/goldenpath-ledger from that rule") {
		t.Errorf("error %v", err)
	}
	tried, _ := os.ReadFile(filepath.Join(origin, "attempts"))
	if string(tried) != "x\n" {
		t.Errorf("it was tried %d times, want once", len(tried)/2)
	}
}

// The user's hooks do not run for the ledger.
func TestPushHook(t *testing.T) {
	origin := t.TempDir()
	runGit(t, origin, "init", "--quiet", "--bare")
	l := open(repository(t))
	runGit(t, l.Git.Dir(), "remote", "add", "origin", origin)
	l.Remote = "origin"
	if err := os.WriteFile(filepath.Join(l.Git.Dir(), ".git", "hooks", "pre-push"), []byte("#!/bin/sh\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := record(t.Context(), l, Entry{Kind: KindRelease, Environment: "staging"}); err != nil {
		t.Error(err)
	}
}

func TestRaced(t *testing.T) {
	for text, want := range map[string]bool{
		"! [rejected]        abc -> goldenpath-ledger (stale info)":                              true,
		"! [rejected]        abc -> goldenpath-ledger (fetch first)":                             true,
		"! [remote rejected] abc -> goldenpath-ledger (cannot lock ref 'refs/heads/x': is at 1)": true,
		"! [remote rejected] abc -> goldenpath-ledger (pre-receive hook declined)":               false,
		"! [remote rejected] abc -> goldenpath-ledger (protected branch hook declined)":          false,
		"fatal: Authentication failed":                                                           false,
	} {
		if got := raced(errors.New(text)); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}
