package host

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Local is the target of one app for commands on the server itself: it lists and removes.
type Local struct {
	Host *Host
	App  string
}

// Plan is not possible: deployments come over SSH.
func (Local) Plan(context.Context, target.Deployment) (target.Plan, error) {
	return target.Plan{}, errLocal
}

// Deploy is not possible: deployments come over SSH.
func (Local) Deploy(context.Context, target.Deployment) (target.Running, error) {
	return target.Running{}, errLocal
}

var errLocal = errors.New("deployments come over SSH")

// Status returns what serves in an environment.
func (l Local) Status(ctx context.Context, environment string) (target.Running, error) {
	return l.Host.Status(ctx, l.App, environment)
}

// Down removes an environment.
func (l Local) Down(ctx context.Context, environment string) error {
	err := l.Host.Down(ctx, l.App, environment)
	l.Host.audit("down", l.App, environment, "by this server", err)
	return err
}

// List yields the environments of the app.
func (l Local) List(ctx context.Context) iter.Seq2[target.Running, error] {
	return l.Host.List(ctx, l.App)
}

// Now returns this server's time.
func (l Local) Now(ctx context.Context) (time.Time, error) { return l.Host.Now(ctx) }

// Place returns this server.
func (Local) Place(string) (target.Place, error) {
	return target.Place{Kind: "server", Name: "this server"}, nil
}

// Ledger returns the records of the previews.
func (l Local) Ledger() ledger.Store { return l.Host.Records(l.App) }
