//go:build unix

package process

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/text"
)

// shim runs the application once, in its own process group, and returns the
// application's exit code. All processes that the application started are ended too.
func shim(dir string) int {
	runtime.LockOSThread() // see supervise
	syscall.CloseOnExec(3)
	life := os.NewFile(3, "life")
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT)

	g := generation{dir: dir}
	err := readJSON(g.path("spec.json"), &g.spec)
	if err == nil {
		err = adopt()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "start application:", err)
		return 3
	}
	log := &rotating{path: g.path("app.log"), most: logSize}
	defer log.close()
	app, drained, err := g.startApp(log)
	if err != nil {
		fmt.Fprintf(log, "goldenpath: start the application: %v\n", err)
		return 127
	}
	children := reap(app)
	orphaned := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, life) // ends with the supervisor
		close(orphaned)
	}()

	how := "was ended"
	var ws syscall.WaitStatus
	select {
	case ws = <-children.exited:
		how = "ended: " + describe(ws)
	case <-orphaned:
	case <-asked:
		if g.spec.Run.Interrupt {
			_ = syscall.Kill(app, syscall.SIGINT)
		} else {
			signalTree(app, syscall.SIGTERM)
		}
		select {
		case <-children.none:
		case <-orphaned:
		case <-time.After(grace):
		}
	}
	if err := children.end(app); err != nil {
		fmt.Fprintln(log, "goldenpath:", err)
	}
	select {
	case <-drained:
	case <-time.After(time.Second): // a process of another user holds the pipe
	}
	fmt.Fprintf(log, "%s%s\n", ending, how)
	return code(ws)
}

// startApp starts the application, which the kernel kills when this thread ends. The
// application's output is written to log; drained is closed when the application and all
// its children have closed their output.
func (g *generation) startApp(log io.Writer) (pid int, drained <-chan struct{}, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return 0, nil, err
	}
	defer w.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		r.Close()
		return 0, nil, err
	}
	defer null.Close()
	sys := tied(syscall.SIGKILL)
	sys.Setpgid = true
	if g.spec.Run.NotRoot && os.Geteuid() == 0 {
		notRoot(sys)
	}
	p, err := os.StartProcess(g.spec.Run.Path, g.spec.Run.Argv, &os.ProcAttr{
		Dir: g.spec.Run.Dir, Env: g.spec.Run.Env, Files: []*os.File{null, w, w}, Sys: sys,
	})
	if err != nil {
		r.Close()
		return 0, nil, err
	}
	done := make(chan struct{})
	go func() {
		out := text.NewMask(g.spec.Secrets...).Writer(log)
		_, _ = io.Copy(out, r)
		_ = out.Close()
		close(done)
	}()
	_ = os.WriteFile(g.path("app.pid"), []byte(strconv.Itoa(p.Pid)), 0o600)
	pid = p.Pid
	return pid, done, p.Release()
}

// app returns the pid of the application, which is also the id of its process group.
func (g *generation) app() int {
	b, _ := os.ReadFile(g.path("app.pid"))
	pid, _ := strconv.Atoi(string(b))
	return pid
}
