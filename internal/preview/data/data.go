// Package data seeds the data of a preview.
//
// The seed is a shell command of the pull request. It gets the address of the preview and no
// deploy credential: on GitHub it runs in a job that holds none. Migrations are not part of
// it: the target runs them in the artifact, before a new version starts.
package data

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// timeout is the maximum duration of a seed.
const timeout = 5 * time.Minute

// Step is the name of the seed in reports and outputs.
const Step = "seed"

// Seed is the command that fills a preview with data.
type Seed struct {
	Run       string            // shell command; "": none
	Dir       string            // folder in which it runs
	Variables map[string]string // added to its environment; no output contains their values
}

// Environment is the running preview whose data are prepared.
type Environment struct {
	Name        string // preview/pr-12
	URL         string
	Commit      string
	Connections map[string]string // variables with which the preview's services are found
	Guard       []string          // argv of `goldenpath guard`
}

// Do runs the seed. If the seed does not succeed, the check is a failed one.
func (s Seed) Do(ctx context.Context, e Environment) report.Check {
	all := map[string]string{}
	maps.Copy(all, e.Connections)
	maps.Copy(all, s.Variables)
	var env []string
	for k, v := range all {
		env = append(env, k+"="+v)
	}
	hidden := append(slices.Collect(maps.Values(s.Variables)), e.Connections["PGPASSWORD"], e.Connections["DATABASE_URL"])
	res, err := tool.Command{
		Argv: tool.Shell(s.Run), Dir: s.Dir, Timeout: timeout, Guard: e.Guard, Secrets: hidden,
		Env: append(env, "GOLDENPATH_URL="+e.URL, "GOLDENPATH_ENVIRONMENT="+e.Name, "GOLDENPATH_COMMIT="+e.Commit),
	}.Run(ctx)
	c := report.Check{Name: Step, State: report.OK, Result: "ok", Seconds: res.Elapsed.Seconds()}
	if err != nil {
		c.State, c.Result, c.Note = report.Failed, err.Error(), tool.UnsetVariable(res.Tail)
	}
	return c
}
