// Package process is the embedded target: each environment is a supervised process
// on this machine. It needs no Docker, no network and no account.
//
// Below Target.Dir every environment has one folder:
//
//	preview-pr-12-8c1d3f0a/
//	  lock               held by the process that changes the environment
//	  environment.json   its name, its marker and the number of its last generation
//	  current            link to the generation that serves
//	  expires            when the supervisor ends; absent: never
//	  data/              GOLDENPATH_DATA and HOME: kept from one generation to the next
//	  services/postgres/ a server beside the application, supervised like a generation
//	  gen-3/
//	    lock             held by the supervisor while it lives; contains its pid
//	    spec.json        what runs and how; written once, before it runs
//	    state.json       what the supervisor observed
//	    app.log          output of the application; app.log.1 is older
//	    rootfs/ tmp/     files of the image; TMPDIR
//
// The image's files are used in place, without chroot, as the user who deploys.
// This target shows that an artifact works. It does not isolate it.
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
	Dir    string   // holds one folder for each environment
	Self   []string // argv of the supervisor, goldenpath and its hidden command; the generation's folder is appended
	Path   string   // PATH for programs of the host; "": that of this process
	Failed string   // folder that keeps the log of the last failed deployment of each environment; "": none is kept
	Guard  []string // argv of `goldenpath guard`, which ends a migration with this process; empty: no guard
}

// Deploy runs d.Image in d.Environment and returns when the deployment is ready. The
// previous generation serves requests until then, and keeps serving if d does not become
// ready. If Deploy is killed at any point, the next call completes the deployment.
//
// The error is a *target.Refusal if this target cannot run the image, and a
// *target.Failure if the deployment does not become ready.
func (t *Target) Deploy(ctx context.Context, d target.Deployment) (target.Running, error) {
	r, err := t.deploy(ctx, d)
	if err != nil {
		return target.Running{}, fmt.Errorf("cannot deploy %s: %w", d.Environment, err)
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
	if err := errors.Join(e.expire(d.Tags.Expires), e.tidy(ctx)); err != nil {
		return target.Running{}, err
	}
	old := e.current()
	given, err := t.given(ctx, e, d)
	if err != nil {
		return target.Running{}, errors.Join(err, e.abandon(ctx, nil))
	}
	if old != nil && old.serves(ctx, d, given) {
		return old.running(), nil
	}
	if old != nil && !old.alive() {
		if err := old.stop(ctx); err != nil { // a killed supervisor may have left a process that holds the port
			return target.Running{}, err
		}
	}
	next, err := t.prepare(ctx, e, old, d, given)
	if err == nil {
		err = t.migrate(ctx, old, next, d)
	}
	if err == nil {
		err = e.replace(ctx, old, next, d.Say)
	}
	if failure := (*target.Failure)(nil); errors.As(err, &failure) && next != nil {
		failure.Log = t.keepLog(next)
	}
	if err != nil {
		return target.Running{}, errors.Join(err, e.abandon(ctx, next))
	}
	return next.running(), nil
}

// check refuses a deployment before anything is changed.
func (t *Target) check(d target.Deployment) error {
	switch {
	case d.Environment == "":
		return errors.New("the deployment has no environment: set one, such as preview/pr-12")
	case d.Image == nil:
		return errors.New("the deployment has no image: resolve the digest to an image of this platform")
	case d.Port < 0 || d.Port > 65535:
		return fmt.Errorf("invalid port %d of the deployment: choose one between 1 and 65535, or 0 for any free port", d.Port)
	case len(t.Self) == 0 || t.Dir == "":
		return errors.New("the process target is incomplete: set Dir and Self")
	case runtime.GOOS != "linux" && runtime.GOOS != "darwin":
		return refuse("the process target does not run on "+runtime.GOOS, "use Linux or macOS, or another target")
	}
	cfg, err := d.Image.ConfigFile()
	if err != nil {
		return fmt.Errorf("cannot read the image's configuration: %w", err)
	}
	if err := checkPlatform(cfg); err != nil {
		return err
	}
	if len(cfg.Config.Entrypoint)+len(cfg.Config.Cmd) == 0 {
		return refuse("the image has no program to run", "set ENTRYPOINT or CMD in its Dockerfile")
	}
	for name, s := range d.Secrets {
		if s.Store != "" {
			return refuse(fmt.Sprintf("the secret %s is in the store %s of a cluster, which this machine does not have", name, s.Store), "name a variable instead")
		}
	}
	return errors.Join(checkEnv(d.Env), checkEnv(values(d.Secrets)))
}

// host returns the PATH in which programs of the host are found.
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

// folder returns the folder of an environment.
func (t *Target) folder(environment string) (string, error) {
	return filepath.Abs(filepath.Join(t.Dir, slug(environment)))
}
