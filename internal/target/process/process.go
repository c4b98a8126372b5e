// Package process is the embedded target: an environment is a supervised process
// on this machine, with no Docker, no network and no account.
//
// Below Target.Dir every environment has one folder:
//
//	preview-pr-12-8c1d3f0a/
//	  lock               held by whoever changes the environment
//	  environment.json   its name, its marker and how often it was deployed into
//	  current            link to the generation that serves
//	  data/              GOLDENPATH_DATA and HOME: survives generations
//	  gen-3/
//	    lock             held by the supervisor as long as it lives; names its pid
//	    spec.json        what runs and how, written once and before it runs
//	    state.json       what the supervisor has seen
//	    app.log          what the application said, app.log.1 before that
//	    rootfs/ tmp/     the image's files; TMPDIR
//
// The image's files are used in place, without chroot and as the user who
// deploys: this target shows that an artifact works, it does not confine it.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Target runs environments as supervised processes below Dir.
type Target struct {
	Dir  string   // where environments are kept, one folder each
	Self []string // argv of the supervisor: the goldenpath binary and its hidden command; the generation's folder is appended
	Path string   // where programs of the host are found; default: PATH of this process
}

// Deploy runs d.Image in d.Environment and returns once it is ready. What served
// before serves until then, and goes on serving when d does not get ready. Killed
// at any point and called again, it converges.
//
// The error is a *target.Refusal if this target cannot run the image, and a
// *target.Failure if the deployment does not become ready.
func (t *Target) Deploy(ctx context.Context, d target.Deployment) (target.Running, error) {
	r, err := t.deploy(ctx, d)
	if err != nil {
		return target.Running{}, fmt.Errorf("deploy %s: %w", d.Environment, err)
	}
	return r, nil
}

func (t *Target) deploy(ctx context.Context, d target.Deployment) (target.Running, error) {
	if err := t.check(d); err != nil {
		return target.Running{}, err
	}
	e, err := t.enter(ctx, d.Environment, true)
	if err != nil {
		return target.Running{}, err
	}
	defer e.leave()
	if err := e.tidy(ctx); err != nil {
		return target.Running{}, err
	}
	old := e.current()
	if old != nil && old.serves(ctx, d) {
		return old.running(), nil
	}
	if old != nil && !old.alive() {
		if err := old.stop(ctx); err != nil { // what a killed supervisor could not: it may hold the port
			return target.Running{}, err
		}
	}
	next, err := t.prepare(ctx, e, old, d)
	if err == nil {
		err = e.replace(ctx, old, next)
	}
	if err != nil {
		return target.Running{}, errors.Join(err, e.abandon(next))
	}
	return next.running(), nil
}

// check refuses what can be refused before anything is touched.
func (t *Target) check(d target.Deployment) error {
	switch {
	case d.Environment == "":
		return errors.New("check deployment: it names no environment: set one, as preview/pr-12")
	case d.Image == nil:
		return errors.New("check deployment: it has no image: resolve the digest to an image of this platform")
	case d.Port < 0 || d.Port > 65535:
		return fmt.Errorf("check deployment: port %d: choose one between 1 and 65535, or 0 for a free one", d.Port)
	case len(t.Self) == 0 || t.Dir == "":
		return errors.New("check target: set Dir and Self")
	case runtime.GOOS != "linux" && runtime.GOOS != "darwin":
		return refuse("the process target does not run on "+runtime.GOOS, "use Linux or macOS, or another target")
	}
	cfg, err := d.Image.ConfigFile()
	if err != nil {
		return fmt.Errorf("read the image's configuration: %w", err)
	}
	if err := checkPlatform(cfg); err != nil {
		return err
	}
	if len(cfg.Config.Entrypoint)+len(cfg.Config.Cmd) == 0 {
		return refuse("the image names no program to run", "set ENTRYPOINT or CMD in its Dockerfile")
	}
	return checkEnv(d.Env)
}

// host is the PATH on which programs of the host are found.
func (t *Target) host() string {
	p := t.Path
	if p == "" {
		p = os.Getenv("PATH")
	}
	if p == "" {
		p = "/usr/local/bin:/usr/bin:/bin"
	}
	return p
}

// folder is where an environment is kept.
func (t *Target) folder(environment string) (string, error) {
	return filepath.Abs(filepath.Join(t.Dir, slug(environment)))
}
