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

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/change"
	"github.com/seed-b235b314/goldenpath/internal/gate/database"
	"github.com/seed-b235b314/goldenpath/internal/gate/gitleaks"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Scan is `security-gate scan`, and the action.
type Scan struct {
	Dir             string        `help:"Checkout to scan." default:"." type:"path" placeholder:"DIR"`
	Commit          string        `help:"Commit the report is about. Default: HEAD of the checkout." placeholder:"COMMIT"`
	Base            string        `help:"Commit to compare with: what it has too is reported and does not block. Default: what the event of the run names." placeholder:"COMMIT"`
	Everything      bool          `help:"Look at every file, also where only a few differ from the base."`
	FailOn          string        `help:"Severity from which a new finding blocks: critical, high, medium, low. Default: gate.fail-on." placeholder:"SEVERITY"`
	Waivers         string        `help:"File of waivers. Default: gate.waivers." placeholder:"FILE"`
	Databases       string        `help:"Folder of advisory data. Default: goldenpath/databases in the user's cache." placeholder:"DIR" type:"path"`
	Artifact        string        `help:"Folder that was packed into the image: its Go binaries say which standard library runs." placeholder:"DIR" type:"path"`
	Image           string        `help:"Image to scan: a reference, oci:FOLDER, or a tar file." placeholder:"IMAGE"`
	BaseImage       string        `help:"Image of the base: what it has too does not block." placeholder:"IMAGE"`
	Offline         bool          `help:"Use only the advisory data in the folder; ask nobody."`
	MissingDatabase string        `help:"What it means that something could not be checked: error, or warn. Default: gate.missing-database." placeholder:"POLICY"`
	Import          []string      `name:"import-sarif" help:"SARIF files of other tools, or patterns of them: their results count." placeholder:"FILE,..."`
	SARIF           string        `name:"sarif" help:"Write one SARIF file for each scanner into this folder." placeholder:"DIR" type:"path"`
	SBOM            string        `name:"sbom" help:"Write a CycloneDX SBOM to this file." placeholder:"FILE" type:"path"`
	VEX             string        `name:"vex" help:"Write what the waivers say of vulnerabilities to this file, as OpenVEX." placeholder:"FILE" type:"path"`
	Timeout         time.Duration `help:"How long each scanner may take. Default: 10m." default:"10m" placeholder:"DURATION"`
	command.Output
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
	// Nobody may take the answer of an earlier run for this one's.
	if err := c.removeOld(env); err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "security-gate-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	asked := change.Asked{Dir: dir, Scratch: scratch, Base: c.Base, Committed: env.Runner.Present()}
	secrets := &gitleaks.Scanner{}
	go secrets.Redact("") // loads its rules meanwhile
	if c.Base == "" {
		event, err := env.Runner.Event()
		if err != nil {
			return nil, err
		}
		asked.Base, asked.Event, asked.Merge = event.Base, event.Name, event.Merge
	}
	found, err := change.Resolve(ctx, asked)
	if err != nil {
		return nil, err
	}
	if c.Commit != "" && found.Head != "" && c.Commit != found.Head {
		return nil, report.Usage(fmt.Sprintf("--commit %s is not what is checked out (%s)", c.Commit, found.Head))
	}
	p, err := c.policy(ctx, found, env.Now())
	if usage := (*report.UsageError)(nil); errors.As(err, &usage) {
		return nil, report.Usage(secrets.Redact(err.Error())) // it quotes what is wrong
	}
	if err != nil {
		return nil, err
	}
	o, err := c.options(ctx, env, found, p)
	if err != nil {
		return nil, err
	}
	fetched := c.fetch(ctx, env, o.Databases)
	o.Dir, o.Redact, o.Scanners = dir, secrets.Redact, c.scanners(dir, p, secrets)
	o.Conceal = secrets.Conceal
	rep, packages, err := gate.Run(ctx, o)
	if rep == nil {
		return nil, err
	}
	p.tell(rep, secrets.Conceal)
	return rep, errors.Join(err, fetched, c.write(rep, packages, o))
}

// fetch brings the database that an image needs up to date. Without it the image
// is not looked up, and the gate says so.
func (c *Scan) fetch(ctx context.Context, env *command.Env, dir string) error {
	if c.Image == "" || c.Offline {
		return nil
	}
	_, err := database.Update(ctx, database.Options{Dir: dir, Trivy: true, Now: env.Now})
	return err
}

// options are the gate's, from flags and policy.
func (c *Scan) options(ctx context.Context, env *command.Env, found *change.Change, p *policy) (gate.Options, error) {
	cfg := p.Gate
	o := gate.Options{
		App: p.App, FailOn: report.Severity(cmp.Or(c.FailOn, cfg.FailOn)), Now: env.Now(), Timeout: c.Timeout,
		MissingDatabase: cmp.Or(c.MissingDatabase, cfg.MissingDatabase, "error"), Waivers: p.waivers, Policy: p.dependencies,
		Input: gate.Input{
			Head: cmp.Or(c.Commit, found.Head), Databases: cmp.Or(c.Databases, command.DefaultDatabases(env)),
			Offline: c.Offline, Artifact: c.Artifact, Exclude: cfg.Exclude,
		},
	}
	if err := c.check(o); err != nil {
		return o, err
	}
	list, err := found.List(ctx, cfg.Exclude, c.Everything || !*cfg.NewOnly)
	if err != nil {
		return o, err
	}
	o.Files, o.Scope, o.Checkout = list.Files, list.Scope, list.Missing
	o.BlockKnown = !*cfg.NewOnly
	if list.Against != nil {
		o.Against, p.compared = list.Against, list.Against.Commit
	}
	o.Judge = func(used []gate.Database) []gate.Gap {
		var names []string
		for _, d := range used {
			names = append(names, d.Name)
		}
		return database.Judge(o.Databases, names, o.Now, time.Duration(cfg.DatabaseMaxAge))
	}
	o.Complete, err = exploits(o.Databases)
	return o, err
}

// exploits joins what is known of exploitation, where that data is there.
func exploits(databases string) (func([]report.Finding), error) {
	kev, _, err := database.KEV(databases)
	if err != nil {
		return nil, err
	}
	epss, _, err := database.EPSS(databases)
	return func(all []report.Finding) { database.Join(all, kev, epss) }, err
}

func (c *Scan) check(o gate.Options) error {
	var problems []string
	if !validSeverity(o.FailOn) {
		problems = append(problems, fmt.Sprintf("--fail-on %q is no severity: critical, high, medium or low", o.FailOn))
	}
	if o.MissingDatabase != "error" && o.MissingDatabase != "warn" {
		problems = append(problems, fmt.Sprintf("--missing-database %q is no policy: error or warn", o.MissingDatabase))
	}
	if c.BaseImage != "" && c.Image == "" {
		problems = append(problems, "--base-image without --image: there is nothing to compare it with")
	}
	if info, err := os.Stat(c.Artifact); c.Artifact != "" && (err != nil || !info.IsDir()) {
		problems = append(problems, fmt.Sprintf("--artifact %s is no folder", c.Artifact))
	}
	if c.Timeout <= 0 {
		problems = append(problems, fmt.Sprintf("--timeout %s: a scanner needs some time", c.Timeout))
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
