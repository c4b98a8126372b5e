// Package data runs the migrations and the seed of a preview.
//
// Both are shell commands of the pull request. They get the address of the preview
// and no credential: on GitHub they run in a job that holds none.
package data

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// timeout is the maximum duration of each command.
const timeout = 5 * time.Minute

// The steps, in the order in which they run.
const (
	Migrate = "migrate"
	Seed    = "seed"
)

// Steps are the commands of a preview.
type Steps struct {
	Migrate, Seed string // shell commands; "": none
}

// Names returns the steps that have a command, in the order in which they run.
func (s Steps) Names() (names []string) {
	for _, name := range []string{Migrate, Seed} {
		if s.command(name) != "" {
			names = append(names, name)
		}
	}
	return names
}

func (s Steps) command(name string) string {
	switch name {
	case Migrate:
		return s.Migrate
	case Seed:
		return s.Seed
	}
	return ""
}

// Environment is the running preview whose data the commands prepare.
type Environment struct {
	Name   string // preview/pr-12
	URL    string
	Commit string
	Dir    string   // folder in which the commands run
	Guard  []string // argv of `goldenpath guard`
}

// Run runs one step. If the step does not succeed, the check is a failed one.
func (s Steps) Run(ctx context.Context, name string, e Environment) report.Check {
	res, err := tool.Command{
		Argv: tool.Shell(s.command(name)), Dir: e.Dir, Timeout: timeout, Guard: e.Guard,
		Env: []string{"GOLDENPATH_URL=" + e.URL, "GOLDENPATH_ENVIRONMENT=" + e.Name, "GOLDENPATH_COMMIT=" + e.Commit},
	}.Run(ctx)
	c := report.Check{Name: name, State: report.OK, Result: "ok", Seconds: res.Elapsed.Seconds()}
	if err != nil {
		c.State, c.Result = report.Failed, fmt.Sprint(err)
	}
	return c
}

// Join and Split convert a list of steps to and from the text that one job passes to
// the next, such as "migrate,seed".
func Join(steps []string) string { return strings.Join(steps, ",") }

// Split is the inverse of Join. A name that is not a step is an error.
func Split(text string) (steps []string, err error) {
	if text == "" {
		return nil, nil
	}
	for _, name := range strings.Split(text, ",") {
		if name != Migrate && name != Seed {
			return nil, report.Usage(fmt.Sprintf("%.40q is not a step: use migrate, seed or migrate,seed", name))
		}
		steps = append(steps, name)
	}
	return steps, nil
}
