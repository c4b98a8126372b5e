package tool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The test binary is also the guard, and a caller that can be killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "guard":
			os.Exit(Guard(context.Background(), os.Args[2:]))
		case "call":
			_, err := Command{Argv: Shell(os.Args[2]), Guard: []string{os.Args[0], "guard"}}.Run(context.Background())
			fmt.Println(err)
			os.Exit(0)
		}
	}
	os.Setenv("GITHUB_TOKEN", "ghs_of_the_caller")
	os.Setenv("GOFLAGS", "-mod=mod")
	os.Exit(m.Run())
}

// ways runs a test with and without the guard.
func ways(t *testing.T, f func(t *testing.T, guard []string)) {
	t.Run("alone", func(t *testing.T) { f(t, nil) })
	t.Run("guarded", func(t *testing.T) { f(t, []string{os.Args[0], "guard"}) })
}

func TestRun(t *testing.T) {
	ways(t, func(t *testing.T, guard []string) {
		dir := t.TempDir()
		c := Command{
			Argv: Shell(`cat; pwd; echo "$A $GOFLAGS ${GITHUB_TOKEN-none}"; echo reported >&2`), Dir: dir, Env: []string{"A=b"},
			Stdin: strings.NewReader("in\n"), Guard: guard, Timeout: time.Minute,
		}
		res, err := c.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := "in\n" + dir + "\nb -mod=mod none\n"
		if string(res.Stdout) != want || res.Code != 0 || res.Elapsed <= 0 {
			t.Errorf("%q, code %d, %s; want %q", res.Stdout, res.Code, res.Elapsed, want)
		}
		if !strings.Contains(res.Tail, "b -mod=mod none\n") || !strings.Contains(res.Tail, "reported\n") || res.Stderr != "reported\n" {
			t.Errorf("tail %q, stderr %q", res.Tail, res.Stderr)
		}
	})
}

// TestTranscript: what a program writes to stdout and stderr is kept in its order, which is
// what a person reads of a failure, and no output contains a secret.
func TestTranscript(t *testing.T) {
	ways(t, func(t *testing.T, guard []string) {
		var line, want strings.Builder
		for i := range 100 {
			fmt.Fprintf(&line, "echo out %d $A; echo err %[1]d >&2\n", i)
			fmt.Fprintf(&want, "out %d ***\nerr %[1]d\n", i)
		}
		var transcript bytes.Buffer
		res, err := Command{Argv: Shell(line.String()), Env: []string{"A=planted"}, Secrets: []string{"planted"}, Guard: guard, Transcript: &transcript}.Run(t.Context())
		if err != nil || transcript.String() != want.String() || res.Tail != want.String() {
			t.Errorf("transcript %q, %v", transcript.String(), err)
		}
	})
}

func TestExitCodes(t *testing.T) {
	ways(t, func(t *testing.T, guard []string) {
		for line, want := range map[string]int{
			"exit 3":                            3,
			"false; true":                       1, // -e
			"kill -9 $$":                        137,
			"kill -TERM $$":                     143,
			"printf 'one\\ntwo\\n' >&2; exit 1": 1,
		} {
			res, err := Command{Argv: Shell(line), Guard: guard}.Run(t.Context())
			var exit *ExitError
			if !errors.As(err, &exit) || exit.Code != res.Code {
				t.Errorf("%s: %v, result %d", line, err, res.Code)
				continue
			}
			if exit.Code != want {
				t.Errorf("%s: code %d, want %d", line, exit.Code, want)
			}
			if strings.Contains(line, "two") && exit.Error() != "sh: exit status 1: two" {
				t.Errorf("error %q", exit)
			}
		}
		_, err := Command{Argv: []string{"no-such-program-here"}, Guard: guard}.Run(t.Context())
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("error %v, want ErrNotFound", err)
		}
	})
}

// lifeline is a pipe that ends when the last process that holds it does.
type lifeline struct {
	path string
	open chan *os.File
}

func newLifeline(t *testing.T) *lifeline {
	t.Helper()
	l := &lifeline{filepath.Join(t.TempDir(), "lifeline"), make(chan *os.File, 1)}
	if err := syscall.Mkfifo(l.path, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		f, err := os.Open(l.path) // waits for somebody to write
		if err == nil {
			l.open <- f
		}
	}()
	return l
}

// holds is a command line that takes the lifeline, says so, and goes on.
func (l *lifeline) holds(line string) string {
	return "exec 9>" + l.path + "; echo up >&9; " + line
}

