// Package gate is the command line of security-gate. It alone links the
// scanners, and it never meets a deploy credential.
package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/actionlint"
	"github.com/seed-b235b314/goldenpath/internal/gate/gitleaks"
	"github.com/seed-b235b314/goldenpath/internal/gate/osv"
	"github.com/seed-b235b314/goldenpath/internal/gate/trivy"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// CLI is the command line.
type CLI struct {
	Scan     Scan     `cmd:"" default:"withargs" help:"Scan a checkout and decide."`
	Database Database `cmd:"" help:"Make the offline advisory data of Go from a folder of the Go vulnerability database."`

	Completion kongcompletion.Completion `cmd:"" help:"Print the code that makes your shell complete security-gate."`
	Version    kong.VersionFlag          `help:"Print the version."`
}

// New returns the command line.
func New() command.App {
	return command.App{
		Name: "security-gate", CLI: &CLI{},
		Help: "One verdict from four scanners: secrets (gitleaks), dependencies (osv-scanner), configuration (trivy), workflows (actionlint).",
	}
}

// Scan is `security-gate scan`, and the action.
type Scan struct {
	Dir             string `help:"Checkout to scan." default:"." type:"path" placeholder:"DIR"`
	Commit          string `help:"Commit the report is about. Default: HEAD of the checkout." placeholder:"COMMIT"`
	Base            string `help:"Commit to compare with: what it has too is reported and does not block." placeholder:"COMMIT"`
	FailOn          string `help:"Severity from which a new finding blocks: critical, high, medium, low. Default: gate.fail-on." placeholder:"SEVERITY"`
	Waivers         string `help:"File of waivers. Default: gate.waivers." placeholder:"FILE"`
	Databases       string `help:"Folder of advisory data. Default: goldenpath/databases in the user's cache." placeholder:"DIR" type:"path"`
	Artifact        string `help:"Folder that was packed into the image: its Go binaries say which standard library runs." placeholder:"DIR" type:"path"`
	Offline         bool   `help:"Use only the advisory data in the folder; ask nobody."`
	MissingDatabase string `help:"What missing advisory data means: error, or warn. Default: gate.missing-database." placeholder:"POLICY"`
	SARIF           string `name:"sarif" help:"Write one SARIF file for each scanner into this folder." placeholder:"DIR" type:"path"`
	command.Output
}

// scanners is what the gate looks with.
func scanners() []gate.Scanner {
	return []gate.Scanner{&gitleaks.Scanner{}, &osv.Scanner{}, &trivy.Scanner{}, &actionlint.Scanner{}}
}

// Do scans.
func (c *Scan) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, report.Usage(fmt.Sprintf("--dir %s is no folder", c.Dir))
	}
	// A change cannot loosen its own gate: with a base, policy and waivers are the
	// base's.
	policy, base, baseDir := dir, "", ""
	if c.Base != "" {
		scratch, err := os.MkdirTemp("", "security-gate-base-*")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(scratch)
		if base, baseDir, err = checkOutBase(ctx, dir, c.Base, scratch); err != nil {
			return nil, err
		}
		policy = baseDir
	}
	cfg, err := config.Read(policy)
	if errors.Is(err, config.ErrMissing) {
		cfg, err = config.Default(""), nil
	}
	if err != nil {
		return nil, err
	}
	o := gate.Options{
		App: cfg.App, Scanners: scanners(), FailOn: report.Severity(cmp.Or(c.FailOn, cfg.Gate.FailOn)), Now: env.Now(),
		MissingDatabase: cmp.Or(c.MissingDatabase, cmp.Or(cfg.Gate.MissingDatabase, "error")),
		Input: gate.Input{
			Dir: dir, Base: base, Databases: cmp.Or(c.Databases, command.DefaultDatabases(env)), Offline: c.Offline, Artifact: c.Artifact, Exclude: cfg.Gate.Exclude,
		},
	}
	if *cfg.Gate.NewOnly {
		o.BaseDir = baseDir
	}
	if err := c.check(o); err != nil {
		return nil, err
	}
	if o.Waivers, err = gate.ReadWaivers(policy, cmp.Or(c.Waivers, cfg.Gate.Waivers), o.Now); err != nil {
		return nil, err
	}
	if o.Head = c.Commit; o.Head == "" {
		// A folder that is no repository is scanned as well; its report names no
		// commit.
		o.Head, _ = git(ctx, dir, "rev-parse", "HEAD")
	}
	rep, err := gate.Run(ctx, o)
	if rep == nil || c.SARIF == "" {
		return rep, err
	}
	return rep, errors.Join(err, writeSARIF(c.SARIF, rep, o.Scanners))
}

