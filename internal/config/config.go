// Package config reads and validates .goldenpath.yml.
//
// The format is schema.json, published as docs/schema/goldenpath.v1.json. All problems
// of a file are reported at once, each with its line and column.
package config

import (
	"regexp"
	"time"
)

// File is the name of the configuration, which is in the folder of the app: the root of the
// repository, unless the repository has several apps.
const File = ".goldenpath.yml"

// validApp is the pattern of "app" in schema.json.
var validApp = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$`)

// ValidApp reports whether a text can be the name of an app.
func ValidApp(name string) bool { return validApp.MatchString(name) }

// BaselineFile has the findings that a person accepted at once, with
// `security-gate baseline`. It is separate from the waivers, because it is long, written
// by a program, and has neither reasons nor an end.
const BaselineFile = ".goldenpath/baseline.json"

// Config is the content of .goldenpath.yml, with defaults.
type Config struct {
	Version      int                    `yaml:"version"`
	App          string                 `yaml:"app"`
	Artifact     Artifact               `yaml:"artifact"`
	Install      Install                `yaml:"install"`
	Checks       Steps                  `yaml:"checks"`
	Battery      Battery                `yaml:"battery"`
	Preview      Preview                `yaml:"preview"`
	Services     Services               `yaml:"services"`
	Variables    Variables              `yaml:"variables"`
	Environments map[string]Environment `yaml:"environments"`
	Servers      map[string]Server      `yaml:"servers"` // that environments name
	Gate         Gate                   `yaml:"gate"`
	Scorecard    Scorecard              `yaml:"scorecard"`
	Flags        string                 `yaml:"flags"`
	LLM          LLM                    `yaml:"llm"`
	Notify       Notify                 `yaml:"notify"`

	source []byte
}

// Artifact defines how a commit becomes an image.
type Artifact struct {
	Image      string            `yaml:"image"`      // repository without tag; default: the app's name
	Build      string            `yaml:"build"`      // shell command that runs first; $GOLDENPATH_COMMIT is set
	Pack       string            `yaml:"pack"`       // folder that becomes the image's root; or
	Dockerfile string            `yaml:"dockerfile"` // file that builds the image, with Docker
	Entrypoint []string          `yaml:"entrypoint"` // argv inside the image
	Workdir    string            `yaml:"workdir"`    // default /
	User       string            `yaml:"user"`       // default 65532:65532
	Port       int               `yaml:"port"`       // declared in the image; the process gets $PORT
	Env        map[string]string `yaml:"env"`
	MaxSize    Size              `yaml:"max-size"` // of one file; default 500 MB
}

// Install defines how the dependencies are installed. The zero value installs nothing.
type Install struct {
	Run     string   `yaml:"run"`
	Lock    []string `yaml:"lock"`    // files that determine the result
	Keep    []string `yaml:"keep"`    // folders that it fills
	Timeout Duration `yaml:"timeout"` // default 15 minutes
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

// Battery is the tests against a deployed environment.
type Battery struct {
	Smoke []Smoke
	Steps Steps
}

// Smoke is one request that must succeed.
type Smoke struct {
	Get       string `yaml:"get"`        // path
	Status    int    `yaml:"status"`     // default 200; AnyAnswer only in a request that goldenpath adds
	Contains  string `yaml:"contains"`   // text the body must contain
	Redirects bool   `yaml:"-" json:"-"` // whether redirects within the deployment are followed, as for readiness
}

// AnyAnswer is a status that stands for every one except a server error.
const AnyAnswer = -1

// Ready defines when a deployment is ready.
type Ready struct {
	Path        string   `yaml:"path"`         // default /
	VersionPath string   `yaml:"version-path"` // response must contain the commit or the digest
	Timeout     Duration `yaml:"timeout"`      // default 1 minute
}

// Soak defines how a release is watched after it is deployed.
type Soak struct {
	For     Duration `yaml:"for"`
	AtLeast int      `yaml:"at-least"` // samples; fewer is inconclusive
	Every   Duration `yaml:"every"`    // between two probes; default: For/(2*AtLeast), at most 1s
	SLO     SLO      `yaml:"slo"`
}

// SLO is the bounds of a soak. A zero bound is not checked.
type SLO struct {
	Availability float64  `yaml:"availability"` // minimum percentage of probes answered in time
	ErrorRate    float64  `yaml:"error-rate"`   // maximum percentage of responses with a status of 400 or above
	P95          Duration `yaml:"p95"`          // maximum
}

// Gate is the policy of the security gate.
type Gate struct {
	FailOn          string   `yaml:"fail-on"` // a severity
	NewOnly         *bool    `yaml:"new-only"`
	Waivers         string   `yaml:"waivers"`
	MissingDatabase string   `yaml:"missing-database"` // error or warn; "" means error, but warn in goldenpath run
	Exclude         []string `yaml:"exclude"`          // path prefixes that are fixtures

	Licences            Licences  `yaml:"licences"`
	AllowedDependencies string    `yaml:"allowed-dependencies"` // file; "" allows all
	WaiverMaxAge        Duration  `yaml:"waiver-max-age"`
	DatabaseMaxAge      Duration  `yaml:"database-max-age"`
	Runtime             []Runtime `yaml:"runtime"`
	Policy              string    `yaml:"policy"` // folder of Rego; "" for none
}

// Licences are SPDX ids of licences.
type Licences struct {
	Allow []string `yaml:"allow"` // empty allows all
	Deny  []string `yaml:"deny"`
}

// Runtime names what is rendered and checked before a deployment: one of Chart,
// Kustomize, Manifests and Plan.
type Runtime struct {
	Chart     string   `yaml:"chart"`
	Values    []string `yaml:"values"` // of the chart
	Kustomize string   `yaml:"kustomize"`
	Manifests string   `yaml:"manifests"` // file or folder
	Plan      string   `yaml:"plan"`      // file with the output of terraform show -json
}

// Scorecard names the inputs and requirements of the scorecard.
type Scorecard struct {
	Requirements string   `yaml:"requirements"`
	Migrations   string   `yaml:"migrations"`
	Must         []string `yaml:"must"` // dimensions that must pass
}

// LLM names the records of work with language models.
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

// Chain returns the environments in the order of promotion.
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
