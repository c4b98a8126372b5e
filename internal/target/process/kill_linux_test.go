package process

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// gone reports that a process has ended. One that its parent has not waited for
// has.
func gone(pid int) func() bool {
	return func() bool {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		return err != nil || strings.Contains(string(b), ") Z ")
	}
}

// marked are the processes that carry a variable, found apart from the code under
// test.
func marked(kv string) []int {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	var all []int
	for _, f := range files {
		b, _ := os.ReadFile(f)
		if slices.Contains(strings.Split(string(b), "\x00"), kv) {
			pid, _ := strconv.Atoi(strings.Split(f, "/")[2])
			all = append(all, pid)
		}
	}
	return all
}

func kill(t *testing.T, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		if pid <= 1 {
			t.Fatalf("no process to kill: %d", pid)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatalf("kill %d: %v", pid, err)
		}
	}
}

// family is an application with two grandchildren in sessions of their own: one
// with the marks, one without.
func (b *bench) family(url string) (instance string, pids []int) {
	b.Helper()
	s := b.self(url)
	pids = []int{s.Pid}
	for _, query := range []string{"", "?bare=1"} {
		pid, err := strconv.Atoi(b.fetch(url + "/spawn" + query))
		if err != nil || gone(pid)() {
			b.Fatalf("spawn: %d, %v", pid, err)
		}
		pids = append(pids, pid)
	}
	return "GOLDENPATH_INSTANCE=" + s.env("GOLDENPATH_INSTANCE"), pids
}

func (b *bench) allGone(pids []int) {
	b.Helper()
	for _, pid := range pids {
		eventually(b.T, "process "+strconv.Itoa(pid)+" has ended", gone(pid))
	}
}

func (b *bench) nothingLeft(instance string) {
	b.Helper()
	if left := marked(instance); len(left) != 0 {
		b.Errorf("processes left: %v", left)
	}
	if left, _ := os.ReadDir(b.Dir); len(left) != 0 {
		b.Errorf("folders left: %v", left)
	}
}

func TestAppKilled(t *testing.T) {
	b := newBench(t)
	r := b.up("", commit1)
	_, pids := b.family(r.URL)
	kill(t, pids[0])
	eventually(t, "the application answers again", func() bool {
		_, err := fetch(r.URL)
		return err == nil && b.status().Restarts == 1
	})
	b.allGone(pids)
	if got := b.status(); !got.Alive || got.Started != r.Started || b.gen().state().Last != "signal: killed" {
		t.Errorf("%+v, %+v", got, b.gen().state())
	}
}

func TestShimKilled(t *testing.T) {
	b := newBench(t)
	r := b.up("", commit1)
	_, pids := b.family(r.URL)
	kill(t, b.gen().state().Shim)
	eventually(t, "the application answers again", func() bool {
		_, err := fetch(r.URL)
		return err == nil && b.status().Restarts == 1
	})
	b.allGone(pids)
}

func TestSupervisorKilled(t *testing.T) {
	b := newBench(t)
	r := b.up("", commit1)
	instance, pids := b.family(r.URL)
	pids = append(pids, b.gen().state().Shim)
	kill(t, owner(b.gen().path("lock")))
	b.allGone(pids)
	if left := marked(instance); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	if b.status().Alive {
		t.Error("it is said to be alive")
	}
	if r := b.up("", commit1); r.Generation != 2 || !r.Alive {
		t.Errorf("deployed again: %+v", r)
	}
}

// With both guards killed at once, the grandchildren are left to the last resort.
func TestBothKilled(t *testing.T) {
	for _, then := range []string{"down", "deploy"} {
		t.Run(then, func(t *testing.T) {
			b := newBench(t)
			r := b.up("", commit1)
			instance, pids := b.family(r.URL)
			defer syscall.Kill(pids[2], syscall.SIGKILL) // without marks it cannot be recognised
			supervisor, shim := owner(b.gen().path("lock")), b.gen().state().Shim
			_ = syscall.Kill(supervisor, syscall.SIGSTOP)
			kill(t, shim, supervisor)
			b.allGone(pids[:1])
			if gone(pids[1])() {
				t.Error("somebody has cleaned up already: this test proves nothing")
			}
			if then == "deploy" {
				b.up("", commit2)
				b.allGone(pids[1:2])
			}
			if err := b.Down(b.ctx, "preview/pr-12"); err != nil {
				t.Fatal(err)
			}
			b.nothingLeft(instance)
		})
	}
}

func TestDown(t *testing.T) {
	b := newBench(t)
	if err := b.Down(b.ctx, "preview/pr-12"); err != nil {
		t.Error("what never was:", err)
	}
	r := b.up("", commit1)
	instance, pids := b.family(r.URL)
	for range 2 {
		if err := b.Down(b.ctx, "preview/pr-12"); err != nil {
			t.Fatal(err)
		}
		b.nothingLeft(instance)
	}
	b.allGone(pids)
}

func TestDownStubborn(t *testing.T) {
	b := newBench(t)
	r := b.up("stubborn", commit1)
	instance, pids := b.family(r.URL)
	if err := b.Down(b.ctx, "preview/pr-12"); err != nil {
		t.Fatal(err)
	}
	b.nothingLeft(instance)
	b.allGone(pids)
}

