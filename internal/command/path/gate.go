package path

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/stage"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// gate returns the function that runs the security gate. The gate runs as a separate
// process without credentials.
func (c *Run) gate(env *command.Env) (func(context.Context, stage.GateRequest) (*report.Report, error), error) {
	binary := c.SecurityGate
	if binary == "" {
		binary = filepath.Join(filepath.Dir(env.Self), "security-gate")
		if _, err := os.Stat(binary); err != nil {
			if binary, err = exec.LookPath("security-gate"); err != nil {
				return nil, report.Usage("security-gate is neither beside goldenpath nor on PATH: install it, or set --security-gate; a run cannot skip the gate")
			}
		}
	}
	if _, err := exec.LookPath(binary); err != nil {
		return nil, report.Usage(fmt.Sprintf("%s is not an executable file: set --security-gate to the binary; a run cannot skip the gate", binary))
	}
	databases := c.Databases
	if databases == "" {
		databases = command.DefaultDatabases(env)
	}
	return func(ctx context.Context, g stage.GateRequest) (*report.Report, error) {
		argv := []string{binary, "scan", "--dir", g.Dir, "--commit", g.Commit, "--offline", "--databases", databases,
			"--missing-database", g.MissingDatabase, "--report", g.Report}
		if g.Artifact != "" {
			argv = append(argv, "--artifact", g.Artifact)
		}
		return scan(ctx, tool.Command{Argv: argv, Guard: []string{env.Self, "guard"}}, g.Report)
	}, nil
}

// otherVersion says that a gate is of another version than this program, which may be why it
// does not read an input that this program has read.
func otherVersion(ctx context.Context, binary string) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, "--version").Output()
	_, theirs, ok := strings.Cut(strings.TrimSpace(string(out)), " ")
	if ours := command.Built().String(); err == nil && ok && theirs != ours {
		return fmt.Sprintf("\n  note: security-gate is %s and goldenpath %s: build or install both from one commit", report.LogLine(theirs), ours)
	}
	return ""
}

// scan runs the gate and reads the report that it writes.
func scan(ctx context.Context, gate tool.Command, file string) (*report.Report, error) {
	// A report of an earlier scan must not be read as the result of this one.
	if err := os.RemoveAll(file); err != nil {
		return nil, err
	}
	_, err := gate.Run(ctx)
	var exit *tool.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	if exit != nil && exit.Code == report.ExitUsage {
		return nil, report.Usage(strings.TrimSpace(exit.Tail) + otherVersion(ctx, gate.Argv[0]))
	}
	rep, readErr := command.ReadReport(file)
	switch {
	case exit == nil || exit.Code == report.ExitVerdict:
		return rep, readErr
	case exit.Code > 128:
		return nil, fmt.Errorf("security-gate was ended by signal %d: run the command again", exit.Code-128)
	}
	return rep, errors.New(strings.TrimSpace(exit.Tail))
}
