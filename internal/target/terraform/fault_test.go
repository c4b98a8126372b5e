package terraform

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// GP-PREV-1: killed hard in the middle of apply, Terraform still saves what it has
// made and unlocks, no process stays, and the same command converges.
func TestKilledInApply(t *testing.T) {
	w := newWorld(t, app)
	ctx := context.Background()
	write(t, filepath.Join(w.dir, "hold"), "")
	cmd := w.start(t, "deploy", commit1, "a")
	eventually(t, "apply has begun", func() bool { return exists(filepath.Join(w.dir, "started")) })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if runtime.GOOS == "linux" {
		eventually(t, "no process is left", func() bool { return !w.busy() })
	}
	s, there, err := w.open(ctx, "preview/pr-12")
	if err != nil || !there {
		t.Fatalf("workspace there: %v, %v", there, err)
	}
	made, err := s.resources(ctx)
	s.leave()
	if diff := cmp.Diff([]string{"terraform_data.app"}, made); diff != "" || err != nil {
		t.Errorf("the state forgot what was made: %s%v", diff, err)
	}
	if status, err := w.Status(ctx, "preview/pr-12"); err != nil || !status.Alive {
		t.Errorf("Status: %+v, %v", status, err)
	}
	if err := os.Remove(filepath.Join(w.dir, "hold")); err != nil {
		t.Fatal(err)
	}
	w.LockTimeout = time.Second // the lock is free
	if r, err := w.Deploy(ctx, deployment1()); err != nil || r.Commit != commit1 {
		t.Fatalf("again: %+v, %v", r, err)
	}
	if err := w.Down(ctx, "preview/pr-12"); err != nil || w.left(t) != nil {
		t.Errorf("down: %v, left %v", err, w.left(t))
	}
}

// GP-PREV-1: killed at the end of each phase, up again converges, and down after a
// kill leaves nothing.
func TestKilledInEachPhase(t *testing.T) {
	w := newWorld(t, app)
	ctx := context.Background()
	for _, phase := range []string{"init", "plan", "apply", "ready"} {
		for _, then := range []string{"up", "down"} {
			r, out, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd := w.startUntil(t, "deploy", commit1, "a", phase, out)
			out.Close()
			if _, err := r.Read(make([]byte, 1)); err != nil {
				t.Fatalf("%s: it did not get there: %v", phase, err)
			}
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			r.Close()
			if then == "up" {
				if got, err := w.Deploy(ctx, deployment1()); err != nil || got.Commit != commit1 || got.Generation != 1 {
					t.Errorf("%s: up again: %+v, %v", phase, got, err)
				}
			}
			if err := w.Down(ctx, "preview/pr-12"); err != nil || w.left(t) != nil || exists(filepath.Join(w.dir, "version")) {
				t.Errorf("%s, %s: down: %v, left %v", phase, then, err, w.left(t))
			}
		}
	}
}

// GP-PREV-5: killed while it destroys, down again leaves nothing.
func TestKilledInDown(t *testing.T) {
	w := newWorld(t, strings.Replace(app, "test ! -e stuck", "touch leaving; while [ -e hold ]; do sleep 0.02; done", 1))
	ctx := context.Background()
	if _, err := w.Deploy(ctx, deployment1()); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(w.dir, "hold"), "")
	cmd := w.start(t, "down", "", "")
	eventually(t, "destroy has begun", func() bool { return exists(filepath.Join(w.dir, "leaving")) })
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if runtime.GOOS == "linux" {
		eventually(t, "no process is left", func() bool { return !w.busy() })
	}
	if diff := cmp.Diff([]string{"pr-12"}, w.left(t)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if err := os.Remove(filepath.Join(w.dir, "hold")); err != nil {
		t.Fatal(err)
	}
	if err := w.Down(ctx, "preview/pr-12"); err != nil || w.left(t) != nil || exists(filepath.Join(w.dir, "version")) {
		t.Errorf("down again: %v, left %v", err, w.left(t))
	}
}

