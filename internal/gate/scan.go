package gate

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// run is the result of one scanner.
type run struct {
	scanner Scanner
	Result
	idle    bool // nothing that it examines has changed
	err     error
	elapsed time.Duration
}

// scanAll runs all scanners in parallel. Each has its own deadline, and a panic of one
// does not end or hide the others.
func scanAll(ctx context.Context, o Options, in Input, changed Changes) []run {
	runs := make([]run, len(o.Scanners))
	var wg sync.WaitGroup
	for i, s := range o.Scanners {
		wg.Go(func() {
			own, cancel := context.WithTimeout(ctx, o.Timeout)
			defer cancel()
			start := time.Now()
			got := guarded(own, s, in, changed)
			switch {
			case ctx.Err() != nil:
				got.err = context.Cause(ctx)
			case own.Err() != nil:
				got.err = fmt.Errorf("the scanner was stopped after %s", o.Timeout)
			}
			got.Findings = append(got.Findings, o.Policy.check(got.Packages)...)
			got.elapsed = time.Since(start)
			runs[i] = got
		})
	}
	wg.Wait()
	// Only when all have finished is it known which secrets must not be quoted.
	for i := range runs {
		if o.Secrets != nil {
			runs[i].redact(o.Secrets)
		}
	}
	return runs
}

// guarded runs one scanner. It returns when the scanner has finished or its time is up,
// whichever comes first: a library that ignores its context does not block the gate.
func guarded(ctx context.Context, s Scanner, in Input, changed Changes) run {
	done := make(chan run, 1)
	go func() {
		r := run{scanner: s}
		defer func() {
			if p := recover(); p != nil {
				r = run{scanner: s, err: fmt.Errorf("panic: %s\n%s", panicValue(p), firstLines(string(debug.Stack()), 12))}
			}
			done <- r
		}()
		var concerned bool
		if in.Files, concerned = s.Select(in.Files, changed); !concerned {
			r.idle = true
			return
		}
		r.Result, r.err = s.Scan(ctx, in)
		if gap := (Unreachable)(nil); errors.As(r.err, &gap) {
			r.Result, r.err = Result{Missing: []Gap{gap.Gap()}}, nil
		}
	}()
	select {
	case r := <-done:
		return r
	case <-ctx.Done():
		return run{scanner: s, err: context.Cause(ctx)}
	}
}

// panicValue describes the value of a panic. Only texts of the Go runtime are shown; a
// text of a library may quote a secret from the file that the library was reading.
func panicValue(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", p)
}

func firstLines(s string, n int) string {
	return strings.Join(strings.SplitAfterN(s, "\n", n+1)[:min(n, strings.Count(s, "\n"))], "")
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
