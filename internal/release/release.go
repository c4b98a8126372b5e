// Package release plans a promotion, performs it, soaks it, undoes it.
package release

import (
	"context"
	"fmt"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Target is where environments run.
type Target interface {
	Deploy(ctx context.Context, d target.Deployment) (target.Running, error)
	Status(ctx context.Context, environment string) (target.Running, error)
}

// Repository is where the artifact and its evidence are.
type Repository interface {
	evidence.Store
	Resolve(ctx context.Context, reference string, platform v1.Platform) (artifact.Artifact, error)
}

// Prober measures one request: its status, or an error, and how long it took.
type Prober func(ctx context.Context, url string) (status int, took time.Duration, err error)

// Deps is what a promotion reaches out to.
type Deps struct {
	Target     Target
	Repository Repository
	Ledger     *ledger.Ledger
	Trust      evidence.Policy // whose evidence is accepted
	Probe      Prober
	Reference  func(digest string) string // what a cluster pulls; nil or "": nothing can be pulled
	Now        func() time.Time
	By         string            // workflow run, or user@host
	Say        func(what string) // progress; nil: none
}

func (d Deps) say(format string, args ...any) {
	if d.Say != nil {
		d.Say(fmt.Sprintf(format, args...))
	}
}

// Options says what is promoted where.
type Options struct {
	App         string
	Environment string
	From        string // environment the digest must run in; "": the first of the path
	Digest      string
	Ready       target.Ready
	Port        int
	Env         map[string]string
	Secrets     map[string]target.Secret
	Require     []Requirement
	Soak        *Soak // nil: not watched
	Manifest    Manifest
	DryRun      bool
	Again       bool // promote a digest although it was rolled back
	KeepLock    bool // Deploy keeps the lock for the Soak that follows in this process
}

// Requirement is evidence that must be there, and good.
type Requirement struct {
	Name        string // provenance, tests, security-gate, scorecard, battery
	Type        string // predicate type
	Environment string // of a battery; "": any
}

// Soak says how a release is watched.
type Soak struct {
	For          time.Duration
	AtLeast      int           // samples
	Every        time.Duration // between two probes
	Path         string
	Availability float64       // percent, at least; 0: not asked
	ErrorRate    float64       // percent of answers with a 5xx status, at most; 0: not asked
	P95          time.Duration // at most; 0: not asked
}

// Manifest is what a release is made of (GP-PROM-4). It is the data of its
// ledger entry.
type Manifest struct {
	Version   string            `json:"version"` // git describe, or the short commit
	Migration string            `json:"migration,omitempty"`
	Prompts   map[string]string `json:"prompts,omitempty"` // file → sha256
	Models    map[string]string `json:"models,omitempty"`  // prompt's file → the model it names
	Flags     map[string]string `json:"flags,omitempty"`   // file → sha256
	Env       []string          `json:"env,omitempty"`     // names only
	Config    string            `json:"config"`            // sha256 of .goldenpath.yml
	From      string            `json:"from,omitempty"`    // the release it was staged as: staging 2026.11.21-1
	Rollback  string            `json:"rollback,omitempty"`
	Evidence  []EvidenceLink    `json:"evidence"`
	URL       string            `json:"url"`
}

// EvidenceLink says what a piece of evidence said.
type EvidenceLink struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Verdict string `json:"verdict"`
}

// lockLife is how long a lock outlives its holder on another machine.
const lockLife = 2 * time.Hour

// fail returns a report that refuses, with a stable reason code.
func (p *plan) fail(o Options, reason report.Reason, format string, args ...any) *report.Report {
	r := p.report(o)
	r.Verdict, r.Reason, r.Title = report.Fail, reason, fmt.Sprintf(format, args...)
	setOutputs(r)
	return r
}

func setOutputs(r *report.Report) {
	r.Set("digest", r.Digest)
}
