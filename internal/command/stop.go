package command

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// patience is how long a command that was stopped may take to put things in order.
// The runner kills an action 10 s after its first signal; what is left is for saying
// so and for giving the workspace back.
const patience = 6 * time.Second

// crash is a panic of a command's, with where it came from.
type crash struct {
	value any
	stack []byte
}

// do runs a command. In a workflow's run one that goes on after it was stopped, in
// code that cannot be, is left behind. Elsewhere a person waits, or kills it.
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
		return nil, fmt.Errorf("stopped in the middle: %w; it gave no answer within %s, and what it was doing may be half done: run it again", context.Cause(ctx), patience)
	}
}
