//go:build e2e

package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed for the moments at which the run is killed")

// TestKilledAnywhere proves GP-PROM-9. It kills a run with SIGKILL at ten random
// moments and starts it again: the second run finishes, with one ledger entry for each
// release and no process left over.
func TestKilledAnywhere(t *testing.T) {
	t.Logf("seed %d", *seed)
	random := rand.New(rand.NewPCG(*seed, 0))
	dir := hello(t)
	start := time.Now()
	if code, out := run(t, dir, "run"); code != 0 {
		t.Fatalf("the undisturbed run: exit %d\n%s", code, out)
	}
	whole := time.Since(start)
	for i := range 10 {
		commit(t, dir, fmt.Sprintf("change %d", i))
		head := git(t, dir, "rev-parse", "HEAD")
		at := time.Duration(random.Int64N(int64(whole)))
		cmd, out := command(t, dir, "run")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(at, func() { cmd.Process.Kill() })
		_ = cmd.Wait() // killed, or finished before
		timer.Stop()
		killed := cmd.ProcessState.ExitCode() != 0
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		t.Logf("kill %d after %s of %s: killed %v, last line %q", i, at.Round(time.Millisecond), whole.Round(time.Millisecond), killed, lines[len(lines)-1])
		// What the killed run started ends before anything cleans up.
		eventually(t, "no command of the killed run is left", func() bool { return len(strays(t, dir)) == 0 })
		if code, out := run(t, dir, "run"); code != 0 {
			t.Fatalf("kill %d after %s: run again: exit %d\n%s", i, at, code, out)
		}
		count := map[string]int{}
		for _, e := range ledger(t, dir) {
			if e.Commit == head && e.Kind != "preview" {
				count[e.Environment+" "+e.Kind]++
			}
		}
		for _, what := range []string{"staging release", "production release", "production soak"} {
			if count[what] != 1 {
				t.Errorf("kill %d after %s: %d entries of %s, want 1", i, at, count[what], what)
			}
		}
		if locks := git(t, dir, "ls-tree", "-r", "--name-only", "goldenpath-ledger", "locks/"); locks != "" {
			t.Errorf("kill %d after %s: locks left: %s", i, at, locks)
		}
		if n := len(processes(t, dir)); n != 6 { // supervisor, shim and app of staging and of production
			t.Errorf("kill %d after %s: %d processes, want 6: %v", i, at, n, processes(t, dir))
		}
	}
	if code, out := run(t, dir, "down"); code != 0 {
		t.Fatalf("down: exit %d\n%s", code, out)
	}
	eventually(t, "no process is left", func() bool { return len(processes(t, dir)) == 0 })
}

// strays are processes that belong to no environment.
func strays(t *testing.T, dir string) []string {
	var out []string
	for pid, line := range processes(t, dir) {
		if !strings.Contains(line, "supervise") && !strings.Contains(line, "/environments/") {
			out = append(out, pid+" "+line)
		}
	}
	return out
}