// GP-PREV-1: an interrupted caller waits until Terraform has saved its state, with
// the guard and without.
func TestInterrupted(t *testing.T) {
	for _, guarded := range []bool{true, false} {
		w := newWorld(t, app)
		if !guarded {
			w.Guard = nil
		}
		write(t, filepath.Join(w.dir, "hold"), "")
		why := errors.New("the job was cancelled")
		ctx, cancel := context.WithCancelCause(context.Background())
		go func() {
			for !exists(filepath.Join(w.dir, "started")) {
				time.Sleep(5 * time.Millisecond)
			}
			cancel(why)
		}()
		if _, err := w.Deploy(ctx, deployment1()); !errors.Is(err, why) {
			t.Fatalf("guarded %v: %v, want %v", guarded, err, why)
		}
		if runtime.GOOS == "linux" && w.busy() {
			t.Errorf("guarded %v: a process is left", guarded)
		}
		w.LockTimeout = time.Second
		if s, err := w.Status(context.Background(), "preview/pr-12"); err != nil || !s.Alive {
			t.Errorf("guarded %v: the state forgot what was made: %+v, %v", guarded, s, err)
		}
		if err := w.Down(context.Background(), "preview/pr-12"); err != nil || w.left(t) != nil {
			t.Errorf("guarded %v: down: %v, left %v", guarded, err, w.left(t))
		}
	}
}

// GP-PREV-5: a destroy that fails is reported, keeps what it could not remove, and is
// retried.
func TestDestroyFails(t *testing.T) {
	w := newWorld(t, app)
	ctx := context.Background()
	if _, err := w.Deploy(ctx, deployment1()); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(w.dir, "stuck"), "")
	err := w.Down(ctx, "preview/pr-12")
	var f *target.Failure
	if !errors.As(err, &f) {
		t.Fatalf("%v, want a Failure", err)
	}
	if !strings.Contains(f.What, "infra/main.tf:") || !strings.Contains(f.What, "terraform_data.app") || f.Kept != "workspace pr-12 with terraform_data.app" || f.Remedy == "" {
		t.Errorf("%+v", f)
	}
	var found int
	for r, err := range w.List(ctx) {
		if err != nil || r.Environment != "preview/pr-12" {
			t.Errorf("%+v, %v", r, err)
		}
		found++
	}
	if found != 1 {
		t.Errorf("sweep finds %d environments, want the one that is left", found)
	}
	if err := os.Remove(filepath.Join(w.dir, "stuck")); err != nil {
		t.Fatal(err)
	}
	if err := w.Down(ctx, "preview/pr-12"); err != nil || w.left(t) != nil {
		t.Errorf("down again: %v, left %v", err, w.left(t))
	}
}

// GP-PREV-11: a lock that another machine holds is respected and reported.
func TestLocked(t *testing.T) {
	w := newWorld(t, app)
	ctx := context.Background()
	if _, err := w.Deploy(ctx, deployment1()); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(w.dir, "hold"), "")
	if err := os.Remove(filepath.Join(w.dir, "started")); err != nil {
		t.Fatal(err)
	}
	other := *w.Target
	other.Data = filepath.Join(t.TempDir(), "data")
	other.LockTimeout = 300 * time.Millisecond
	cmd := w.start(t, "deploy", commit2, "b")
	eventually(t, "apply has begun", func() bool { return exists(filepath.Join(w.dir, "started")) })
	for name, do := range map[string]func() error{
		"Deploy": func() error { _, err := other.Deploy(ctx, deployment1()); return err },
		"Down":   func() error { return other.Down(ctx, "preview/pr-12") },
	} {
		err := do()
		var locked *Locked
		if !errors.As(err, &locked) {
			t.Fatalf("%s: %v, want Locked", name, err)
		}
		if locked.ID == "" || !strings.Contains(locked.Who, "@") || locked.Created == "" || locked.Operation != "OperationTypeApply" ||
			!strings.Contains(err.Error(), "force-unlock "+locked.ID) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Remove(filepath.Join(w.dir, "hold")); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the holder of the lock: %v", err)
	}
	other.LockTimeout = 10 * time.Second
	if s, err := other.Status(ctx, "preview/pr-12"); err != nil || s.Commit != commit2 || s.Generation != 2 {
		t.Errorf("%+v, %v", s, err)
	}
}

// GP-PREV-1: two ups at once, from one machine and from two: both end well.
func TestTwoAtOnce(t *testing.T) {
	for _, machines := range []int{1, 2} {
		w := newWorld(t, app)
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for i := range errs {
			one := *w.Target
			if machines == 2 {
				one.Data = filepath.Join(t.TempDir(), "data")
			}
			one.LockTimeout = 20 * time.Second
			wg.Go(func() { _, errs[i] = one.Deploy(context.Background(), deployment1()) })
		}
		wg.Wait()
		if errs[0] != nil || errs[1] != nil {
			t.Errorf("%d machines: %v; %v", machines, errs[0], errs[1])
		}
		if s, err := w.Status(context.Background(), "preview/pr-12"); err != nil || s.Commit != commit1 {
			t.Errorf("%d machines: %+v, %v", machines, s, err)
		}
		if err := w.Down(context.Background(), "preview/pr-12"); err != nil || w.left(t) != nil {
			t.Errorf("%d machines: down: %v, left %v", machines, err, w.left(t))
		}
	}
}

