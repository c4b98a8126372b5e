package ledger

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"testing"
	"time"
)

func TestLock(t *testing.T) {
	ctx := context.Background()
	dir := repository(t)
	l := open(dir)
	want := Lock{Environment: "production", Digest: "sha256:1", Purpose: "promote", By: "ann@laptop"}
	if _, err := l.Acquire(ctx, want, time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Acquire(ctx, want, time.Hour, nil); err != nil {
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
			_, err := l.Acquire(ctx, want, time.Hour, nil)
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

func TestLockEnds(t *testing.T) {
	for name, test := range map[string]struct {
		acquired, expires time.Time
		want              bool
	}{
		"valid":                  {noon.Add(-time.Hour), noon.Add(time.Hour), false},
		"expired":                {noon.Add(-time.Hour), noon.Add(-time.Second), true},
		"longer than any lock":   {noon.Add(-8 * 24 * time.Hour), noon.Add(time.Hour), true},
		"a clock a little ahead": {noon.Add(10 * time.Minute), noon.Add(time.Hour), false},
		"acquired in the future": {noon.AddDate(973, 0, 0), noon.AddDate(973, 0, 1), true},
		"without a time":         {time.Time{}, noon.Add(time.Hour), true},
	} {
		if got := (Lock{Acquired: test.acquired, Expires: test.expires}).ended(noon); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// A lock that its holder took a moment ago is not written again; one that may end too early
// is extended.
func TestLockAgain(t *testing.T) {
	for name, test := range map[string]struct {
		age, had, want time.Duration
		lasts          bool
	}{
		"a moment ago":         {time.Minute, 2 * time.Hour, 2 * time.Hour, true},
		"for longer":           {time.Minute, 2 * time.Hour, 5 * time.Hour, false},
		"a while ago":          {20 * time.Minute, 2 * time.Hour, 2 * time.Hour, false},
		"most of a short life": {3 * time.Minute, 5 * time.Minute, 5 * time.Minute, false},
		"by a clock set back":  {-time.Minute, 2 * time.Hour, 2 * time.Hour, false},
	} {
		l := Lock{Acquired: noon.Add(-test.age), Expires: noon.Add(test.had - test.age)}
		if got := l.lasts(noon, test.want); got != test.lasts {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestBeatBesideAppend: a lock is kept alive while the same process appends.
func TestBeatBesideAppend(t *testing.T) {
	ctx := t.Context()
	remote := repository(t)
	dir := t.TempDir()
	if out, err := exec.Command("git", "clone", "--quiet", remote, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l := open(dir)
	l.Remote = "origin"
	now := noon
	var mu sync.Mutex
	l.Now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(5 * time.Minute)
		return now
	}
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for range 12 {
				if _, err := l.Acquire(ctx, Lock{Environment: "production", Digest: "sha256:1", Purpose: "promote"}, time.Hour, nil); err != nil {
					t.Errorf("beat: %v", err)
				}
			}
		})
	}
	for i := range 12 {
		if err := l.Update(ctx, "x", func(_ context.Context, tx *Tx) error { tx.Write(fmt.Sprint("x/", i), []byte("x")); return nil }); err != nil {
			t.Errorf("append: %v", err)
		}
	}
	all.Wait()
}
