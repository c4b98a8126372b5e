// Package target holds what every way of reaching an environment has in common:
// what is deployed, what is found running, and when it counts as ready.
//
// The ways themselves are its sub-packages. Previews, staging and production use
// the same one: there is never a second way to deploy.
package target

import (
	"errors"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// ErrNotDeployed says that nothing runs in an environment.
var ErrNotDeployed = errors.New("nothing is deployed there")

// ErrSuperseded says that another deployment of the same environment has taken
// over meanwhile, or that the environment is being removed.
var ErrSuperseded = errors.New("superseded")

// Deployment says what to run and where.
type Deployment struct {
	App         string
	Environment string // preview/pr-12, staging, production
	Commit      string // full commit id the artifact was built from
	Digest      string // sha256:… of the image index
	Reference   string // where the image is pulled from: repository@sha256:…; "" when no registry serves it
	Image       v1.Image
	Env         map[string]string // added to the image's own variables
	Secrets     map[string]Secret // variables whose values no ledger, report or log may hold
	Port        int               // where to listen; 0 is a free port
	Ready       Ready
	Tags        Tags
	KeepFailed  bool         // a deployment that fails leaves the one before it, or else itself, for a person to look at
	Proceed     func() error // asked between the phases; its error ends the deployment. nil: always
	Say         func(Phase)  // told of each phase as it ends; nil: nobody
}

// Tags say whose an environment is. A target keeps them with the environment
// itself, so that what is left over can be found without any other memory.
type Tags struct {
	Repository  string    `json:"repository,omitempty"` // owner/name
	PullRequest int       `json:"pull_request,omitempty"`
	Owner       string    `json:"owner,omitempty"` // login of the author
	CostCentre  string    `json:"cost_centre,omitempty"`
	Expires     time.Time `json:"expires,omitzero"`
	PerHour     float64   `json:"per_hour,omitempty"` // estimate, in the currency of the budget
}

// Secret is where the value of a variable comes from: exactly one of Value and
// Store is set.
type Secret struct {
	Value string // read from the caller's environment
	Store string // name of a store in the cluster that holds it (external-secrets.io)
	Key   string // its name in the store
}

// Phase is one step of a deployment.
type Phase struct {
	Name    string  `json:"name"`   // apply, wait, ready…
	Detail  string  `json:"detail"` // "7 objects in where2eat-pr-12 (2 changed)"
	Seconds float64 `json:"seconds"`
}

// Plan is what a deployment would do.
type Plan struct {
	Place    string   // where: "namespace where2eat-pr-12-x2k4f", "workspace pr-12"
	Changes  []Change // in the order they are made
	Requests Requests
	Notes    []string
}

// Change is one object that is made, altered or removed.
type Change struct {
	Object string // Deployment/where2eat
	What   string // create, change, remove, keep
}

// Requests is what an environment asks for, which is what it costs.
type Requests struct {
	CPU       float64        // cores
	Memory    float64        // GiB
	Storage   float64        // GiB of volumes
	Resources map[string]int // how many of each Terraform type
}

// Running is what a target finds in an environment.
type Running struct {
	Environment    string    `json:"environment"`
	App            string    `json:"app"`
	URL            string    `json:"url"`
	Commit         string    `json:"commit"`
	Digest         string    `json:"digest"`          // image index, read back from the target
	PlatformDigest string    `json:"platform_digest"` // the manifest that runs
	Generation     int       `json:"generation"`      // counts deployments into the environment, from 1
	Started        time.Time `json:"started"`         // of this generation
	Created        time.Time `json:"created"`         // of the environment; zero: not known
	Restarts       int       `json:"restarts"`        // of this generation
	Alive          bool      `json:"alive"`
	Leaving        bool      `json:"leaving,omitempty"` // it is being removed
	Tags           Tags      `json:"tags"`
	Place          string    `json:"place,omitempty"` // as in Plan
	Notes          []string  `json:"notes,omitempty"` // limits worth stating: a runtime taken from the host
	Phases         []Phase   `json:"phases,omitempty"`
}

// Ready says when a deployment counts as ready.
type Ready struct {
	Path        string        // must answer 2xx; default /
	VersionPath string        // must contain the commit or the digest; empty: not asked
	Timeout     time.Duration // default 1 minute
}

// Failure is a deployment that did not become ready.
type Failure struct {
	What   string   // "deployment/where2eat: ImagePullBackOff"
	Detail []string // the last lines of a log, events
	Remedy string
	Kept   string // what is left: "generation 3 still serves"
	Err    error  // cause; nil: unknown
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

// Refusal is an environment that asks for what no preview gets, or for what
// cannot be deployed at all. Nothing was applied.
type Refusal struct {
	Problems []string // object, field, why, remedy: a line each
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