// up waits until it is held.
func (l *lifeline) up(t *testing.T) *os.File {
	t.Helper()
	select {
	case f := <-l.open:
		t.Cleanup(func() { f.Close() })
		if err := f.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(f, make([]byte, len("up\n"))); err != nil {
			t.Fatal(err)
		}
		return f
	case <-time.After(20 * time.Second):
		t.Fatal("the program did not come up")
	}
	return nil
}

// gone fails the test unless all holders end soon.
func gone(t *testing.T, f *os.File) {
	t.Helper()
	if _, err := io.Copy(io.Discard, f); err != nil {
		t.Errorf("a process is left behind: %v", err)
	}
}

func TestTimeoutEndsTheWholeGroup(t *testing.T) {
	ways(t, func(t *testing.T, guard []string) {
		l := newLifeline(t)
		// A grandchild that ignores a polite request, and a shell that waits for it.
		res, err := Command{Argv: Shell(l.holds(`trap "" TERM; (trap "" TERM; sleep 1000) & echo begun; wait`)), Guard: guard, Timeout: 1500 * time.Millisecond}.Run(t.Context())
		if !errors.Is(err, ErrTimeout) || err.Error() != "sh: stopped after 1.5s" {
			t.Errorf("error %v", err)
		}
		if !strings.Contains(res.Tail, "begun") {
			t.Errorf("tail %q", res.Tail)
		}
		gone(t, l.up(t))
	})
}

func TestNothingIsLeftBehind(t *testing.T) {
	ways(t, func(t *testing.T, guard []string) {
		l := newLifeline(t)
		if _, err := (Command{Argv: Shell(l.holds("sleep 1000 >/dev/null 2>&1 & true")), Guard: guard}).Run(t.Context()); err != nil {
			t.Error(err)
		}
		gone(t, l.up(t))
	})
}

func TestStopped(t *testing.T) {
	ways(t, func(t *testing.T, guard []string) {
		l := newLifeline(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("interrupt")
		var f *os.File
		var wg sync.WaitGroup
		wg.Go(func() {
			f = l.up(t)
			cancel(reason)
		})
		_, err := Command{Argv: Shell(l.holds("sleep 1000")), Guard: guard, Timeout: time.Minute}.Run(ctx)
		if !errors.Is(err, reason) || errors.Is(err, ErrTimeout) {
			t.Errorf("error %v", err)
		}
		wg.Wait()
		gone(t, f)
	})
}

// The caller's own deadline is not the program's.
func TestDeadlineOfTheCaller(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := Command{Argv: []string{"sleep", "1000"}, Timeout: time.Hour}.Run(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "1h") {
		t.Errorf("error %v", err)
	}
	_, err = Command{Argv: []string{"true"}}.Run(ctx)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("begun too late: %v", err)
	}
}

// TestCallerIsKilled proves that the guard ends the group when its caller can say
// nothing any more.
func TestCallerIsKilled(t *testing.T) {
	l := newLifeline(t)
	caller := exec.Command(os.Args[0], "call", l.holds("sleep 1000 & sleep 1000"))
	if err := caller.Start(); err != nil {
		t.Fatal(err)
	}
	f := l.up(t)
	if err := caller.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = caller.Wait()
	gone(t, f)
}

// Run by hand, the guard kills no process.
func TestGuardByHand(t *testing.T) {
	for name, args := range map[string][]string{"no caller": {"guard", "true"}, "no command": {"guard"}} {
		out, err := exec.Command(os.Args[0], args...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 {
			t.Errorf("%s: %v %s", name, err, out)
		}
	}
}

func TestOutputIsBounded(t *testing.T) {
	l := &limited{max: 10}
	last := &tail{max: 10}
	for range 100 {
		for _, w := range []io.Writer{l, last} {
			if n, err := w.Write([]byte("0123456")); n != 7 || err != nil {
				t.Fatal(n, err)
			}
		}
	}
	if l.String() != "0123456012" || last.String() != "4560123456" || cap(last.b) > 100 {
		t.Errorf("first %q, last %q of %d", l, last, cap(last.b))
	}
	// A program that prints more than is kept is not blocked.
	res, err := Command{Argv: Shell("head -c 100000 /dev/zero; head -c 100000 /dev/zero; head -c 100000 /dev/zero >&2")}.Run(t.Context())
	if err != nil || len(res.Stdout) != 200000 || len(res.Tail) > 16<<10 {
		t.Errorf("%d bytes, tail of %d: %v", len(res.Stdout), len(res.Tail), err)
	}
}

// A transcript that cannot be written is an error.
func TestTranscriptFails(t *testing.T) {
	full := errors.New("no space left")
	_, err := Command{Argv: Shell("echo x"), Transcript: writer(func([]byte) (int, error) { return 0, full })}.Run(t.Context())
	if !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }
