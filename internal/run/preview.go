package run

import (
	"context"
	"slices"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/stage"
)

// keepsPreview reports whether the preview outlives the run: the run was asked to stop at a
// stage that has it.
func (x *execution) keepsPreview() bool {
	return slices.Contains([]string{"preview", "battery", "scorecard"}, x.Until)
}

// previewRuns reports whether the preview of an earlier call still runs this image.
func previewRuns(ctx context.Context, x *execution) bool {
	return !x.keepsPreview() || x.previewAlive(ctx) // else it was removed on purpose
}

// previewAlive reports whether the preview runs the image of an earlier call.
func (x *execution) previewAlive(ctx context.Context) bool {
	r := x.state.report("package")
	running, err := x.Target.Status(ctx, stage.PreviewEnvironment(stage.LocalPreview))
	return err == nil && r != nil && running.Alive && running.Digest == r.Digest
}

// leavePreview removes a preview that this call created, unless the user asked for it.
func (x *execution) leavePreview(ctx context.Context, err error) {
	rep := x.reports["preview"]
	if rep == nil || !x.previewed || err == nil && rep.Verdict != report.Fail && x.keepsPreview() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if _, err := stage.PreviewDown(ctx, x.Job); err != nil {
		// If this fails too, the next run replaces the preview.
		_ = x.Target.Down(ctx, stage.PreviewEnvironment(stage.LocalPreview))
	}
}
