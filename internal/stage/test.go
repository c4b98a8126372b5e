package stage

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/battery"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Shard is one part of the checks: part Number of Of parts. Number begins at 1.
type Shard struct{ Number, Of int }

// whole is the shard that contains all checks.
var whole = Shard{1, 1}

// Test runs the checks of the commit. A check reads its shard from GOLDENPATH_SHARD and
// GOLDENPATH_SHARDS; the zero Shard is all of them.
func Test(ctx context.Context, j *Job, s Shard) (*report.Report, error) {
	if s == (Shard{}) {
		s = whole
	}
	o, err := j.batteryOptions("test", "checks", nil)
	if err != nil {
		return nil, err
	}
	o.Env["GOLDENPATH_SHARD"], o.Env["GOLDENPATH_SHARDS"] = strconv.Itoa(s.Number), strconv.Itoa(s.Of)
	installed := j.report("test")
	if _, err := j.install(ctx, installed); err != nil || installed.Verdict == report.Fail {
		return installed, err
	}
	before, err := j.changed(ctx)
	if err != nil {
		return nil, err
	}
	r, err := battery.Checks(ctx, j.Config.Checks, o)
	if err != nil {
		return nil, err
	}
	r.Checks = append(installed.Checks, r.Checks...)
	if err := j.reportChanges(ctx, r, before); err != nil {
		return nil, err
	}
	if s.Of > 1 {
		r.Title = fmt.Sprintf("part %d of %d: %s", s.Number, s.Of, r.Title)
	}
	return r, nil
}

// Deployed is an environment in which an artifact runs.
type Deployed struct {
	Environment string // staging, preview/pr-12
	URL         string
	Digest      string // sha256:…; "": not known
}

// Battery runs the battery against an environment. out is the folder below Job.Out for
// its logs and JUnit files.
func Battery(ctx context.Context, j *Job, d Deployed, out string) (*report.Report, error) {
	o, err := j.batteryOptions(out, "battery", connections(j.Target, d.Environment))
	if err != nil {
		return nil, err
	}
	r, err := battery.Run(ctx, j.Config.Battery, d.Environment, strings.TrimRight(d.URL, "/"), o)
	if err != nil {
		return nil, err
	}
	r.Digest = d.Digest
	return r, nil
}

// batteryOptions returns the options of commands that the configuration passes the
// variables of a section, and the connections of an environment's services.
func (j *Job) batteryOptions(out, section string, connections map[string]string) (battery.Options, error) {
	variables, err := j.variables(section)
	if err != nil {
		return battery.Options{}, err
	}
	dir, err := j.scratch(out)
	env := map[string]string{}
	maps.Copy(env, connections)
	maps.Copy(env, variables)
	env["GOLDENPATH_COMMIT"] = j.Commit.ID
	return battery.Options{
		App: j.Config.App, Commit: j.Commit.ID, Dir: j.Dir, Out: dir, Guard: j.Guard, Say: j.Say, Now: j.Now,
		Env: env, Secrets: hidden(variables, connections),
	}, err
}