// GP-PREV-6: asked between the phases, a deployment that was overtaken stops.
func TestProceed(t *testing.T) {
	for _, tc := range []struct {
		phase   int
		left    []string
		version bool
	}{{1, nil, false}, {2, nil, false}, {3, []string{"pr-12"}, true}} {
		w := newWorld(t, app)
		d, asked := deployment1(), 0
		d.KeepFailed = false
		d.Proceed = func() error {
			if asked++; asked == tc.phase {
				return target.ErrSuperseded
			}
			return nil
		}
		_, err := w.Deploy(context.Background(), d)
		if !errors.Is(err, target.ErrSuperseded) {
			t.Errorf("phase %d: %v", tc.phase, err)
		}
		if diff := cmp.Diff(tc.left, w.left(t)); diff != "" || exists(filepath.Join(w.dir, "version")) != tc.version {
			t.Errorf("phase %d: left (-want +got):\n%s", tc.phase, diff)
		}
	}
}

// GP-PREV-3: what was applied and does not respond is a failure; a first one is
// kept or removed as asked.
func TestNotReady(t *testing.T) {
	for _, keep := range []bool{true, false} {
		w := newWorld(t, app)
		d := deployment1()
		d.KeepFailed, d.Ready.Timeout, d.Ready.VersionPath = keep, 200*time.Millisecond, "/version"
		w.Vars["url"] = "http://127.0.0.1:1"
		_, err := w.Deploy(context.Background(), d)
		var f *target.Failure
		if !errors.As(err, &f) || !strings.Contains(f.What, "not ready after 200ms") {
			t.Fatalf("keep %v: %v", keep, err)
		}
		if kept := len(w.left(t)) == 1; kept != keep {
			t.Errorf("keep %v: left %v", keep, w.left(t))
		}
	}
}

// GP-PREV-1: Terraform that does not end in its time is killed, no matter what started it
// is gone or not.
func TestGuardKills(t *testing.T) {
	for _, how := range []string{"closed", "asked"} {
		r, wr, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "pid")
		cmd := exec.Command(os.Args[0], "guard", "100ms", "sh", "-c", "trap '' INT TERM; echo $$ > "+file+"; while :; do sleep 0.05; done")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		cmd.ExtraFiles = []*os.File{r}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		r.Close()
		eventually(t, "it runs", func() bool { b, _ := os.ReadFile(file); return strings.HasSuffix(string(b), "\n") })
		if how == "closed" {
			wr.Close()
		} else if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		wr.Close()
		b, _ := os.ReadFile(file)
		eventually(t, how+": the program has ended", func() bool {
			stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(b)) + "/stat")
			return err != nil || strings.Contains(string(stat), ") Z ")
		})
	}
	if code := Guard(context.Background(), []string{"1s"}); code != 2 {
		t.Errorf("without a program: %d", code)
	}
}

// GP-PATH-8: a provider that never answers does not take the whole job. The report names
// what Terraform was working on, the state is saved and free, and nothing runs on.
func TestHangs(t *testing.T) {
	w := newWorld(t, app)
	ctx := context.Background()
	write(t, filepath.Join(w.dir, "hold"), "")
	w.Limit = 6 * time.Second
	_, err := w.Deploy(ctx, deployment1())
	var f *target.Failure
	if !errors.As(err, &f) || f.NotUp || !strings.Contains(f.What, "took longer than 6s and was interrupted while it worked on terraform_data.app") {
		t.Fatalf("%v", err)
	}
	if f.Kept != "1 resources in workspace pr-12" {
		t.Errorf("kept %q", f.Kept)
	}
	if runtime.GOOS == "linux" && w.busy() {
		t.Error("a process is left")
	}
	w.LockTimeout = time.Second
	if err := w.Down(ctx, "preview/pr-12"); err != nil || w.left(t) != nil {
		t.Errorf("down: %v, left %v", err, w.left(t))
	}
}
