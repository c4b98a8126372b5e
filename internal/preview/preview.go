// Package preview raises, finds, prices and removes the environments of pull
// requests.
//
// The ledger is where a preview is promised before it is made: limits and budget
// are decided there, by compare-and-swap, so that two runs cannot both take the
// last place. The target is where it is found, by labels, when nobody remembers it.
package preview

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Target is where previews live.
type Target interface {
	Plan(ctx context.Context, d target.Deployment) (target.Plan, error)
	Deploy(ctx context.Context, d target.Deployment) (target.Running, error)
	Status(ctx context.Context, environment string) (target.Running, error)
	Down(ctx context.Context, environment string) error
	List(ctx context.Context) iter.Seq2[target.Running, error]
	Now(ctx context.Context) (time.Time, error)
}

// Repository is where artifacts are.
type Repository interface {
	Resolve(ctx context.Context, reference string, platform v1.Platform) (artifact.Artifact, error)
}

// PullRequests is who knows the state of pull requests. A sweep asks several at a
// time.
type PullRequests interface {
	PullRequest(ctx context.Context, number int) (github.PullRequest, error)
	OpenPullRequests(ctx context.Context) (map[int]github.PullRequest, error)
}

// Deps is what a preview reaches out to.
type Deps struct {
	Target       Target
	Repository   Repository
	Reference    func(digest string) string // what a cluster pulls; nil or "": nothing can be pulled
	Ledger       *ledger.Ledger
	PullRequests PullRequests     // nil: there is nobody to ask
	Now          func() time.Time // of this machine, to measure how long things take
	By           string
	Guard        []string // argv of `goldenpath guard`
	Say          func(target.Phase)
}

func (d Deps) say(p target.Phase) {
	if d.Say != nil {
		d.Say(p)
	}
}

// Policy is what bounds previews. It comes from the base branch: a pull request
// cannot raise its own limits.
type Policy struct {
	App, Repository string
	TTL             time.Duration
	MaxTTL          time.Duration
	SweepEvery      time.Duration
	Limit, Author   int     // previews of the repository, of an author; 0: no limit
	PerDay          float64 // budget of a day of UTC; 0: none
	Currency        string
	Alert           float64 // percent of the budget
	Prices          Prices
}

const prefix = "preview/"

var validName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$`)

func checkName(name string) error {
	if !validName.MatchString(name) {
		return report.Usage(fmt.Sprintf("preview %.60q: a name has lower-case letters, digits and hyphens, at most 40, such as pr-12", name))
	}
	return nil
}

// finish sets what every report of this package ends with.
func finish(r *report.Report, start, end time.Time) {
	r.Seconds = end.Sub(start).Seconds()
}
