package release

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
			if said := during.next(); !strings.HasPrefix(said, "fail locked") || !strings.Contains(said, "(promote and soak sha256:") {
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
