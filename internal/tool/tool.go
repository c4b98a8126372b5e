// Package tool runs external programs: with an environment without credentials, a time
// limit, a limited transcript, and no process left behind.
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

	"github.com/seed-b235b314/goldenpath/internal/text"
)

// Command is one run of a program.
type Command struct {
	Argv    []string
	Dir     string
	Env     []string // added to the scrubbed environment, KEY=value
	Only    bool     // the environment is Env and nothing else
	Stdin   io.Reader
	Stdout  io.Writer     // receives standard output; nil keeps it in Result
	Timeout time.Duration // 0 means the context's deadline; after it the error is ErrTimeout
	// Guard is the argv of `goldenpath guard`, put before Argv. The guard kills
	// the whole process group when the caller ends for any reason.
	Guard []string
	// Transcript receives stdout and stderr, in the order in which they were written: they
	// share one pipe. Result has then only the tail. nil keeps them only in Result.
	Transcript io.Writer
	// Secrets are values in Env that no output contains: *** replaces them.
	Secrets []string
}

// Result is the outcome of a program.
type Result struct {
	Stdout  []byte // at most maxOutput; empty when Command.Stdout or Transcript is set
	Cut     bool   // standard output was longer than maxOutput
	Stderr  string // the last lines of stderr only
	Tail    string // the last lines of stdout and stderr together
	Code    int    // exit code; 128 plus the signal number if a signal ended it
	Elapsed time.Duration
}

// maxOutput is the number of bytes of stdout that are kept.
const maxOutput = 64 << 20

// ErrNotFound means that a program is not installed.
var ErrNotFound = exec.ErrNotFound

// ErrTimeout means that a program ran longer than its Timeout.
var ErrTimeout = errors.New("stopped")

// ExitError is the error of a program with a non-zero exit code.
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

// Run runs the program until it exits, and kills the processes that are left in its
// process group. A non-zero exit status is an *ExitError; the Result is valid even
// then.
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
	if cmd.Env = c.Env; !c.Only {
		cmd.Env = append(Scrub(os.Environ()), c.Env...)
	}
	cmd.Stdin = c.Stdin
	out := &limited{max: maxOutput}
	last := &tail{max: 16 << 10}
	errTail := &tail{max: 16 << 10}
	mask := text.NewMask(c.Secrets...)
	both := &serial{w: last}
	stdout, stderr := mask.Writer(io.MultiWriter(out, both)), mask.Writer(io.MultiWriter(errTail, both))
	switch {
	case c.Transcript != nil:
		stdout = mask.Writer(io.MultiWriter(c.Transcript, last))
		stderr = stdout
	case c.Stdout != nil:
		stdout = mask.Writer(c.Stdout)
	}
	cmd.Stdout, cmd.Stderr = stdout, stderr
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
	_, _ = stdout.Close(), stderr.Close() // what the writers report, cmd.Run reports too
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

// exitCode returns the exit code as a shell does: 128 plus the number for a signal. It
// returns -1 for a program that never ran.
func exitCode(s *os.ProcessState) int {
	if code := s.ExitCode(); code >= 0 || s == nil {
		return code
	}
	return 128 + signalOf(s)
}

// UnsetVariable explains the output of a shell command that ended because a variable is not
// set, or returns "".
func UnsetVariable(output string) string {
	if !strings.Contains(output, "parameter not set") && !strings.Contains(output, "unbound variable") {
		return ""
	}
	return "commands run with sh -eu, so a variable that is not set ends them: name it in .goldenpath.yml so that the command receives it (docs/variables.md), or write ${NAME-} if it may be empty"
}

// Shell returns the argv that runs a shell command.
func Shell(line string) []string { return []string{"sh", "-euc", line} }

// hold opens a pipe whose read end the guard inherits as descriptor 3. The kernel
// closes the pipe when the caller ends. The returned function closes both ends.
func hold(cmd *exec.Cmd, guarded bool) (func(), error) {
	if !guarded {
		return func() {}, nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{r}
	// The guard kills more than the group: terminate it first, kill it after WaitDelay.
	cmd.Cancel = w.Close
	return func() { r.Close(); w.Close() }, nil
}

// limited keeps the first bytes written to it.
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

// tail keeps the last bytes written to it.
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
