package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/git"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	runGit(t, dir, "init", "--quiet", "--initial-branch=main")
	return dir
}

func runGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func open(dir string) *Ledger {
	return &Ledger{Git: git.Own(dir), Now: func() time.Time { return noon }}
}

func record(ctx context.Context, l *Ledger, e Entry) (out Entry, err error) {
	err = l.Update(ctx, "record", func(ctx context.Context, tx *Tx) error {
		out, err = tx.Record(ctx, e)
		return err
	})
	return out, err
}

// TestRecord proves GP-PROM-11: append-only, readable, the current release at
// hand.
func TestRecord(t *testing.T) {
	ctx := context.Background()
	l := open(repository(t))
	one, err := record(ctx, l, Entry{Kind: KindRelease, Environment: "production", Digest: "sha256:1"})
	if err != nil {
		t.Fatal(err)
	}
	two, err := record(ctx, l, Entry{Kind: KindRelease, Environment: "production", Digest: "sha256:2", Previous: one.ID})
	if err != nil {
		t.Fatal(err)
	}
	if one.ID != "2026.11.21-1" || two.ID != "2026.11.21-2" {
		t.Errorf("ids %s and %s", one.ID, two.ID)
	}
	if _, err := record(ctx, l, Entry{Kind: KindSoak, Environment: "production", ID: two.ID, Verdict: "pass"}); err != nil {
		t.Fatal(err)
	}
	if _, err := record(ctx, l, Entry{Kind: KindRelease, Environment: "production", ID: one.ID}); err == nil {
		t.Error("an entry was written over")
	}
	err = l.View(ctx, func(ctx context.Context, tx *Tx) error {
		current, err := tx.Current(ctx, "production")
		if err != nil || current.Digest != "sha256:2" {
			t.Errorf("current = %+v, %v", current, err)
		}
		if _, err := tx.Current(ctx, "staging"); !errors.Is(err, ErrNone) {
			t.Errorf("staging: %v, want ErrNone", err)
		}
		found, err := tx.Find(ctx, "production", one.ID, "")
		if err != nil || found.Digest != "sha256:1" {
			t.Errorf("found %+v, %v", found, err)
		}
		all, err := tx.Entries(ctx, "production")
		if err != nil {
			return err
		}
		var got []string
		for _, e := range all {
			got = append(got, e.ID+" "+e.Kind)
		}
		if diff := cmp.Diff([]string{"2026.11.21-1 release", "2026.11.21-2 release", "2026.11.21-2 soak"}, got); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if roots := runGit(t, l.Git.Dir(), "rev-list", "--max-parents=0", Branch); len(roots) != 41 {
		t.Errorf("the branch has roots %q, want one of its own", roots)
	}
}

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

func TestLock(t *testing.T) {
	ctx := context.Background()
	dir := repository(t)
	l := open(dir)
	want := Lock{Environment: "production", Digest: "sha256:1", Purpose: "promote", By: "ann@laptop"}
	if err := l.Acquire(ctx, want, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := l.Acquire(ctx, want, time.Hour); err != nil {
		t.Errorf("the holder may take its lock again: %v", err)
	}
	// Somebody else, alive (this test's parent) and on this machine.
	put := func(p Process, expires time.Time) {
		t.Helper()
		err := l.Update(ctx, "test", func(_ context.Context, tx *Tx) error {
			return tx.putLock(Lock{Environment: "production", By: "bob@laptop", Process: p, Acquired: noon, Expires: expires})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	me := thisProcess()
	alive, dead, reused, far := me, me, me, me
	alive.PID, alive.Start = 1, startOf(1)
	dead.PID = 1 << 22 // over the kernel's limit
	reused.Start = "1"
	far.Host = "elsewhere"
	for name, test := range map[string]struct {
		holder Process
		until  time.Time
		taken  bool
	}{
		"alive":                    {alive, noon.Add(time.Hour), false},
		"alive but expired":        {alive, noon.Add(-time.Second), true},
		"dead":                     {dead, noon.Add(time.Hour), true},
		"its number is used again": {reused, noon.Add(time.Hour), true},
		"another machine":          {far, noon.Add(time.Hour), false},
	} {
		t.Run(name, func(t *testing.T) {
			put(test.holder, test.until)
			err := l.Acquire(ctx, want, time.Hour)
			var locked *LockedError
			if errors.As(err, &locked) == test.taken {
				t.Errorf("err = %v, want taken = %v", err, test.taken)
			}
			if !test.taken && locked.Lock.By != "bob@laptop" {
				t.Errorf("the error does not name the holder: %v", err)
			}
		})
	}
}

func BenchmarkRecordAfter10000(b *testing.B) {
	ctx := context.Background()
	dir := b.TempDir()
	if out, err := exec.Command("git", "init", "--quiet", dir).CombinedOutput(); err != nil {
		b.Fatal(err, string(out))
	}
	now := noon.AddDate(-5, 0, 0)
	l := &Ledger{Git: git.Own(dir), Now: func() time.Time { return now }}
	err := l.Update(ctx, "fill", func(ctx context.Context, tx *Tx) error {
		for i := range 10_000 {
			now = now.Add(4 * time.Hour)
			if _, err := tx.Record(ctx, Entry{Kind: KindRelease, Environment: "production", ID: fmt.Sprintf("%s-%d", now.Format("2006.01.02"), i)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		now = now.Add(time.Hour)
		if _, err := record(ctx, l, Entry{Kind: KindRelease, Environment: "production"}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestDamagedByHand: an error names the file of the branch, and the way back.
func TestDamagedByHand(t *testing.T) {
	ctx := context.Background()
	l := open(repository(t))
	if _, err := record(ctx, l, Entry{Kind: KindRelease, Environment: "production"}); err != nil {
		t.Fatal(err)
	}
	err := l.Update(ctx, "by hand", func(_ context.Context, tx *Tx) error {
		tx.Write("current/production.json", []byte("{"))
		tx.Write("locks/staging.json", []byte("{"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = l.View(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.Current(ctx, "production")
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "goldenpath-ledger:current/production.json") {
		t.Errorf("%v, want an error that names the file", err)
	}
	err = l.Acquire(ctx, Lock{Environment: "staging"}, time.Hour)
	if err == nil || !strings.Contains(err.Error(), "goldenpath-ledger:locks/staging.json") {
		t.Errorf("%v, want an error that names the file", err)
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
	if err == nil || !strings.Contains(err.Error(), "creations are restricted") || !strings.Contains(err.Error(), "try: allow goldenpath") {
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

// An entry under another name is not the entry that was asked for.
func TestEntryUnderAnotherName(t *testing.T) {
	ctx := t.Context()
	l := open(repository(t))
	e, err := record(ctx, l, Entry{Kind: KindRelease, Environment: "staging"})
	if err != nil {
		t.Fatal(err)
	}
	err = l.Update(ctx, "by hand", func(ctx context.Context, tx *Tx) error {
		b, err := tx.Read(ctx, entryPath(e))
		tx.Write("entries/production/2026/11/"+e.ID+".release.json", b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = l.View(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.Find(ctx, "production", e.ID, "")
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "changed by hand") {
		t.Errorf("error %v", err)
	}
}
