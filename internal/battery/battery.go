// Package battery runs the checks of a commit, and the tests of a deployed URL, that
// a repository declares.
package battery

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Options are where commands run and where their output is kept.
type Options struct {
	App, Commit string
	Dir         string            // checkout of the commit
	Env         map[string]string // added to the environment, such as GOLDENPATH_URL
	Secrets     []string          // values that are masked in logs, JUnit files and reports
	Out         string            // existing folder for logs and copies of JUnit files
	Guard       []string          // argv of `goldenpath guard`, which removes what a command leaves running
	Say         func(string)      // receives progress; nil: none
	Now         func() time.Time
}

// say reports progress to Options.Log.
func (o Options) say(format string, args ...any) {
	if o.Say != nil {
		o.Say(fmt.Sprintf(format, args...))
	}
}

// Data is the data of the reports of Checks and Run.
type Data struct {
	Environment string   `json:"environment,omitempty"`
	URL         string   `json:"url,omitempty"`
	JUnit       []string `json:"junit"` // copies in Options.Out; never null
}

// step is the outcome of one command or request.
type step struct {
	check report.Check
	log   string   // end of the output of a command that failed
	file  string   // with all of its output
	junit []string // copies of its JUnit files
	err   error    // it could not be run
}

// Checks runs the commands of a commit in their order and stops at the first that
// fails: the later ones usually fail for the same reason. A command that cannot be
// run is an error.
func Checks(ctx context.Context, steps config.Steps, o Options) (*report.Report, error) {
	var done []step
	for _, s := range steps {
		st := o.run(ctx, s)
		if st.err != nil {
			return nil, fmt.Errorf("check %s: %w", s.Name, st.err)
		}
		done = append(done, st)
		if st.check.State == report.Failed || st.check.State == report.Missing {
			break
		}
	}
	for _, s := range steps[len(done):] {
		done = append(done, step{check: report.Check{Name: s.Name, State: report.Skipped, Result: "not run: an earlier check failed"}})
	}
	return o.report("test", done, Data{}), nil
}

// parallel bounds the commands and requests of a battery that run at once.
const parallel = 4

// Run runs smoke requests and commands against a URL, several at a time; they may
// not depend on each other. An interrupted run is an error, because a request that
// was cut off is not a failed test.
func Run(ctx context.Context, b config.Battery, environment, url string, o Options) (*report.Report, error) {
	o.Env = with(o.Env, "GOLDENPATH_URL", url)
	done := make([]step, len(b.Smoke)+len(b.Steps))
	var wg sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for i := range done {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if i < len(b.Smoke) {
				done[i] = smoke(ctx, url, b.Smoke[i])
			} else {
				done[i] = o.run(ctx, b.Steps[i-len(b.Smoke)])
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	for _, st := range done {
		if st.err != nil {
			return nil, fmt.Errorf("battery check %s: %w", st.check.Name, st.err)
		}
	}
	return o.report("battery", done, Data{Environment: environment, URL: url}), nil
}

// with returns a copy of env with one more variable. env itself does not change.
func with(env map[string]string, key, value string) map[string]string {
	out := maps.Clone(env)
	if out == nil {
		out = map[string]string{}
	}
	out[key] = value
	return out
}