// Down works from whatever it finds.
func TestDownHalfWritten(t *testing.T) {
	cases := map[string]func(b *bench) error{
		"no record": func(b *bench) error { return os.Remove(filepath.Join(b.dir(), "environment.json")) },
		"damaged record": func(b *bench) error {
			return os.WriteFile(filepath.Join(b.dir(), "environment.json"), []byte("{"), 0o600)
		},
		"damaged spec":      func(b *bench) error { return os.WriteFile(filepath.Join(b.dir(), "gen-1/spec.json"), nil, 0o600) },
		"no current":        func(b *bench) error { return os.Remove(filepath.Join(b.dir(), "current")) },
		"no lock":           func(b *bench) error { return os.Remove(filepath.Join(b.dir(), "gen-1/lock")) },
		"removed by hand":   func(b *bench) error { return os.RemoveAll(b.dir()) },
		"removed, and dead": func(b *bench) error { kill(b.T, owner(b.gen().path("lock"))); return os.RemoveAll(b.dir()) },
		"a removal was left": func(b *bench) error {
			return os.MkdirAll(filepath.Join(b.Dir, ".removing-"+slug("preview/pr-12"), "x"), 0o700)
		},
	}
	for name, damage := range cases {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			r := b.up("", commit1)
			instance := "GOLDENPATH_INSTANCE=" + b.self(r.URL).env("GOLDENPATH_INSTANCE")
			if err := damage(b); err != nil {
				t.Fatal(err)
			}
			if err := b.Down(b.ctx, "preview/pr-12"); err != nil {
				t.Fatal(err)
			}
			b.nothingLeft(instance)
		})
	}
}

func TestDeployWithoutRecord(t *testing.T) {
	b := newBench(t)
	r := b.up("", commit1)
	pid := b.self(r.URL).Pid
	if err := os.Remove(filepath.Join(b.dir(), "environment.json")); err != nil {
		t.Fatal(err)
	}
	if r := b.up("", commit2); r.Generation != 2 || !gone(pid)() {
		t.Errorf("%+v", r)
	}
}

// A deployment is killed as soon as a file appears; deploying again converges.
func TestDeployKilled(t *testing.T) {
	for _, when := range []string{"lock", "environment.json", "gen-2", "gen-2/rootfs/srv", "gen-2/spec.json", "gen-2/supervisor.log", "gen-2/lock", "gen-2/state.json", "gen-2/app.pid"} {
		for _, mode := range []string{"first", "update", "fixed"} {
			file := when
			if mode == "first" {
				file = strings.Replace(when, "gen-2", "gen-1", 1)
			} else if !strings.HasPrefix(when, "gen-2") {
				continue
			}
			if mode == "fixed" && when != "gen-2/state.json" && when != "gen-2/supervisor.log" {
				continue
			}
			t.Run(mode+" "+file, func(t *testing.T) {
				b := newBench(t)
				var port int
				if mode == "fixed" {
					port, _ = freePort()
				}
				if mode != "first" {
					d := b.deployment("", commit1)
					d.Port = port
					b.mustDeploy(d)
				}
				cmd := exec.Command(os.Args[0], "deploy", b.Dir, commit2, "gated", strconv.Itoa(port))
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				eventually(t, file, func() bool { _, err := os.Stat(filepath.Join(b.dir(), file)); return err == nil })
				kill(t, cmd.Process.Pid)
				_ = cmd.Wait()
				if all, err := b.All(b.ctx); file != "lock" && (len(all) != 1 || all[0].Environment != "preview/pr-12" || err != nil) {
					t.Errorf("list: %+v, %v", all, err)
				}
				if mode == "update" {
					if r := b.status(); r.Generation != 1 || !r.Alive || b.fetch(r.URL+"/version") != commit1 {
						t.Errorf("after the kill: %+v", r)
					}
				}
				d := b.deployment("", commit2)
				d.Port = port
				r := b.mustDeploy(d)
				if b.fetch(r.URL+"/version") != commit2 {
					t.Errorf("deployed again: %+v", r)
				}
				instance := "GOLDENPATH_INSTANCE=" + b.self(r.URL).env("GOLDENPATH_INSTANCE")
				if all := marked(instance); len(all) != 3 {
					t.Errorf("%d processes instead of supervisor, shim and application: %v", len(all), all)
				}
				if gens, err := filepath.Glob(b.dir() + "/gen-*"); len(gens) != 1 || err != nil {
					t.Errorf("generations left: %v, %v", gens, err)
				}
				if err := b.Down(b.ctx, "preview/pr-12"); err != nil {
					t.Fatal(err)
				}
				b.nothingLeft(instance)
			})
		}
	}
}

// adoptOrphans makes this process the parent of those whose supervisor was killed, and it
// does not wait for them, as PID 1 of some containers.
func adoptOrphans(t *testing.T) {
	t.Helper()
	if err := adopt(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0); err != nil {
			t.Error(err)
		}
	})
}
