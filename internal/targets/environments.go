package targets

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/target/terraform"
)

// Environments maps environments to their targets and implements release.Target. Each method
// calls the target of the environment that is passed to the method. All previews have one
// target, at the name previews.
type Environments map[string]preview.Target

const previews = "preview/"

func (all Environments) of(name string) (preview.Target, error) {
	if strings.HasPrefix(name, previews) {
		name = previews
	}
	if t := all[name]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("environment %s is not part of this promotion", name)
}

// Deploy deploys to the environment that d names.
func (all Environments) Deploy(ctx context.Context, d target.Deployment) (target.Running, error) {
	t, err := all.of(d.Environment)
	if err != nil {
		return target.Running{}, err
	}
	return t.Deploy(ctx, d)
}

// Status returns what runs in an environment.
func (all Environments) Status(ctx context.Context, environment string) (target.Running, error) {
	t, err := all.of(environment)
	if err != nil {
		return target.Running{}, err
	}
	return t.Status(ctx, environment)
}

// Place returns where an environment runs.
func (all Environments) Place(environment string) (target.Place, error) {
	t, err := all.of(environment)
	if err != nil {
		return target.Place{}, err
	}
	return t.Place(environment)
}

// workspaces is a Terraform target whose variables depend on the environment.
type workspaces struct {
	of      func(environment string) *terraform.Target
	folder  string // of the configuration, relative to the repository
	backend map[string]string
}

func (w workspaces) Plan(ctx context.Context, d target.Deployment) (target.Plan, error) {
	return w.of(d.Environment).Plan(ctx, d)
}

func (w workspaces) Deploy(ctx context.Context, d target.Deployment) (target.Running, error) {
	return w.of(d.Environment).Deploy(ctx, d)
}

func (w workspaces) Status(ctx context.Context, environment string) (target.Running, error) {
	return w.of(environment).Status(ctx, environment)
}

func (w workspaces) Down(ctx context.Context, environment string) error {
	return w.of(environment).Down(ctx, environment)
}

func (w workspaces) List(ctx context.Context) iter.Seq2[target.Running, error] {
	return w.of("").List(ctx)
}

// Ledger returns where the previews are recorded.
func (w workspaces) Ledger() ledger.Store { return w.of("").Ledger() }

// Place returns the configuration, the workspace and the settings of the backend.
func (w workspaces) Place(environment string) (target.Place, error) {
	name := "folder " + w.folder + " workspace " + strings.TrimPrefix(environment, "preview/")
	if backend := terraform.Settings(w.backend); len(backend) > 0 {
		name += " backend " + strings.Join(backend, ",")
	}
	return target.Place{Kind: "terraform", Name: name}, nil
}

// Now returns this machine's time, because Terraform has no clock.
func (workspaces) Now(context.Context) (time.Time, error) { return time.Now(), nil }