func (c *Scan) check(o gate.Options) error {
	var problems []string
	if !validSeverity(o.FailOn) {
		problems = append(problems, fmt.Sprintf("--fail-on %q is no severity: critical, high, medium or low", o.FailOn))
	}
	if o.MissingDatabase != "error" && o.MissingDatabase != "warn" {
		problems = append(problems, fmt.Sprintf("--missing-database %q is no policy: error or warn", o.MissingDatabase))
	}
	if len(problems) > 0 {
		return report.Usage(strings.Join(problems, "\n"))
	}
	return nil
}

func validSeverity(s report.Severity) bool {
	for _, known := range report.Severities {
		if s == known && s != report.Note {
			return true
		}
	}
	return false
}

// checkOutBase makes a copy of the base commit to scan.
func checkOutBase(ctx context.Context, dir, base, scratch string) (commit, to string, err error) {
	if strings.HasPrefix(base, "-") {
		return "", "", report.Usage(fmt.Sprintf("--base %q is no commit", base))
	}
	if commit, err = git(ctx, dir, "rev-parse", "--verify", "--quiet", base+"^{commit}"); err != nil {
		return "", "", report.Usage(fmt.Sprintf("--base %s is no commit of this checkout: a shallow checkout lacks it; use fetch-depth: 0", base))
	}
	if head, err := git(ctx, dir, "rev-parse", "HEAD"); err == nil && head == commit {
		return "", "", report.Usage(fmt.Sprintf("--base %s is the commit itself: there is no change to compare", base))
	}
	to = filepath.Join(scratch, "base")
	if _, err := git(ctx, dir, "clone", "--quiet", "--shared", "--no-checkout", dir, to); err != nil {
		return "", "", fmt.Errorf("check base %.7s out: %w", commit, err)
	}
	if _, err := git(ctx, to, "checkout", "--quiet", "--detach", commit); err != nil {
		return "", "", fmt.Errorf("check base %.7s out: %w", commit, err)
	}
	return commit, to, nil
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	res, err := tool.Command{
		Argv: append([]string{"git"}, args...), Dir: dir,
		Env: []string{"GIT_TERMINAL_PROMPT=0", "LC_ALL=C", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"},
	}.Run(ctx)
	return strings.TrimSpace(string(res.Stdout)), err
}

func writeSARIF(dir string, rep *report.Report, all []gate.Scanner) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, s := range all {
		f, err := os.Create(filepath.Join(dir, s.Name()+".sarif"))
		if err != nil {
			return err
		}
		if err := errors.Join(rep.WriteSARIF(f, s.Name()), f.Close()); err != nil {
			return fmt.Errorf("write SARIF of %s: %w", s.Name(), err)
		}
	}
	return nil
}

// Database is `security-gate database`.
type Database struct {
	From string `help:"Folder of OSV files: data/osv of module golang.org/x/vulndb." required:"" type:"path" placeholder:"DIR"`
	To   string `help:"Folder of advisory data. Default: goldenpath/databases in the user's cache." type:"path" placeholder:"DIR"`
	command.Output
}

// Do imports.
func (c *Database) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	to := cmp.Or(c.To, command.DefaultDatabases(env))
	db, err := osv.ImportGo(ctx, c.From, to)
	if err != nil {
		return nil, err
	}
	return &report.Report{
		Name: "database", Verdict: report.Pass, Reason: "imported", Title: "advisory data of Go is in " + to, Started: env.Now().UTC(),
		Checks: []report.Check{{Name: db.Name, State: report.OK, Result: db.Digest, Note: "newest advisory of " + db.Time.Format(time.DateOnly)}},
	}, nil
}
