package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

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
	Commit          string        `help:"Commit that the report is about. Default: HEAD of the checkout." placeholder:"COMMIT"`
	Base            string        `help:"Commit to compare with: findings that also exist there are reported but do not block. Default: the base of the pull request or merge group; on a push and outside GitHub Actions, the last commit that passed, else the commit that added goldenpath." placeholder:"COMMIT"`
	Passed          []string      `help:"Commits that earlier runs examined completely and passed, newest first. A push is compared with the newest one that it contains, unless a newer release is recorded." placeholder:"COMMIT,..."`
	Everything      bool          `help:"Examine every file, not only the files that differ from the base."`
	FailOn          string        `help:"Lowest severity of a new finding that blocks: critical, high, medium, low. Default: gate.fail-on in .goldenpath.yml." placeholder:"SEVERITY"`
	Waivers         string        `help:"Waiver file. Default: gate.waivers in .goldenpath.yml." placeholder:"FILE"`
	Databases       string        `help:"Folder with advisory data. Default: goldenpath/databases in the user's cache folder." placeholder:"DIR" type:"path"`
	Artifact        string        `help:"Folder that was packed into the image. Its Go binaries are checked for vulnerabilities in the standard library that they were built with." placeholder:"DIR" type:"path"`
	Image           string        `help:"Image to scan: a reference, oci:FOLDER, or a tar file." placeholder:"IMAGE"`
	BaseImage       string        `help:"Earlier image to compare with: findings that also exist in it do not block." placeholder:"IMAGE"`
	Offline         bool          `help:"Use only the advisory data in the folder, without the network."`
	MissingDatabase string        `help:"What to do when something could not be checked: \"error\" or \"warn\". Default: gate.missing-database in .goldenpath.yml." placeholder:"POLICY"`
	Import          []string      `name:"import-sarif" help:"SARIF files from other tools, or globs. Their findings are treated like the gate's own." placeholder:"FILE,..."`
	SARIF           string        `name:"sarif" help:"Write one SARIF file for each scanner into this folder." placeholder:"DIR" type:"path"`
	SBOM            string        `name:"sbom" help:"Write a CycloneDX SBOM to this file." placeholder:"FILE" type:"path"`
	VEX             string        `name:"vex" help:"Write vulnerability waivers to this file, as OpenVEX." placeholder:"FILE" type:"path"`
	Timeout         time.Duration `help:"Time limit of each scanner. Default: 10m." default:"10m" placeholder:"DURATION"`
	command.Output

	folder string // of the app in Dir, slash-separated; "": the top
}

// Do scans the checkout.
func (c *Scan) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	dir, folder, err := findCheckout(env, c.Dir)
	if err != nil {
		return nil, err
	}
	c.Dir, c.folder = dir, folder
	// A result of an earlier run must not be mistaken for a result of this run.
	if err := c.removeOld(env); err != nil {
		return nil, err
	}
	got, err := c.examine(ctx, env, dir)
	if got == nil || got.report == nil {
		return nil, err
	}
	return got.report, errors.Join(err, c.write(got.report, got.packages, got.options))
}

// examined is the result of a scan.
type examined struct {
	report   *report.Report
	packages []gate.Package
	options  gate.Options
	policy   *policy
}

