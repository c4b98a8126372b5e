// Package battery runs what a repository declares about itself: checks of a
// commit, and tests against a deployed URL.
package battery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// Options says where commands run and where what they leave is kept.
type Options struct {
	App, Commit string
	Dir         string            // checkout of the commit
	Env         map[string]string // GOLDENPATH_URL and the like
	Out         string            // folder for logs and JUnit files
	Guard       []string          // argv of `goldenpath guard`
	Say         func(string)      // progress; nil: none
	Now         func() time.Time
}

func (o Options) say(format string, args ...any) {
	if o.Say != nil {
		o.Say(fmt.Sprintf(format, args...))
	}
}

// Data is what is particular to these reports.
type Data struct {
	Environment string   `json:"environment,omitempty"`
	URL         string   `json:"url,omitempty"`
	JUnit       []string `json:"junit"` // copies, in Options.Out
}

// step is the outcome of one command.
type step struct {
	check report.Check
	log   string // tail, when it failed
	junit []string
	err   error // no answer
}

// Checks runs the commands of a commit in the order they are written and stops
// at the first that fails: what follows would only repeat it.
func Checks(ctx context.Context, steps config.Steps, o Options) (*report.Report, error) {
	var done []step
	for _, s := range steps {
		st := o.run(ctx, s)
		if st.err != nil {
			return nil, fmt.Errorf("check %s: %w", s.Name, st.err)
		}
		done = append(done, st)
		if st.check.State == report.Failed {
			break
		}
	}
	for _, s := range steps[len(done):] {
		done = append(done, step{check: report.Check{Name: s.Name, State: report.Skipped, Result: "not run: a check before it failed"}})
	}
	return o.report("test", done, Data{}), nil
}

// Run runs smoke requests and commands against a URL, at most four at a time:
// they may not depend on each other.
func Run(ctx context.Context, b config.Battery, environment, url string, o Options) (*report.Report, error) {
	o.Env = with(o.Env, "GOLDENPATH_URL", url)
	done := make([]step, len(b.Smoke)+len(b.Steps))
	var wg sync.WaitGroup
	room := make(chan struct{}, 4)
	for i := range done {
		wg.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			if i < len(b.Smoke) {
				done[i] = smoke(ctx, url, b.Smoke[i])
			} else {
				done[i] = o.run(ctx, b.Steps[i-len(b.Smoke)])
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil { // a request that was stopped says nothing about the app
		return nil, context.Cause(ctx)
	}
	for _, st := range done {
		if st.err != nil {
			return nil, fmt.Errorf("battery %s: %w", st.check.Name, st.err)
		}
	}
	return o.report("battery", done, Data{Environment: environment, URL: url}), nil
}

func with(env map[string]string, key, value string) map[string]string {
	out := maps.Clone(env)
	if out == nil {
		out = map[string]string{}
	}
	out[key] = value
	return out
}

// run runs one command. Its whole output is kept in a file; a failure shows the
// end of it.
func (o Options) run(ctx context.Context, s config.Step) step {
	o.say("%s: %s", s.Name, s.Run)
	st := step{check: report.Check{Name: s.Name, State: report.OK}}
	log, err := os.Create(filepath.Join(o.Out, s.Name+".log"))
	if err != nil {
		st.err = err
		return st
	}
	defer log.Close()
	var before map[string]fs.FileInfo
	if s.JUnit != "" {
		if before, err = matches(o.Dir, s.JUnit); err != nil {
			st.err = err
			return st
		}
	}
	var env []string
	for k, v := range o.Env {
		env = append(env, k+"="+v)
	}
	res, err := tool.Command{
		Argv: tool.Shell(s.Run), Dir: o.Dir, Env: env, Timeout: s.Timeout.D(), Guard: o.Guard, Transcript: log,
	}.Run(ctx)
	st.check.Seconds = res.Elapsed.Seconds()
	if ctx.Err() != nil {
		st.err = context.Cause(ctx)
		return st
	}
	if err != nil {
		st.check.State, st.check.Result, st.log = report.Failed, err.Error(), res.Tail
		var exit *tool.ExitError
		switch {
		case errors.As(err, &exit):
			st.check.Result = fmt.Sprintf("exit status %d", exit.Code)
		case !errors.Is(err, tool.ErrTimeout): // it could not be run: no answer
			st.err = err
			return st
		}
	}
	if s.JUnit == "" {
		st.check.Result = cmp.Or(st.check.Result, "ok")
		return st
	}
	if st.junit, err = collect(o.Dir, s.JUnit, filepath.Join(o.Out, s.Name), before); err != nil {
		st.err = err
		return st
	}
	switch {
	case len(st.junit) == 0 && st.check.State == report.OK:
		st.check.State, st.check.Result = report.Missing, "wrote no JUnit file: nothing matches "+s.JUnit
	case st.check.Result == "":
		st.check.Result = english.Plural(len(st.junit), "JUnit file", "")
	}
	return st
}

// smokeTimeout bounds one request.
const smokeTimeout = 10 * time.Second

func smoke(ctx context.Context, url string, s config.Smoke) step {
	st := step{check: report.Check{Name: "GET " + s.Get, State: report.Failed}}
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, smokeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+s.Get, nil)
	if err != nil {
		st.check.Result = err.Error()
		return st
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		st.check.Result = err.Error()
		return st
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	st.check.Seconds = time.Since(start).Seconds()
	switch {
	case err != nil:
		st.check.Result = err.Error()
	case res.StatusCode != s.Status:
		st.check.Result = fmt.Sprintf("status %d, want %d", res.StatusCode, s.Status)
	case !strings.Contains(string(body), s.Contains):
		st.check.Result = fmt.Sprintf("the answer does not contain %q", s.Contains)
	default:
		st.check.State, st.check.Result = report.OK, fmt.Sprintf("status %d", res.StatusCode)
	}
	return st
}

func (o Options) report(name string, done []step, d Data) *report.Report {
	r := &report.Report{Name: name, Subject: o.App, Commit: o.Commit, Started: o.Now().UTC()}
	d.JUnit = []string{}
	var failed []string
	for _, st := range done {
		r.Checks = append(r.Checks, st.check)
		r.Seconds += st.check.Seconds
		d.JUnit = append(d.JUnit, st.junit...)
		if st.check.State == report.Failed || st.check.State == report.Missing {
			failed = append(failed, st.check.Name)
		}
		if st.log != "" {
			r.Sections = append(r.Sections, report.Section{Title: st.check.Name + ": end of its output", Open: true, Text: lastLines(st.log, 30)})
		}
	}
	r.SetData(d)
	switch {
	case len(done) == 0:
		r.Verdict, r.Reason, r.Title = report.Skip, report.ReasonNothingDeclared, "nothing is declared in "+config.File
	case len(failed) > 0:
		r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonCheckFailed, english.OxfordWordSeries(failed, "and")+" failed"
	default:
		r.Verdict, r.Reason, r.Title = report.Pass, report.ReasonPassed, english.Plural(len(done), "check", "")+" passed"
	}
	return r
}

// privateKey is what a report never repeats, whoever printed it.
var privateKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----\n?|$)`)

func lastLines(s string, n int) string {
	all := slices.Collect(strings.Lines(privateKey.ReplaceAllString(s, "[a private key was printed here]\n")))
	return strings.Join(all[max(0, len(all)-n):], "")
}
