// Package terraform keeps each environment as a workspace of a Terraform
// configuration, with OpenTofu or Terraform.
//
// The configuration is the caller's code and runs with the caller's credentials:
// nothing here can keep a local-exec provisioner, an external data source or a
// provider from doing what it likes. Run it for code whose author may hold those
// credentials, never for a fork's. What is kept from it is every variable that
// environ does not name.
//
// A configuration takes what it needs to know through variables of these names,
// each given only where it is declared:
//
//	image        repository@sha256:…       name         pr-12, the workspace
//	digest       sha256:…                  environment  preview/pr-12
//	commit       full commit id            pr, number   12
//	app          where2eat                 env          map of variables of the application
//	labels       map that clouds accept as labels: lower-case, at most 63 characters
//	goldenpath   map of everything known, to be given back as it is by
//	             output "goldenpath" { value = var.goldenpath }
//
// Terraform keeps no labels on a workspace. That output is where commit, digest,
// expiry and generation are read back from; without it they are unknown.
//
// Below Target.Data:
//
//	lock         held by whoever works there; names its pid
//	terraform/   TF_DATA_DIR: providers and modules
//	run-…/       variables and plan of one run, removed with it: they hold values
package terraform

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Target keeps environments as workspaces of the configuration in Dir.
type Target struct {
	Dir         string                          // folder with the .tf files
	Binary      string                          // tofu or terraform; default: tofu on PATH, else terraform
	Workspaces  func(environment string) string // default: without preview/: pr-12 of preview/pr-12
	Previews    func(workspace string) string   // preview/pr-12 of pr-12, "" for what is no preview; default: pr-N only
	Vars        map[string]string               // values of other types than string, number and bool as JSON
	Secrets     map[string]target.Secret        // for Down and Drift, which are given no deployment
	Backend     map[string]string               // -backend-config
	Data        string                          // folder for what Terraform downloads and keeps
	LockTimeout time.Duration                   // how long to wait for a locked state; default 1 minute
	Grace       time.Duration                   // for what is under way when a run is interrupted; default 1 minute
	URL         string                          // where the environment answers; default: the output URLOutput
	URLOutput   string                          // default url
	Guard       []string                        // argv of the hidden command whose body is Guard of this package; empty: not guarded
	Clock       func() time.Time                // default time.Now
}

// ErrNoBinary says that neither OpenTofu nor Terraform is installed.
var ErrNoBinary = errors.New("neither tofu nor terraform is on PATH: install OpenTofu or Terraform")

// workspaceName is what every backend takes, and no option of a command line.
var workspaceName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

func (t *Target) workspace(environment string) (string, error) {
	name := strings.TrimPrefix(environment, "preview/")
	if t.Workspaces != nil {
		name = t.Workspaces(environment)
	}
	if !workspaceName.MatchString(name) || name == "default" {
		return "", report.Usage(fmt.Sprintf("environment %.80q: its workspace would be %.80q: use 1 to 63 lower-case letters, digits and hyphens, and not default", environment, name))
	}
	return name, nil
}

var previewName = regexp.MustCompile(`^pr-[1-9][0-9]{0,8}$`)

// preview is the environment a workspace is for, or "". A backend holds staging
// and production too: only what is known to be a preview is listed.
func (t *Target) preview(workspace string) string {
	switch {
	case !workspaceName.MatchString(workspace) || workspace == "default":
		return ""
	case t.Previews != nil:
		return t.Previews(workspace)
	case previewName.MatchString(workspace):
		return "preview/" + workspace
	}
	return ""
}

func (t *Target) check() error {
	if t.Dir == "" || t.Data == "" {
		return errors.New("check target: set Dir and Data")
	}
	for k, v := range t.Backend {
		if !backendKey.MatchString(k) || strings.ContainsAny(v, "\x00\n") {
			return report.Usage(fmt.Sprintf("backend: %.80q: a key has letters, digits, hyphens and underscores, a value one line", k))
		}
	}
	return nil
}

var backendKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

func (t *Target) urlOutput() string {
	if t.URLOutput != "" {
		return t.URLOutput
	}
	return "url"
}

func (t *Target) lockTimeout() time.Duration {
	if t.LockTimeout > 0 {
		return t.LockTimeout
	}
	return time.Minute
}

func (t *Target) grace() time.Duration {
	if t.Grace > 0 {
		return t.Grace
	}
	return time.Minute
}

func (t *Target) now() time.Time {
	if t.Clock != nil {
		return t.Clock()
	}
	return time.Now()
}

// Now is the time by this machine's clock: a backend has none that can be asked.
func (t *Target) Now(context.Context) (time.Time, error) { return t.now(), nil }

func place(workspace string) string { return "workspace " + workspace }
