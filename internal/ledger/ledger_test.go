package ledger

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
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
	_, err = l.Acquire(ctx, Lock{Environment: "staging"}, time.Hour, nil)
	if err == nil || !strings.Contains(err.Error(), "goldenpath-ledger:locks/staging.json") {
		t.Errorf("%v, want an error that names the file", err)
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

// A soak that ends in the next month, and a release that is promoted then, are found.
func TestNextMonth(t *testing.T) {
	ctx := t.Context()
	l := open(repository(t))
	e, err := record(ctx, l, Entry{Kind: KindRelease, Environment: "staging"})
	if err != nil {
		t.Fatal(err)
	}
	l.Now = func() time.Time { return noon.AddDate(0, 1, 0) }
	for _, late := range []Entry{{Kind: KindSoak, Environment: "staging", ID: e.ID}, {Kind: KindRelease, Environment: "production", ID: e.ID}} {
		if _, err := record(ctx, l, late); err != nil {
			t.Fatal(err)
		}
		err := l.View(ctx, func(ctx context.Context, tx *Tx) error {
			_, err := tx.Find(ctx, late.Environment, e.ID, late.Kind)
			return err
		})
		if err != nil {
			t.Errorf("%s of %s: %v", late.Kind, late.Environment, err)
		}
	}
}

// A release has one id in all environments: the ids of others are not given again.
func TestIDsOfAllEnvironments(t *testing.T) {
	l := open(repository(t))
	for i, e := range []Entry{
		{Kind: KindRelease, Environment: "staging"}, {Kind: KindRollback, Environment: "production"}, {Kind: KindRelease, Environment: "staging"},
	} {
		got, err := record(t.Context(), l, e)
		if want := fmt.Sprintf("2026.11.21-%d", i+1); err != nil || got.ID != want {
			t.Errorf("id %s, want %s: %v", got.ID, want, err)
		}
	}
	e, err := record(t.Context(), l, Entry{Kind: KindPreview, Environment: "preview/pr-1"})
	if err != nil || e.ID != "2026.11.21-1" {
		t.Errorf("a preview counts alone: %s, %v", e.ID, err)
	}
}
