// Package config reads .goldenpath.yml, strictly.
//
// The shape of the file is schema.json, published as
// docs/schema/goldenpath.v1.json. Every problem of a file is reported at once,
// each with its line and column.
package config

import (
	"time"
)

// File is the name of the configuration at the root of a repository.
const File = ".goldenpath.yml"

// Config is what .goldenpath.yml says, with the defaults filled in.
type Config struct {
	Version      int                    `yaml:"version"`
	App          string                 `yaml:"app"`
	Artifact     Artifact               `yaml:"artifact"`
	Checks       Steps                  `yaml:"checks"`
	Battery      Battery                `yaml:"battery"`
	Preview      Preview                `yaml:"preview"`
	Environments map[string]Environment `yaml:"environments"`
	Gate         Gate                   `yaml:"gate"`
	Scorecard    Scorecard              `yaml:"scorecard"`
	Flags        string                 `yaml:"flags"`
	LLM          LLM                    `yaml:"llm"`
	Notify       Notify                 `yaml:"notify"`

	source []byte
}

// Artifact says how a commit becomes an image.
type Artifact struct {
	Image      string            `yaml:"image"`      // repository without tag; default the app's name
	Build      string            `yaml:"build"`      // shell command that runs first; $GOLDENPATH_COMMIT is set
	Pack       string            `yaml:"pack"`       // folder that becomes the image's root; or
	Dockerfile string            `yaml:"dockerfile"` // file that makes the image, with Docker
	Entrypoint []string          `yaml:"entrypoint"` // argv inside the image
	Workdir    string            `yaml:"workdir"`    // default /
	User       string            `yaml:"user"`       // default 65532:65532
	Port       int               `yaml:"port"`       // declared in the image; the process gets $PORT
	Env        map[string]string `yaml:"env"`
	MaxSize    Size              `yaml:"max-size"` // of one file; default 500 MB
}

// Step is one command.
type Step struct {
	Name    string
	Run     string
	JUnit   string   // glob of JUnit files it writes, relative to the repository
	Timeout Duration // default 15 minutes
}

// Steps are commands in the order they are written.
type Steps []Step

// Battery is what is run against a deployed URL.
type Battery struct {
	Smoke []Smoke
	Steps Steps
}

// Smoke is one request that must succeed.
type Smoke struct {
	Get      string `yaml:"get"`      // path
	Status   int    `yaml:"status"`   // default 200
	Contains string `yaml:"contains"` // text the body must contain
}

// Ready says when a deployment counts as ready.
type Ready struct {
	Path        string   `yaml:"path"`         // default /
	VersionPath string   `yaml:"version-path"` // must answer with the commit or the digest
	Timeout     Duration `yaml:"timeout"`      // default 1 minute
}

// Soak is how a release is watched after it is deployed.
type Soak struct {
	For     Duration `yaml:"for"`
	AtLeast int      `yaml:"at-least"` // samples; fewer is inconclusive
	Every   Duration `yaml:"every"`    // between two probes; default so that at-least is reached twice
	SLO     SLO      `yaml:"slo"`
}

// SLO are the bounds of a soak. A zero value is not asked for.
type SLO struct {
	Availability float64  `yaml:"availability"` // percent of probes answered in time, at least
	ErrorRate    float64  `yaml:"error-rate"`   // percent of answers with a 5xx status, at most
	P95          Duration `yaml:"p95"`          // at most
}

// Gate is the policy of the security gate.
type Gate struct {
	FailOn          string   `yaml:"fail-on"` // a severity
	NewOnly         *bool    `yaml:"new-only"`
	Waivers         string   `yaml:"waivers"`
	MissingDatabase string   `yaml:"missing-database"` // error or warn; "": error, but warn in goldenpath run
	Exclude         []string `yaml:"exclude"`          // path prefixes that are fixtures

	Licences            Licences  `yaml:"licences"`
	AllowedDependencies string    `yaml:"allowed-dependencies"` // file; "": every dependency
	WaiverMaxAge        Duration  `yaml:"waiver-max-age"`
	DatabaseMaxAge      Duration  `yaml:"database-max-age"`
	Runtime             []Runtime `yaml:"runtime"`
	Policy              string    `yaml:"policy"` // folder of Rego; "": none
}

// Licences are SPDX ids of licences.
type Licences struct {
	Allow []string `yaml:"allow"` // empty: every one
	Deny  []string `yaml:"deny"`
}

// Runtime is something that is rendered and checked before it is deployed: one of
// Chart, Kustomize, Manifests and Plan.
type Runtime struct {
	Chart     string   `yaml:"chart"`
	Values    []string `yaml:"values"` // of the chart
	Kustomize string   `yaml:"kustomize"`
	Manifests string   `yaml:"manifests"` // file or folder
	Plan      string   `yaml:"plan"`      // file with what terraform show -json prints
}

// Scorecard says where the parts of the scorecard are found.
type Scorecard struct {
	Requirements string   `yaml:"requirements"`
	Migrations   string   `yaml:"migrations"`
	Must         []string `yaml:"must"` // dimensions that must pass
}

// LLM says where the records of a model's work are.
type LLM struct {
	Prompts string `yaml:"prompts"`
}

// Duration is a time.Duration written like 30m, 24h or 7d.
type Duration time.Duration

// D returns d as a time.Duration.
func (d Duration) D() time.Duration { return time.Duration(d) }

// Size is a number of bytes written like 500MB or 2GiB.
type Size int64

// Source returns the bytes the configuration was read from.
func (c *Config) Source() []byte { return c.source }

// Chain returns the environments in the order an artifact walks them, ending
// with the last one that nothing follows.
func (c *Config) Chain() []string {
	next := map[string]string{}
	first := ""
	for name, e := range c.Environments {
		if e.From != "" {
			next[e.From] = name
		} else {
			first = name
		}
	}
	var chain []string
	for name := first; name != ""; name = next[name] {
		chain = append(chain, name)
	}
	return chain
}

// ReadyOf returns the readiness of an environment: its own, or the preview's.
func (c *Config) ReadyOf(environment string) Ready {
	if r := c.Environments[environment].Ready; r != nil {
		return *r
	}
	return c.Preview.Ready
}
