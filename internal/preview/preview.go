// Package preview creates, finds and removes the environments of pull requests.
//
// Up reserves a preview in the ledger before it deploys. The ledger of previews is kept
// where they run: in the cluster, in the backend's state, or in the clone. The reservation
// is one compare-and-swap, so two runs cannot both take the last place within the limits or
// the budget. Sweep finds previews both in the ledger and, by their labels, in the target,
// so it also removes previews that are missing from the ledger.
package preview

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Target deploys and removes previews.
type Target interface {
	Plan(ctx context.Context, d target.Deployment) (target.Plan, error)
	Deploy(ctx context.Context, d target.Deployment) (target.Running, error)
	Status(ctx context.Context, environment string) (target.Running, error)
	Down(ctx context.Context, environment string) error
	List(ctx context.Context) iter.Seq2[target.Running, error]
	Now(ctx context.Context) (time.Time, error)
	Place(environment string) (target.Place, error)
}

// Repository reads artifacts from a registry.
type Repository interface {
	Resolve(ctx context.Context, reference string, platform v1.Platform) (artifact.Artifact, error)
}

// PullRequests reads the state of pull requests. Sweep calls it concurrently.
type PullRequests interface {
	PullRequest(ctx context.Context, number int) (github.PullRequest, error)
	OpenPullRequests(ctx context.Context) (map[int]github.PullRequest, error)
}

// Deps are the services that previews use.
type Deps struct {
	Target       Target
	Repository   Repository
	Reference    func(digest string) string // where a cluster pulls an image from; nil or "": from nowhere
	Ledger       *ledger.Ledger
	PullRequests PullRequests     // nil: the state of pull requests is unknown
	Now          func() time.Time // this machine's clock, for durations
	By           string
	Guard        []string // argv of `goldenpath guard`
	Say          func(target.Phase)
}

// recorder is implemented by targets that keep the records of their previews themselves.
type recorder interface{ Ledger() ledger.Store }

// Ledger returns the ledger with the records of a target's previews: the one that the
// target keeps, else the given one. Previews are recorded where they run, so that the run
// of a pull request needs no right to write to the repository.
func Ledger(t Target, l *ledger.Ledger) *ledger.Ledger {
	if r, ok := t.(recorder); ok {
		return &ledger.Ledger{Store: r.Ledger(), Now: l.Now}
	}
	return l
}

func (d Deps) say(p target.Phase) {
	if d.Say != nil {
		d.Say(p)
	}
}

// Policy is the set of limits for previews. It is read from the base branch, so a pull
// request cannot change its own limits.
type Policy struct {
	App, Repository string
	TTL             time.Duration
	MaxTTL          time.Duration
	budget.Limits
}

const prefix = "preview/"

func cutPrefix(environment string) (string, bool) { return strings.CutPrefix(environment, prefix) }

var validName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$`)

func checkName(name string) error {
	if !validName.MatchString(name) {
		return report.Usage(fmt.Sprintf("invalid preview name %.60q: use at most 40 lower-case letters, digits and hyphens, such as pr-12", name))
	}
	return nil
}
