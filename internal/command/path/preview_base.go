package path

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/stage"
)

// baseConfiguration makes the preview of a pull request use the Terraform configuration of
// the base commit. A Terraform configuration is a program that runs with the credentials of
// the job, and a job with credentials runs no code of a pull request. The folder, its
// variables, its backend and the address come from .goldenpath.yml of the base too, because
// they say what the program does, and to whose state.
//
// note describes what applies; "" outside of a pull request's run. missing is the reason why
// there can be no preview yet, or "".
func (w *world) baseConfiguration(ctx context.Context) (note, missing string, err error) {
	e, err := w.env.Runner.Event()
	p := &w.config.Preview.Deploy
	if err != nil || p.Target != "terraform" || e.PullRequest.Number == 0 || e.Base == "" {
		return "", "", err
	}
	base, err := w.baseConfig(ctx, e.Base)
	if err != nil && !errors.Is(err, config.ErrMissing) {
		return "", "", err
	}
	if err != nil || base.Preview.Target != "terraform" {
		return "", fmt.Sprintf("the Terraform configuration of a preview is read from the base branch, and %s of base %.7s sets no target terraform for previews: merge that first", config.File, e.Base), nil
	}
	p.Terraform, p.Vars, p.Backend, p.URL = base.Preview.Terraform, base.Preview.Vars, base.Preview.Backend, base.Preview.URL
	whole := filepath.Join(w.terraformState(), "base")
	w.base = filepath.Join(whole, filepath.FromSlash(w.folder))
	if err := w.files(ctx, e.Base, whole); err != nil {
		return "", "", fmt.Errorf("cannot read the Terraform configuration of base %.7s: %w", e.Base, err)
	}
	note = fmt.Sprintf("%s of base %.7s", p.Terraform, e.Base)
	_, err = w.git.Run(ctx, "diff", "--quiet", e.Base, "HEAD", "--", path.Join(w.folder, p.Terraform))
	if git.Exited(err, 1) {
		return note + ": what the pull request changes there applies after the merge", "", nil
	}
	return note, "", err
}

// files writes the files of a commit into a new folder. It needs no history, so a shallow
// checkout suffices.
func (w *world) files(ctx context.Context, commit, dir string) error {
	index := dir + ".index"
	if err := errors.Join(stage.RemoveTree(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return err
	}
	defer os.Remove(index)
	r := w.git.WithEnv("GIT_INDEX_FILE=" + index)
	if _, err := r.Run(ctx, "read-tree", commit); err != nil {
		return err
	}
	_, err := r.Run(ctx, "checkout-index", "--all", "--prefix="+dir+"/")
	return err
}

// noPreview is the report of a command for a preview that cannot exist yet.
func noPreview(env *command.Env, name, subject, why string) *report.Report {
	return &report.Report{
		Name: name, Subject: subject, Started: env.Now().UTC(), Verdict: report.Skip, Reason: report.ReasonNotOnBase, Title: "there is no preview: " + why,
		Checks: []report.Check{{Name: "preview", State: report.Skipped, Result: why}},
	}
}
