package stage

import (
	"context"

	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// LocalPreview is the name of the preview of a local run. It is the same for every run
// of a repository, so that a run replaces what an interrupted run left.
const LocalPreview = "local"

// PreviewEnvironment returns the environment of a preview.
func PreviewEnvironment(name string) string { return "preview/" + name }

// PreviewUp deploys an image as the local preview. brief reports neither its address nor
// its lifetime, because the caller removes it before it ends.
func PreviewUp(ctx context.Context, j *Job, digest string, brief bool) (*report.Report, error) {
	o := PreviewOptions(j.Config, PreviewPolicy(j.Config, ""), LocalPreview, digest, j.Dir)
	o.DeferData, o.Brief = j.DeferData, brief
	var err error
	if o.Secrets, err = j.Secrets(""); err != nil {
		return nil, err
	}
	if o.Seed.Variables, err = j.variables("seed"); err != nil {
		return nil, err
	}
	return preview.Up(ctx, j.previews(), o)
}

// PreviewDown removes the local preview.
func PreviewDown(ctx context.Context, j *Job) (*report.Report, error) {
	return preview.Down(ctx, j.previews(), preview.DownOptions{Policy: PreviewPolicy(j.Config, ""), Name: LocalPreview})
}

func (j *Job) previews() preview.Deps {
	return preview.Deps{Target: j.Target, Repository: j.Image, Ledger: preview.Ledger(j.Target, j.Ledger), Now: j.Now, By: j.By, Guard: j.Guard}
}
