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

// Deployment says what to run and where.
type Deployment struct {
	App         string
	Environment string // preview/pr-12, staging, production
	Commit      string // full commit id the artifact was built from
	Digest      string // sha256:… of the image index
	Image       v1.Image
	Env         map[string]string // added to the image's own variables
	Port        int               // where to listen; 0 is a free port
	Ready       Ready
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
	Started        time.Time `json:"started"`
	Restarts       int       `json:"restarts"` // of this generation
	Alive          bool      `json:"alive"`
	Notes          []string  `json:"notes,omitempty"` // limits worth stating: a runtime taken from the host
}

// Ready says when a deployment counts as ready.
type Ready struct {
	Path        string        // must answer 2xx; default /
	VersionPath string        // must contain the commit or the digest; empty: not asked
	Timeout     time.Duration // default 1 minute
}