// examine scans the checkout dir. It returns the report also if something could not be
// examined, together with an error.
func (c *Scan) examine(ctx context.Context, env *command.Env, dir string) (*examined, error) {
	scratch, err := os.MkdirTemp("", "security-gate-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	secrets := &gitleaks.Scanner{}
	go secrets.Redact("") // loads the rules while git works
	event, err := env.Runner.Event()
	if err != nil && c.Base == "" {
		return nil, err
	}
	found, err := change.Resolve(ctx, change.Request{
		Dir: dir, Folder: c.folder, App: appOf(dir, c.folder), Scratch: scratch, Base: c.Base, Committed: env.Runner.Present(), Offline: c.Offline && !env.Runner.Present(),
		Event:  change.Event{Name: event.Name, Base: event.Base, Branch: event.BaseBranch, Tag: event.Tag, Merge: event.PullRequest.Merge},
		Passed: c.Passed,
	})
	if err != nil {
		return nil, err
	}
	if c.Commit != "" && found.Head != "" && c.Commit != found.Head {
		return nil, report.Usage(fmt.Sprintf("--commit %s is not the checked-out commit (%s)", c.Commit, found.Head))
	}
	p, err := c.policy(ctx, found, env.Now())
	if usage := (*report.UsageError)(nil); errors.As(err, &usage) {
		return nil, report.Usage(secrets.Redact(err.Error())) // it quotes the mistake
	}
	if err != nil {
		return nil, err
	}
	o, err := c.options(ctx, env, found, p)
	if err != nil {
		return nil, err
	}
	o.Hint = c.hint(ctx, env, event.Name, p)
	fetched := c.fetch(ctx, env, o.Databases)
	o.Dir, o.Secrets, o.Scanners = dir, secrets, c.scanners(env, dir, p, secrets)
	rep, packages, err := gate.Run(ctx, o)
	if rep == nil {
		return nil, err
	}
	p.show(rep, secrets.Conceal)
	return &examined{rep, packages, o, p}, errors.Join(err, fetched)
}

// fetch updates, on GitHub, the catalogue of exploited vulnerabilities, and the database that
// is needed to scan an image. What is missing, the report states.
func (c *Scan) fetch(ctx context.Context, env *command.Env, dir string) error {
	if c.Offline {
		return nil
	}
	if env.Runner.Present() {
		short, cancel := context.WithTimeout(ctx, 20*time.Second)
		_, _ = database.Update(short, database.Options{Dir: dir, Exploits: true, Now: env.Now}) // the row of the baseline says what is missing
		cancel()
	}
	if c.Image == "" {
		return nil
	}
	_, err := database.Update(ctx, database.Options{Dir: dir, Trivy: true, Now: env.Now})
	return err
}

// options returns the gate's options, from flags and policy.
func (c *Scan) options(ctx context.Context, env *command.Env, found *change.Change, p *policy) (gate.Options, error) {
	cfg := p.Gate
	others, files, err := c.others(ctx, found)
	if err != nil {
		return gate.Options{}, err
	}
	cfg.Exclude = slices.Concat(cfg.Exclude, others)
	o := gate.Options{
		App: p.App, FailOn: report.Severity(cmp.Or(c.FailOn, cfg.FailOn)), Now: env.Now(), Timeout: c.Timeout,
		MissingDatabase: cmp.Or(c.MissingDatabase, cfg.MissingDatabase, "error"), Waivers: p.waivers, Policy: p.dependencies,
		Input: gate.Input{
			Head: cmp.Or(c.Commit, found.Head), Databases: cmp.Or(c.Databases, command.DefaultDatabases(env)),
			Offline: c.Offline, Artifact: c.Artifact, Exclude: cfg.Exclude, Update: updater(env, c.Databases),
		},
		BaseKind: string(found.Kind), Unused: unusedFiles(p.Config),
		Baseline: gate.Baseline{First: found.First, Unreleased: found.Kind == change.Adoption, Accepted: p.baseline},
	}
	if err := c.check(o); err != nil {
		return o, err
	}
	list, err := found.List(ctx, cfg.Exclude, c.Everything || !*cfg.NewOnly)
	if err != nil {
		return o, err
	}
	o.Files, o.Scope, o.Checkout, o.BaseProof = list.Files, list.Scope, list.Missing, found.Proof
	if len(others) > 0 {
		o.Scope += fmt.Sprintf("; %s of other apps not examined, because the runs of those apps examine them: %s", english.Plural(files, "file", ""), strings.Join(others, ", "))
	}
	o.Past, o.Counted = p.past, found.Counted
	o.BlockKnown = !*cfg.NewOnly
	if list.Against != nil {
		o.Against, p.compared = list.Against, list.Against.Commit
	}
	o.Advisories, err = database.Open(o.Databases, o.Now, time.Duration(cfg.DatabaseMaxAge))
	return o, err
}

func (c *Scan) check(o gate.Options) error {
	var problems []string
	if !validSeverity(o.FailOn) {
		problems = append(problems, fmt.Sprintf("--fail-on %q is not a severity: use critical, high, medium or low", o.FailOn))
	}
	if o.MissingDatabase != "error" && o.MissingDatabase != "warn" {
		problems = append(problems, fmt.Sprintf("--missing-database %q is not a policy: use error or warn", o.MissingDatabase))
	}
	if c.BaseImage != "" && c.Image == "" {
		problems = append(problems, "--base-image needs --image, the image to compare with it")
	}
	if info, err := os.Stat(c.Artifact); c.Artifact != "" && (err != nil || !info.IsDir()) {
		problems = append(problems, fmt.Sprintf("--artifact %s is not a folder", c.Artifact))
	}
	if c.Timeout <= 0 {
		problems = append(problems, fmt.Sprintf("--timeout %s: use a duration above zero, such as 10m", c.Timeout))
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
