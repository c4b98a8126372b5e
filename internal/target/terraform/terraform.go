// Package terraform keeps each environment as a workspace of a Terraform
// configuration, with OpenTofu or Terraform.
//
// The configuration is code that runs with the caller's credentials: nothing here can stop
// a local-exec provisioner, an external data source or a provider. Run it only for authors
// who may hold those credentials, never for a fork. It gets no environment variable that
// environ does not list.
//
// A configuration can declare these variables, and gets those that it declares:
//
//	image        repository@sha256:…       name         pr-12, the workspace
//	digest       sha256:…                  environment  preview/pr-12
//	commit       full commit id            pr, number   12
//	app          where2eat                 env          map of variables of the application
//	labels       map that clouds accept as labels: lower-case, at most 63 characters
//	goldenpath   map of everything known, for
//	             output "goldenpath" { value = var.goldenpath }
//
// A Terraform workspace has no labels. This package reads commit, digest, expiry and
// generation from that output; without it they are unknown.
//
// Below Target.Data:
//
//	lock         locked by the current session; contains its pid
//	terraform/   TF_DATA_DIR: providers and modules
//	plugins/     TF_PLUGIN_CACHE_DIR, unless the caller sets it
//	run-…/       variables, plan and kubeconfig of one session, removed with it
package terraform

import (
	"cmp"
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
	Shown       string                          // name of Dir in messages, such as infra; default Dir
	Binary      string                          // tofu or terraform; default: tofu on PATH, else terraform
	Install     Installer                       // called if neither is on PATH; nil: ErrNoBinary
	Env         map[string]string               // credentials of Terraform alone; names that environ does not list are ignored
	Workspaces  func(environment string) string // default: without preview/: pr-12 of preview/pr-12
	Previews    func(workspace string) string   // preview/pr-12 of pr-12, "" if it is not a preview; default: pr-N only
	Kubeconfig  string                          // text of one, for a backend or a provider in a cluster
	Vars        map[string]string               // values of other types than string, number and bool as JSON
	Secrets     map[string]target.Secret        // for Down, which gets no deployment
	Backend     map[string]string               // -backend-config
	Data        string                          // folder for what Terraform downloads and keeps
	LockTimeout time.Duration                   // how long to wait for a locked state; default 1 minute
	Remote      bool                            // refuse a configuration whose state would stay on this machine
	Grace       time.Duration                   // for operations in progress when a run is interrupted; default 1 minute
	Limit       time.Duration                   // of one plan, apply or destroy, after which it is interrupted; default 25 minutes
	URL         string                          // address of the environment; default: the output URLOutput
	URLOutput   string                          // default url
	Guard       []string                        // argv of the hidden command whose body is Guard of this package; empty: not guarded
	Clock       func() time.Time                // default time.Now
}

// Installer installs OpenTofu and returns the path of the program.
type Installer func(context.Context) (string, error)

// ErrNoBinary is the error if neither OpenTofu nor Terraform is installed.
var ErrNoBinary = errors.New("neither tofu nor terraform is on PATH: install OpenTofu or Terraform")

// workspaceName matches the names that every backend accepts and that cannot be mistaken
// for command line options.
var workspaceName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

func (t *Target) workspace(environment string) (string, error) {
	name := strings.TrimPrefix(environment, "preview/")
	if t.Workspaces != nil {
		name = t.Workspaces(environment)
	}
	if !workspaceName.MatchString(name) || name == "default" {
		return "", report.Usage(fmt.Sprintf("invalid environment name %.80q: its workspace would be %.80q: use 1 to 63 lower-case letters, digits and hyphens, and not default", environment, name))
	}
	return name, nil
}

var previewName = regexp.MustCompile(`^pr-[1-9][0-9]{0,8}$`)

// preview returns the environment of a preview's workspace, or "" for any other
// workspace. A backend may also hold staging and production, which must not be listed as
// previews.
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
		return errors.New("the Terraform target is incomplete: set Dir and Data")
	}
	for k, v := range t.Backend {
		if !backendKey.MatchString(k) || strings.ContainsAny(v, "\x00\n") {
			return report.Usage(fmt.Sprintf("invalid backend setting %.80q: a key consists of letters, digits, hyphens and underscores; a value is one line", k))
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

// shown returns the folder as messages name it.
func (t *Target) shown() string { return cmp.Or(t.Shown, t.Dir) }

// limit ends before the jobs of the reusable workflows do, so that a report says what hung.
func (t *Target) limit() time.Duration { return cmp.Or(t.Limit, 25*time.Minute) }

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

// Now returns the time by this machine's clock, because a backend does not report a
// time.
func (t *Target) Now(context.Context) (time.Time, error) { return t.now(), nil }

func place(workspace string) string { return "workspace " + workspace }
