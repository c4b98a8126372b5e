// Package stage performs the stages of the path for one commit, and derives the options of
// releases and previews from its configuration. goldenpath run, the
// single commands and the jobs of a workflow all call the functions of this package,
// so that a stage gives the same report everywhere.
package stage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/release"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Deps are the services that stages call. A stage documents which of the optional
// ones it needs.
type Deps struct {
	Registry *artifact.Registry
	Ledger   *ledger.Ledger
	Now      func() time.Time
	By       string       // workflow run, or user@host
	Builder  string       // workflow file and commit that build; "": this machine
	Source   string       // repository that Builder checked out: https://github.com/acme/where2eat
	Version  string       // of goldenpath
	Guard    []string     // argv of `goldenpath guard`; empty: programs run without it
	Say      func(string) // reports progress; nil: silent
	Values   Values       // of secrets and variables; nil: there are none
	Here     bool         // environments with target process run on this machine, so Validate checks what they need

	Signer    evidence.Signer                                            // Push and Attest sign with it; nil: nothing is signed
	Trust     evidence.Policy                                            // promotion accepts the evidence that it trusts
	Gate      func(context.Context, GateRequest) (*report.Report, error) // SecurityGate calls it
	Target    preview.Target                                             // preview, promotion and soak act on it
	Indicator release.Indicator                                          // soak measures with it

	DeferData bool // PreviewUp does not run the seed: this process holds credentials of a CI job
}

// Values finds the values of the secrets and variables that a configuration names.
type Values interface {
	// Secrets returns the secrets of an environment, or of previews if environment is "".
	Secrets(c *config.Config, environment string) (map[string]target.Secret, error)
	// Variables returns the variables of commands: checks, build, seed or battery.
	Variables(c *config.Config, commands string) (map[string]string, error)
}

// Connections is implemented by targets that provide services to the commands on this
// machine, such as a database.
type Connections interface {
	// Connections returns the variables with which an environment's services are found.
	Connections(environment string) map[string]string
}

// Job is one commit together with everything that its stages need. New returns
// a complete Job.
type Job struct {
	Deps
	Commit Commit
	Config *config.Config // of the commit
	// Declared is the configuration as it is in the commit, if Config has the environments
	// of this machine instead; nil: Config is it.
	Declared *config.Config
	Top      string                  // checkout of the commit
	Dir      string                  // folder of the app in Top, where its commands run
	Reaches  func(stage string) bool // whether the job goes as far as a stage; nil: it goes to the end
	Own      Own                     // set if Top belongs to goldenpath
	Out      string                  // folder for logs, JUnit files and scratch files
	Image    *artifact.Repository    // repository that artifact.image names
}

// New returns the job of a commit. top is the folder of the checkout, which may not exist
// yet. The folder out must exist when a stage runs.
func New(d Deps, c Commit, cfg *config.Config, top, out string) (*Job, error) {
	if d.Ledger != nil {
		d.Ledger = d.Ledger.Of(c.Folder, cfg.App) // the working tree may name the app otherwise
	}
	if d.Say == nil {
		d.Say = func(string) {}
	}
	image, err := d.Registry.Repository(cfg.Artifact.Image)
	if err != nil {
		return nil, err
	}
	return &Job{Deps: d, Commit: c, Config: cfg, Top: top, Dir: filepath.Join(top, filepath.FromSlash(c.Folder)), Out: out, Image: image}, nil
}

// Open returns the job of the commit that is checked out in a repository, for the app in a
// folder. It creates the folder out.
func Open(ctx context.Context, d Deps, r git.Repository, folder, out string) (*Job, error) {
	c, err := Resolve(ctx, r, folder, "HEAD")
	if err != nil {
		return nil, err
	}
	cfg, err := c.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, report.Usage(fmt.Sprintf("cannot create the folder --out: %v", err))
	}
	return New(d, c, cfg, r.Dir(), out)
}

// report starts the report of a stage.
func (j *Job) report(name string) *report.Report {
	return &report.Report{Name: name, Subject: j.Config.App, Commit: j.Commit.ID, Started: j.Now().UTC()}
}

// scratch creates an empty folder for the files of one stage.
func (j *Job) scratch(name string) (string, error) {
	dir := filepath.Join(j.Out, name)
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o755)
}
