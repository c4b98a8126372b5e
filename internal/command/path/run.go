package path

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/localpath"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// Run is `goldenpath run`.
type Run struct {
	Commit       string `help:"Commit to walk. Default: what HEAD's branch points to." placeholder:"COMMIT"`
	From         string `help:"Stage to begin with again." placeholder:"STAGE"`
	Until        string `help:"Last stage to run." placeholder:"STAGE"`
	Again        bool   `help:"Promote the commit's artifact although it was rolled back before."`
	DryRun       bool   `help:"Print the plan and change nothing."`
	SecurityGate string `help:"The security-gate binary. Default: beside goldenpath, or on PATH." placeholder:"FILE" group:"where" type:"path"`
	Databases    string `help:"Folder of advisory data (security-gate database). Default: goldenpath/databases in the user's cache." placeholder:"DIR" group:"where" type:"path"`
	Where
	command.Output
}

// Help is shown by --help.
func (Run) Help() string {
	return `Walks validate, test, package, security-gate, preview, battery, scorecard, then every environment of .goldenpath.yml with its soak: with no network, no Docker and no account. Stopped anywhere, run it again: it goes on. Every stage's report, and summary.md and summary.html, are kept below .git/goldenpath/runs.`
}

// Do walks.
func (c *Run) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.open(ctx, env)
	if err != nil {
		return nil, err
	}
	gate, err := c.gate(env)
	if err != nil {
		return nil, err
	}
	key, err := evidence.OpenKey(filepath.Join(w.state, "keys"))
	if err != nil {
		return nil, err
	}
	progress := newProgress(env)
	defer progress.close()
	res, err := localpath.Run(ctx, localpath.Deps{
		Target: w.target, Registry: w.registry, Ledger: w.ledger, Key: key, Probe: probe, Gate: gate, Now: env.Now,
		By: env.Runner.Identity(), Version: command.Version(), Guard: w.guard(), Progress: progress,
	}, localpath.Options{Repo: w.repo, State: w.state, Commit: c.Commit, From: c.From, Until: c.Until, Again: c.Again, DryRun: c.DryRun})
	if res == nil {
		return nil, err
	}
	progress.close()
	if res.Dir != "" {
		fmt.Fprintf(env.Stderr, "  reports   %s\n", filepath.Join(res.Dir, "summary.html"))
	}
	return res.Report, err
}

// gate returns how the security gate is asked: as a process of its own that gets
// no credential.
func (c *Run) gate(env *command.Env) (func(context.Context, localpath.GateRequest) (*report.Report, error), error) {
	binary := c.SecurityGate
	if binary == "" {
		binary = filepath.Join(filepath.Dir(env.Self), "security-gate")
		if _, err := os.Stat(binary); err != nil {
			if binary, err = exec.LookPath("security-gate"); err != nil {
				return nil, report.Usage("security-gate is neither beside goldenpath nor on PATH: install it, or give --security-gate FILE; the path does not skip its gate")
			}
		}
	}
	if _, err := exec.LookPath(binary); err != nil {
		return nil, report.Usage(fmt.Sprintf("%s: no such file: give --security-gate the binary; the path does not skip its gate", binary))
	}
	databases := c.Databases
	if databases == "" {
		databases = command.DefaultDatabases(env)
	}
	return func(ctx context.Context, g localpath.GateRequest) (*report.Report, error) {
		// A report of an earlier run must not be taken for this one's.
		if err := os.RemoveAll(g.Report); err != nil {
			return nil, err
		}
		argv := []string{binary, "scan", "--dir", g.Dir, "--commit", g.Commit, "--offline", "--databases", databases,
			"--missing-database", g.MissingDatabase, "--report", g.Report}
		if g.Artifact != "" {
			argv = append(argv, "--artifact", g.Artifact)
		}
		_, err := tool.Command{Argv: argv, Guard: []string{env.Self, "guard"}}.Run(ctx)
		var exit *tool.ExitError
		if err != nil && !errors.As(err, &exit) {
			return nil, err
		}
		if exit != nil && exit.Code == report.ExitUsage {
			return nil, report.Usage(exit.Tail)
		}
		rep, readErr := command.ReadReport(g.Report)
		if exit != nil && exit.Code != report.ExitVerdict {
			if exit.Code > 128 {
				return nil, fmt.Errorf("security-gate was killed by signal %d: run again", exit.Code-128)
			}
			return rep, errors.New(strings.TrimSpace(exit.Tail))
		}
		return rep, readErr
	}, nil
}
