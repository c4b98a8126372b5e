// Package target defines the types that all targets share, and waits until a deployment is
// ready.
//
// The targets are its sub-packages. Previews, staging and production of an app are
// deployed by the same code.
package target

import (
	"errors"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// ErrNotDeployed reports that nothing is deployed in an environment.
var ErrNotDeployed = errors.New("nothing is deployed in this environment")

// ErrSuperseded reports that a later deployment of the same environment has taken
// over, or that the environment is being removed.
var ErrSuperseded = errors.New("superseded")

// Deployment is what to run, and where.
type Deployment struct {
	App         string
	Environment string // preview/pr-12, staging, production
	Commit      string // full id of the commit that the artifact was built from
	Digest      string // sha256:… of the image index
	Reference   string // to pull the image by: repository@sha256:…; "" if no registry serves it
	Image       v1.Image
	Env         map[string]string // added to the image's variables
	Secrets     map[string]Secret // variables whose values must not be in a ledger, report or log
	Migrate     Migration         // runs before the new version starts
	Services    Services          // what the app needs beside it
	Port        int               // to listen on; 0: a free one
	Ready       Ready
	Tags        Tags
	KeepFailed  bool         // a deployment that fails is not removed, so that it can be inspected
	Proceed     func() error // called between phases; an error ends the deployment. nil: always go on
	Say         func(Phase)  // called as each phase ends, and while a phase takes long; nil: not called
}

// Tags record what an environment belongs to. A target stores the tags with the
// environment itself, so that an abandoned environment can be found without a ledger.
type Tags struct {
	Repository  string    `json:"repository,omitempty"` // owner/name
	PullRequest int       `json:"pull_request,omitempty"`
	Owner       string    `json:"owner,omitempty"` // login of the author
	CostCentre  string    `json:"cost_centre,omitempty"`
	Expires     time.Time `json:"expires,omitzero"`
	PerHour     float64   `json:"per_hour,omitempty"` // estimate, in the currency of the budget
}

// Secret is the source of a variable's value. Exactly one of Value and Store is
// set.
type Secret struct {
	Value string // read from the caller's environment
	Store string // name of a secret store in the cluster (external-secrets.io)
	Key   string // name of the value in the store
}

// Migration is a command of the artifact that migrates data before the new version starts.
// The zero value means that there is none. One of Shell and Argv is set.
type Migration struct {
	Shell   string // runs with sh -euc
	Argv    []string
	Timeout time.Duration // 0: 15 minutes
}

// Command returns the argv, or nil if there is no migration.
func (m Migration) Command() []string {
	if m.Shell != "" {
		return []string{"sh", "-euc", m.Shell}
	}
	return m.Argv
}

// Limit returns the maximum duration.
func (m Migration) Limit() time.Duration {
	if m.Timeout > 0 {
		return m.Timeout
	}
	return 15 * time.Minute
}

// Phase is one step of a deployment.
type Phase struct {
	Name    string  `json:"name"`   // apply, wait, ready…
	Detail  string  `json:"detail"` // "7 objects in where2eat-pr-12 (2 changed)"
	Seconds float64 `json:"seconds"`
	Pending bool    `json:"-"` // it has not ended: Detail is what it waits for
	Plan    *Plan   `json:"-"` // what the deployment is about to change, for a reader; nil: not reported
}

// Plan lists what a deployment would do.
type Plan struct {
	Place    string   // "namespace where2eat-pr-12-x2k4f", "workspace pr-12"
	Changes  []Change // in the order in which they are made
	Requests Requests
	Notes    []string
}

// Change is one object that is created, changed or removed.
type Change struct {
	Object string // Deployment/where2eat
	What   string // create, change, remove, keep
}

// Requests are the resources that an environment requests. They determine the cost of
// the environment.
type Requests struct {
	CPU       float64        // cores
	Memory    float64        // GiB
	Storage   float64        // GiB of volumes
	Resources map[string]int // number of each Terraform type
}

// Running is the state of an environment, as read from the target.
type Running struct {
	Environment    string    `json:"environment"`
	App            string    `json:"app"`
	URL            string    `json:"url"`
	Commit         string    `json:"commit"`
	Digest         string    `json:"digest"`          // image index, read back from the target
	PlatformDigest string    `json:"platform_digest"` // manifest that runs
	Generation     int       `json:"generation"`      // counts deployments into the environment, from 1
	Started        time.Time `json:"started"`         // of this generation
	Created        time.Time `json:"created"`         // of the environment; zero: unknown
	Restarts       int       `json:"restarts"`        // of this generation
	Alive          bool      `json:"alive"`
	Leaving        bool      `json:"leaving,omitempty"` // the environment is being removed
	Tags           Tags      `json:"tags"`
	Place          string    `json:"place,omitempty"`   // as in Plan
	Notes          []string  `json:"notes,omitempty"`   // limits of this deployment, such as a runtime taken from the host
	Stored         []string  `json:"stored,omitempty"`  // returned by Status: files that the application has stored beside its program, which the next deployment will not have
	Lost           []string  `json:"lost,omitempty"`    // returned by Deploy: such files of the deployment before it
	LostIn         string    `json:"lost_in,omitempty"` // folder on this machine to which they were moved
	Phases         []Phase   `json:"phases,omitempty"`
}

// Ready defines when a deployment is ready.
type Ready struct {
	Path        string        // must answer with 2xx; "": /
	VersionPath string        // the answer must contain the commit or the digest; "": not requested
	Timeout     time.Duration // 0: 1 minute
}

// Failure is the error for a deployment that did not become ready.
type Failure struct {
	What   string   // "deployment/where2eat: ImagePullBackOff"
	Detail []string // the last lines of a log, events
	Remedy string
	Kept   string // what is left: "generation 3 still serves"
	// NotUp reports that the target did its part and the application did not come up. This
	// is a verdict on the application; any other failure means that there is no result.
	NotUp     bool
	Log       string // file on this machine with the whole output of the application; "": none
	Err       error  // cause; nil: unknown
	Migration bool   // the migration failed: nothing of the new version was started
}

func (f *Failure) Error() string {
	msg := f.What
	for _, d := range f.Detail {
		msg += "\n  " + d
	}
	if f.Remedy != "" {
		msg += "\n  try: " + f.Remedy
	}
	if f.Kept != "" {
		msg += "\n  kept: " + f.Kept
	}
	return msg
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Refusal is the error for a deployment that the preview policy forbids, or that the
// target cannot run. Nothing was applied.
type Refusal struct {
	Problems []string // a line each: object, field, reason, remedy
}

func (r *Refusal) Error() string {
	msg := ""
	for i, p := range r.Problems {
		if i > 0 {
			msg += "\n"
		}
		msg += p
	}
	return msg
}
