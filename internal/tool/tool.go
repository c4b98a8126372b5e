// Package tool runs external programs: with a scrubbed environment, a deadline,
// a bounded transcript, and no process left behind.
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
	"time"
)

// Command is one run of a program.
type Command struct {
	Argv    []string
	Dir     string
	Env     []string // added to the scrubbed environment, KEY=value
	Stdin   io.Reader
	Stdout  io.Writer     // gets standard output as it comes; nil keeps it in Result
	Timeout time.Duration // 0: the context's; past it the error is ErrTimeout
	// Guard is the argv of `goldenpath guard`, put before Argv. The guard kills
	// the whole process group when the caller dies, however it dies.
	Guard []string
	// Transcript gets stdout and stderr as they come; nil keeps them in Result
	// only.
	Transcript io.Writer
}

// Result is what a program left.
type Result struct {
	Stdout  []byte // at most maxOutput; empty when Command.Stdout is set
	Cut     bool   // standard output was longer than maxOutput
	Stderr  string // the last lines of stderr alone
	Tail    string // the last lines of stdout and stderr together
	Code    int    // 128 and the signal's number where one ended it
	Elapsed time.Duration
}

// maxOutput bounds what is kept of a program's stdout.
const maxOutput = 64 << 20

// ErrNotFound says that a program is not installed.
var ErrNotFound = exec.ErrNotFound

// ErrTimeout says that a program ran longer than its Timeout.
var ErrTimeout = errors.New("stopped")

// ExitError says that a program ran and did not succeed.
type ExitError struct {
	Name   string
	Code   int
	Tail   string
	Stderr string
}

func (e *ExitError) Error() string {
	msg := fmt.Sprintf("%s: exit status %d", e.Name, e.Code)
	if tail := strings.TrimSpace(e.Tail); tail != "" {
		msg += ": " + lastLine(tail)
	}
	return msg
}

func lastLine(s string) string { return s[strings.LastIndexByte(s, '\n')+1:] }

// Run runs the program to its end, and ends what it left running in its process
// group. A non-zero exit status is an *ExitError with the Result still filled in.
func (c Command) Run(ctx context.Context) (Result, error) {
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.Timeout, ErrTimeout)
		defer cancel()
	}
	name := filepath.Base(c.Argv[0])
	if len(c.Guard) > 0 {
		if _, err := exec.LookPath(c.Argv[0]); err != nil {
			return Result{}, err
		}
	}
	argv := append(append([]string{}, c.Guard...), c.Argv...)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = c.Dir
	cmd.Env = append(Scrub(os.Environ()), c.Env...)
	cmd.Stdin = c.Stdin
	out := &limited{max: maxOutput}
	last := &tail{max: 16 << 10}
	both := &serial{w: last}
	if c.Transcript != nil {
		both.w = io.MultiWriter(c.Transcript, last)
	}
	errTail := &tail{max: 16 << 10}
	cmd.Stdout = io.MultiWriter(out, both)
	if c.Stdout != nil {
		cmd.Stdout = c.Stdout
	}
	cmd.Stderr = io.MultiWriter(errTail, both)
	cmd.WaitDelay = 2 * time.Second
	own(cmd)
	release, err := hold(cmd, len(c.Guard) > 0)
	if err != nil {
		return Result{}, err
	}
	defer release()
	start := time.Now()
	err = cmd.Run()
	killGroup(cmd)
	res := Result{Stdout: out.Bytes(), Cut: out.cut, Tail: last.String(), Stderr: errTail.String(), Elapsed: time.Since(start), Code: exitCode(cmd.ProcessState)}
	if ctx.Err() != nil {
		if context.Cause(ctx) == ErrTimeout {
			return res, fmt.Errorf("%s: %w after %s", name, ErrTimeout, c.Timeout)
		}
		return res, fmt.Errorf("%s: %w", name, context.Cause(ctx))
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return res, &ExitError{Name: name, Code: res.Code, Tail: res.Tail, Stderr: res.Stderr}
	}
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return res, err
	}
	return res, nil
}

// exitCode is what a shell would say: a program ended by a signal has 128 and its
// number. One that never ran has -1.
func exitCode(s *os.ProcessState) int {
	if code := s.ExitCode(); code >= 0 || s == nil {
		return code
	}
	return 128 + signalOf(s)
}

// Shell returns the argv that runs a command line as the user wrote it.
func Shell(line string) []string { return []string{"sh", "-euc", line} }

// hold opens a pipe whose read end the guard inherits as descriptor 3. It is
// closed when the caller ends, in whatever way.
func hold(cmd *exec.Cmd, guarded bool) (func(), error) {
	if !guarded {
		return func() {}, nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{r}
	// The guard ends more than the group: it is asked, and killed after WaitDelay.
	cmd.Cancel = w.Close
	return func() { r.Close(); w.Close() }, nil
}

// limited keeps the first bytes.
type limited struct {
	bytes.Buffer
	max int
	cut bool
}

func (l *limited) Write(p []byte) (int, error) {
	l.cut = l.cut || l.Len()+len(p) > l.max
	l.Buffer.Write(p[:min(len(p), max(0, l.max-l.Len()))])
	return len(p), nil
}

// tail keeps the last bytes.
type tail struct {
	b   []byte
	max int
}

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if len(t.b) > 2*t.max {
		t.b = append([]byte{}, t.b[len(t.b)-t.max:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.b[max(0, len(t.b)-t.max):]) }
