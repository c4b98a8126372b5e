package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// migrate runs the migration of a deployment in the files of the next generation, with the
// variables that its application will get. Nothing of the next generation has started yet,
// and the previous generation serves requests.
func (t *Target) migrate(ctx context.Context, old, next *generation, d target.Deployment) error {
	argv := d.Migrate.Command()
	if argv == nil {
		return nil
	}
	cfg, err := d.Image.ConfigFile()
	if err != nil {
		return fmt.Errorf("cannot read the image's configuration: %w", err)
	}
	cfg = cfg.DeepCopy()
	cfg.Config.Entrypoint, cfg.Config.Cmd = argv, nil
	p, err := newPlan(next.path("rootfs"), cfg, t.host())
	if err != nil {
		return fmt.Errorf("cannot run the migration: %w", err)
	}
	for _, note := range p.notes {
		if !slices.Contains(next.spec.Notes, note) {
			next.spec.Notes = append(next.spec.Notes, note)
		}
	}
	log, err := os.OpenFile(next.path("app.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("cannot run the migration: %w", err)
	}
	defer log.Close()
	res, err := tool.Command{
		Argv: append([]string{p.run.Path}, p.run.Argv[1:]...), Dir: p.run.Dir, Env: next.spec.Run.Env, Only: true, Timeout: d.Migrate.Limit(),
		Guard: t.Guard, Transcript: log, Secrets: next.spec.Secrets,
	}.Run(ctx)
	if ctx.Err() != nil {
		return fmt.Errorf("the migration was interrupted: %w", context.Cause(ctx))
	}
	if err == nil {
		if d.Say != nil {
			d.Say(target.Phase{Name: "migrate", Detail: "ok", Seconds: res.Elapsed.Seconds()})
		}
		return writeJSON(next.path("spec.json"), next.spec)
	}
	why := err.Error()
	if exit := (*tool.ExitError)(nil); errors.As(err, &exit) {
		why = fmt.Sprintf("exit status %d", exit.Code) // its output is the detail
	}
	f := &target.Failure{
		What: "the migration failed: " + why, NotUp: true, Migration: true, Kept: "nothing serves " + d.Environment,
		Remedy: "fix the command (migrate in .goldenpath.yml) or the migration, then deploy again; the new version was not started",
	}
	if note := tool.UnsetVariable(res.Tail); note != "" {
		f.Remedy = note
	}
	f.Detail = lastLines(next.spec.hidden().Hide(res.Tail))
	f.Detail = f.Detail[max(0, len(f.Detail)-20):]
	if old != nil && old.alive() {
		f.Kept = fmt.Sprintf("generation %d (commit %.7s) still serves at %s", old.number, old.spec.Commit, old.url())
	}
	return f
}
