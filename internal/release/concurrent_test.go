package release

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// The lock knows its process, so a second promotion is a second process: the test
// binary again, with the bench's folder and a digest.
const helper = "GOLDENPATH_TEST_PROMOTE"

// TestPromoteHelper promotes in a process of its own. It prints "deploying" when it
// holds the lock, and continues when its input ends.
func TestPromoteHelper(t *testing.T) {
	dir, digest, ok := strings.Cut(os.Getenv(helper), "|")
	if !ok {
		t.Skip("run by other tests")
	}
	b := openBench(t, dir)
	b.target.Before = func(context.Context, target.Deployment) error {
		fmt.Println("deploying")
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	}
	r, err := Promote(t.Context(), b.Deps, b.alone(digest))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(r.Verdict, r.Reason, r.Title)
}

// promotion is another process that promotes.
type promotion struct {
	cmd   *exec.Cmd
	goOn  io.Closer
	lines *bufio.Scanner
}

func (b *bench) elsewhere(digest string) *promotion {
	b.t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestPromoteHelper$")
	cmd.Env = append(os.Environ(), helper+"="+filepath.Dir(b.Ledger.Git.Dir())+"|"+digest)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	p := &promotion{cmd, in, bufio.NewScanner(out)}
	b.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return p
}

func (p *promotion) next() string {
	p.lines.Scan()
	return p.lines.Text()
}

// TestConcurrentPromotions proves GP-PROM-9: of two promotions of different
// digests one wins, and the other names the holder of the lock.
func TestConcurrentPromotions(t *testing.T) {
	b := newBench(t)
	all := []*promotion{b.elsewhere(b.artifacts[0]), b.elsewhere(b.artifacts[1])}
	won := -1
	for i, p := range all { // they race; the winner waits
		switch said := p.next(); {
		case said == "deploying" && won < 0:
			won = i
		case strings.HasPrefix(said, "fail locked"):
			other := all[1-i].cmd.Process.Pid
			if !strings.Contains(said, fmt.Sprintf("locked by ann@laptop-%d", other)) {
				t.Errorf("it does not name the holder of the lock: %q", said)
			}
		default:
			t.Fatalf("process %d printed %q", i, said)
		}
	}
	if won < 0 {
		t.Fatal("neither promotion won")
	}
	// A third, in this process, while the winner still deploys.
	r := must(Promote(t.Context(), b.Deps, b.alone(b.artifacts[2])))(t)
	b.want(r, report.Fail, "locked")
	all[won].goOn.Close()
	if said := all[won].next(); !strings.HasPrefix(said, "pass soaked") {
		t.Errorf("the winner printed %q", said)
	}
	name := b.name(b.artifacts[won])
	if diff := cmp.Diff([]string{"1 release " + name + " pass", "1 soak " + name + " pass"}, b.history()); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
	b.unlocked()
}

