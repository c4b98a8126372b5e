package command

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// patience is how long a stopped command may take to clean up. The runner kills an action
// 10 s after its first signal; the rest is for the report and for restoring the
// workspace's ownership.
const patience = 6 * time.Second

// crash is a command's panic with its stack.
type crash struct {
	value any
	stack []byte
}

// do runs a command. In a workflow run it abandons a command that cannot be stopped in
// time. Elsewhere a person can wait or kill it.
func do(ctx context.Context, env *Env, c Command) (*report.Report, error) {
	if !env.Runner.Present() {
		return c.Do(ctx, env)
	}
	type answer struct {
		rep *report.Report
		err error
	}
	answers, crashes := make(chan answer, 1), make(chan crash, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				crashes <- crash{p, debug.Stack()}
			}
		}()
		rep, err := c.Do(ctx, env)
		answers <- answer{rep, err}
	}()
	late := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(patience, func() { close(late) }) })
	defer stop()
	select {
	case a := <-answers:
		return a.rep, a.err
	case c := <-crashes:
		panic(c)
	case <-late:
		return nil, fmt.Errorf("stopped before the end: %w; the command did not stop within %s and may have left partial work: run it again", context.Cause(ctx), patience)
	}
}
