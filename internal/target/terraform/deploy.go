package terraform

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// cleanup is the maximum duration of the cleanup after the caller's context has ended.
const cleanup = 30 * time.Second

// Deploy applies the configuration in the environment's workspace and returns once the
// environment is ready. It can be called again after a kill at any point.
//
// An invalid configuration or variable is a UsageError, and nothing is changed. A locked
// state is a *Locked. A resource that Terraform could not create, or an environment that
// does not become ready, is a *target.Failure; its resources stay, unless this was the
// environment's first deployment and d.KeepFailed is not set. Terraform has no earlier
// generation to restore.
func (t *Target) Deploy(ctx context.Context, d target.Deployment) (target.Running, error) {
	r, err := t.deploy(ctx, d)
	if err != nil {
		return target.Running{}, fmt.Errorf("cannot deploy %s: %w", d.Environment, err)
	}
	return r, nil
}

// deployment is one call of Deploy.
type deployment struct {
	*session
	target.Deployment
	phases  []target.Phase
	since   time.Time
	stopped bool // Proceed has ended it
}

func (t *Target) deploy(ctx context.Context, d target.Deployment) (r target.Running, err error) {
	now := t.now()
	s, there, err := t.open(ctx, d.Environment)
	if err != nil {
		return r, err
	}
	defer s.leave()
	w := &deployment{session: s, Deployment: d, since: now}
	if err := s.checkURL(); err != nil {
		return r, err
	}
	v, known, err := s.settle(ctx, d, there)
	if err != nil {
		return r, err
	}
	if err := w.ended(target.Phase{Name: "init", Detail: s.version}); err != nil {
		return r, err
	}
	made := false
	if !there {
		if made, err = s.makeWorkspace(ctx); err != nil {
			return r, err
		}
	}
	notes, applied, err := w.apply(ctx, v)
	if err == nil {
		r, err = w.ready(ctx, known)
	}
	if err != nil && made {
		err = w.abandon(ctx, v, applied, err)
	}
	r.Notes, r.Phases = append(notes, r.Notes...), w.phases
	return r, err
}

// ended reports the end of a phase, and calls Proceed.
func (w *deployment) ended(p target.Phase) error {
	now := w.t.now()
	p.Seconds = now.Sub(w.since).Seconds()
	w.since = now
	w.phases = append(w.phases, p)
	if w.Say != nil {
		w.Say(p)
	}
	if w.Proceed == nil {
		return nil
	}
	err := w.Proceed()
	w.stopped = err != nil
	return err
}

// apply creates a plan and applies it. If another apply has made the plan stale, apply
// creates a new plan.
func (w *deployment) apply(ctx context.Context, v *values) (notes []string, applied bool, err error) {
	for attempt := 1; ; attempt++ {
		p, err := w.plan(ctx, v)
		if err != nil {
			return nil, false, err
		}
		if err := w.ended(target.Phase{Name: "plan", Detail: summary(p), Plan: &p}); err != nil {
			return nil, false, err
		}
		ev, err := w.run(ctx, "apply", "-json", "-input=false", "-lock-timeout="+w.t.lockTimeout().String(), filepath.Join(w.tmp, planFile))
		var failed *Failed
		if errors.As(err, &failed) && failed.stale && attempt < 3 {
			continue
		}
		if err != nil {
			return p.Notes, !errors.As(err, new(*Locked)), w.failure(ctx, err, ev)
		}
		return p.Notes, true, w.ended(target.Phase{Name: "apply", Detail: fmt.Sprintf("%d of %d resources changed in %s", ev.done, len(p.Changes), p.Place)})
	}
}

// failure converts the error of an unsuccessful apply into a *target.Failure.
func (w *deployment) failure(ctx context.Context, err error, ev *events) error {
	var failed *Failed
	if !errors.As(err, &failed) {
		return err
	}
	f := &target.Failure{What: failed.Error(), Remedy: "fix the reported errors and run the same command again: it continues from here"}
	for _, line := range ev.said {
		f.Detail = append(f.Detail, w.clean(line))
	}
	if left, err := w.resources(ctx); err == nil {
		f.Kept = fmt.Sprintf("%d resources in %s", len(left), place(w.workspace))
	}
	return f
}

// ready reads the outputs and waits until the address is ready.
func (w *deployment) ready(ctx context.Context, known map[string]string) (target.Running, error) {
	outputs, err := w.outputs(ctx)
	if err != nil {
		return target.Running{}, err
	}
	r := running(w.Environment, w.workspace, readKnown(outputs))
	if r.Digest == "" && w.conf.variables["image"] != nil && w.Reference != "" {
		r.App, r.Commit, r.Digest, r.PlatformDigest = w.App, w.Commit, w.Digest, known["platform_digest"]
		r.Notes = append(r.Notes, "commit and digest are what was applied: nothing gives them back")
	}
	if r.URL, err = w.address(outputs); err != nil {
		return r, err
	}
	proof, err := target.WaitReady(ctx, r.URL, w.Ready, []string{w.Commit, w.Digest}, func(error) error { return nil })
	if ctx.Err() != nil {
		return r, fmt.Errorf("the wait until the service is ready was interrupted: %w", context.Cause(ctx))
	}
	if err != nil {
		return r, &target.Failure{
			NotUp: true, What: w.clean(fmt.Sprintf("%s: %s: %v", place(w.workspace), r.URL, err)), Remedy: "read the service's log on its platform: Terraform applied everything",
			Kept: fmt.Sprintf("%s as applied (commit %.7s); deploy an earlier commit to go back", place(w.workspace), known["commit"]),
		}
	}
	r.Alive = true
	return r, w.ended(target.Phase{Name: "ready", Detail: proof.Health + "; " + proof.Version})
}

// abandon removes the resources of a failed first deployment. It always removes an empty
// workspace, and one with resources unless they are to be kept. After an interruption or
// after another deployment has taken over, abandon removes nothing; calling Deploy or
// Down again continues.
func (w *deployment) abandon(ctx context.Context, v *values, applied bool, cause error) error {
	if !applied {
		return w.undoWorkspace(ctx, cause)
	}
	if w.KeepFailed || w.stopped || ctx.Err() != nil {
		return cause
	}
	if err := w.remove(ctx, v); err != nil {
		return errors.Join(cause, fmt.Errorf("cannot remove the resources of the failed deployment: %w", err))
	}
	var f *target.Failure
	if errors.As(cause, &f) {
		f.Kept = "nothing: " + place(w.workspace) + " was removed again"
	}
	return cause
}

// undoWorkspace deletes a workspace that is still empty. If another run uses the
// workspace, Terraform refuses to delete it, and the workspace is kept.
func (s *session) undoWorkspace(ctx context.Context, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	if left, err := s.resources(ctx); err != nil || len(left) > 0 {
		return errors.Join(cause, err)
	}
	return errors.Join(cause, s.deleteWorkspace(ctx))
}

func summary(p target.Plan) string {
	n := map[string]int{}
	for _, c := range p.Changes {
		n[c.What]++
	}
	return fmt.Sprintf("%d to create, %d to change, %d to remove, %d kept", n["create"], n["change"], n["remove"], n["keep"])
}