// TestPromoteAfterAKill proves GP-PROM-9: what a killed promotion held is taken
// over at once, and the release is recorded once.
func TestPromoteAfterAKill(t *testing.T) {
	b := newBench(t)
	p := b.elsewhere(b.artifacts[0])
	if said := p.next(); said != "deploying" {
		t.Fatalf("it printed %q", said)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
	b.want(must(Promote(t.Context(), b.Deps, b.alone(b.artifacts[0])))(t), report.Pass, "soaked")
	if diff := cmp.Diff([]string{"1 release one pass", "1 soak one pass"}, b.history()); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
	b.unlocked()
}

// TestPromoteDuringASoak proves that a soak is not disturbed: the environment is
// its own until it ends.
func TestPromoteDuringASoak(t *testing.T) {
	b := newBench(t)
	var during *promotion
	b.probed = func(n int) answer {
		if n == 1 {
			during = b.elsewhere(b.artifacts[1])
			if said := during.next(); !strings.HasPrefix(said, "fail locked") || !strings.Contains(said, "(soak sha256:") {
				t.Errorf("it printed %q", said)
			}
		}
		return good
	}
	b.want(must(Promote(t.Context(), b.Deps, b.alone(b.artifacts[0])))(t), report.Pass, "soaked")
	if diff := cmp.Diff([]string{"1 release one pass", "1 soak one pass"}, b.history()); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}

// TestRollbackDuringASoak: a rollback does not wait for the run that watches the release. That
// run ends, and says who ended it.
func TestRollbackDuringASoak(t *testing.T) {
	b := newBench(t)
	b.released(b.artifacts[0], "")
	b.probed = func(n int) answer {
		if n == 1 {
			r := must(Rollback(t.Context(), b.Deps, b.rollback("")))(t)
			b.want(r, report.Pass, "rolled-back")
			if c := r.Checks[0]; c.Name != "lock" || !strings.Contains(c.Result, "(soak since") || !strings.HasPrefix(c.Note, "votes are lost") {
				t.Errorf("%+v", c)
			}
		}
		return good
	}
	r := must(Promote(t.Context(), b.Deps, b.alone(b.artifacts[1])))(t)
	b.want(r, report.Fail, "soak-ended")
	if !strings.Contains(r.Title, "rolled it back: votes are lost") || b.runs() != "one" {
		t.Errorf("%q; production runs %s", r.Title, b.runs())
	}
	b.unlocked()
}

// TestSoakTakenOver: a soak notices within seconds that its lock was taken, and ends.
func TestSoakTakenOver(t *testing.T) {
	b := newBench(t)
	o := b.alone(b.artifacts[0])
	o.Soak.For = time.Hour
	b.probed = func(n int) answer {
		switch n {
		case 0:
			err := b.Ledger.Update(t.Context(), "test", func(_ context.Context, tx *ledger.Tx) error {
				tx.Write("locks/production.json", []byte(`{"environment":"production","purpose":"rollback","by":"bob@laptop","process":{"host":"elsewhere","pid":1},"acquired":"2026-11-21T12:00:00Z","expires":"2027-01-01T00:00:00Z","over":{"reason":"votes are lost"}}`))
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			b.skipped.Add(int64(20 * time.Second))
		case 3:
			t.Error("it goes on")
			b.skipped.Add(int64(2 * time.Hour))
		}
		return good
	}
	r := must(Promote(t.Context(), b.Deps, o))(t)
	b.want(r, report.Fail, "soak-ended")
	if !strings.Contains(r.Title, "bob@laptop took over (rollback): votes are lost") {
		t.Errorf("%q", r.Title)
	}
}

// TestBreakLock: the lock of a run that deploys is taken only for a reason, which is recorded.
func TestBreakLock(t *testing.T) {
	b := newBench(t)
	err := b.Ledger.Update(t.Context(), "test", func(_ context.Context, tx *ledger.Tx) error {
		tx.Write("locks/production.json", []byte(`{"environment":"production","purpose":"promote","by":"bob@laptop","process":{"host":"elsewhere","pid":1},"acquired":"2026-11-21T12:00:00Z","expires":"2026-11-21T12:15:00Z"}`))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	o := b.alone(b.artifacts[0])
	r := must(Promote(t.Context(), b.Deps, o))(t)
	b.want(r, report.Fail, "locked")
	if !strings.Contains(r.Title, "--break-lock --reason") {
		t.Errorf("%q", r.Title)
	}
	o.BreakLock = "the laptop was stolen"
	r = must(Promote(t.Context(), b.Deps, o))(t)
	if r.Reason != "soaked" || r.Checks[0].Note != "the laptop was stolen" || !strings.Contains(r.Checks[0].Result, "taken from bob@laptop") {
		t.Errorf("%+v", r)
	}
	if out := runGit(t, b.Ledger.Git.Dir(), "log", "--patch", ledger.Branch); !strings.Contains(out, `"reason": "the laptop was stolen"`) {
		t.Error("the ledger does not have the reason")
	}
	// A run that ended without a word holds the lock for minutes.
	b.skipped.Add(int64(time.Hour))
	b.want(must(Promote(t.Context(), b.Deps, b.alone(b.artifacts[1])))(t), report.Pass, "soaked")
}

// TestLostLock: a run that stalled until its lock had ended, and another had released, never
// takes the lock back.
func TestLostLock(t *testing.T) {
	b := newBench(t)
	o := b.alone(b.artifacts[0])
	if _, held, err := b.Deps.lock(t.Context(), o, "promote", nil); held != nil || err != nil {
		t.Fatal(held, err)
	}
	if err := b.Deps.beat(t.Context(), o, ""); err != nil {
		t.Fatal(err)
	}
	if err := b.Ledger.Release(t.Context(), o.Environment); err != nil { // by the one that took it over
		t.Fatal(err)
	}
	if err := b.Deps.beat(t.Context(), o, ""); !errors.Is(err, errTaken) {
		t.Errorf("%v", err)
	}
	b.unlocked()
}

// TestAutomaticRollbackIsNotTaken: while an automatic rollback deploys, its lock is not one of a
// soak, which another rollback may take.
func TestAutomaticRollbackIsNotTaken(t *testing.T) {
	b := newBench(t)
	b.release(b.artifacts[0])
	b.stage(b.artifacts[1])
	b.broken(b.artifacts[1])
	var during string
	b.Say = func(what string) {
		if strings.Contains(what, "rolling back to") {
			during = runGit(t, b.Ledger.Git.Dir(), "show", ledger.Branch+":locks/production.json")
		}
	}
	b.want(must(Promote(t.Context(), b.Deps, b.production(b.artifacts[1])))(t), report.Fail, "slo-breach")
	if !strings.Contains(during, `"purpose": "rollback"`) {
		t.Errorf("the lock during the rollback: %s", during)
	}
}
