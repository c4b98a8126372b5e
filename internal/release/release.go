// Package release promotes an artifact into an environment, watches the release, and
// rolls it back.
//
// A promotion and a rollback are decided in the same way: gather the facts, run a list
// of checks on them, and make changes only if no check refuses.
package release

import (
	"context"
	"fmt"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/release/indicator"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Target runs environments.
type Target interface {
	Deploy(ctx context.Context, d target.Deployment) (target.Running, error)
	Status(ctx context.Context, environment string) (target.Running, error)
	Place(environment string) (target.Place, error) // sends no request
}

// Repository reads an artifact and its evidence.
type Repository interface {
	evidence.Store
	Resolve(ctx context.Context, reference string, platform v1.Platform) (artifact.Artifact, error)
}

// Indicator measures a running release at a URL. An error means that nothing was
// measured.
type Indicator interface {
	Sample(ctx context.Context, url string) (indicator.Sample, error)
}

// Deps are the systems that a release uses.
type Deps struct {
	Target     Target
	Repository Repository
	Ledger     *ledger.Ledger
	Trust      evidence.Policy // whose evidence is accepted
	Indicator  Indicator
	Reference  func(digest string) string // where a cluster pulls the image; nil or "": from nowhere
	Now        func() time.Time
	By         string            // URL of the workflow run, or user@host
	Say        func(what string) // reports progress; nil: not reported
}

func (d Deps) say(format string, args ...any) {
	if d.Say != nil {
		d.Say(fmt.Sprintf(format, args...))
	}
}

// Options name what is released, and where.
type Options struct {
	App         string
	Environment string
	From        string // environment that must run the digest; "": none, Environment is the first
	Followed    bool   // another environment is promoted to from this one
	Digest      string // sha256:… of the index
	Ready       target.Ready
	Port        int // 0: a free one
	Env         map[string]string
	Secrets     map[string]target.Secret
	Migrate     target.Migration // of a promotion; a rollback does not migrate
	Services    target.Services
	Require     []evidence.Requirement
	Soak        *Soak // nil: the release is not watched
	Manifest    Manifest
	DryRun      bool
	Again       bool   // accept a digest that was rolled back
	Older       bool   // accept a commit that is older than the one that runs
	Moved       bool   // accept releases that ran on another target
	KeepLock    bool   // Deploy keeps the lock for the Watch that follows in this process
	BreakLock   string // why the lock of another run is taken, if there is one; "": it is not
}

// Soak describes how a release is watched, and the service level objectives
// (SLOs) it must meet.
type Soak struct {
	For          time.Duration
	AtLeast      int           // samples
	Every        time.Duration // between two samples; 0: see withDefaults
	Path         string        // added to the URL of the release
	Availability float64       // percent, at least; 0: not asked
	ErrorRate    float64       // percent of answers with a status of 400 or above, at most; 0: not asked
	P95          time.Duration // at most; 0: not asked
}

const (
	// lockLife is how long a lock remains valid if its holder, on another machine, ended
	// without releasing it.
	lockLife = 15 * time.Minute
	// beatEvery is how often a holder says that it is alive.
	beatEvery = 5 * time.Minute
	// lookEvery is how often a soak looks whether somebody has taken over.
	lookEvery = 15 * time.Second
)
