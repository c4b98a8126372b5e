package stage

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Push copies an image from a folder to Job.Image. With a signer it also signs the
// image's provenance. The image must have been built from Job.Commit.
func Push(ctx context.Context, j *Job, from, digest string) (*report.Report, error) {
	started := j.Now().UTC()
	if !artifact.Holds(from, j.Config.Artifact.Image) { // OpenRegistry would create the folder
		return nil, report.Usage(fmt.Sprintf("%s does not contain an image of %s: set --from to the folder that goldenpath package wrote", from, j.Config.Artifact.Image))
	}
	folder, err := artifact.OpenRegistry(from)
	if err != nil {
		return nil, err
	}
	source, err := folder.Repository(j.Config.Artifact.Image)
	if err != nil {
		return nil, err
	}
	img, err := source.Resolve(ctx, digest, v1.Platform{})
	if errors.Is(err, artifact.ErrNotFound) {
		return nil, report.Usage(fmt.Sprintf("%s is not in %s: set --from to the folder that goldenpath package wrote", digest, from))
	}
	if err != nil {
		return nil, err
	}
	r := j.report("push")
	r.Verdict, r.Reason, r.Digest = report.Pass, report.ReasonPushed, img.Digest
	if img.Commit() != j.Commit.ID {
		r.Verdict, r.Reason = report.Fail, report.ReasonOtherCommit
		r.Title = fmt.Sprintf("the image was built from commit %.7s, but the checkout is at %.7s", img.Commit(), j.Commit.ID)
		return r, nil
	}
	pushed, err := source.Copy(ctx, img.Digest, j.Image)
	if err != nil {
		return nil, err
	}
	provenance, err := SignProvenance(ctx, j, pushed.Digest, started)
	if err != nil {
		return nil, err
	}
	r.Title = fmt.Sprintf("%s@%.19s", j.Config.Artifact.Image, pushed.Digest)
	r.Checks = []report.Check{{Name: "image", State: report.OK, Result: pushed.Platform, Note: pushed.Digest}, provenance}
	r.Set("digest", pushed.Digest)
	r.Set("platform-digest", pushed.PlatformDigest)
	return r, nil
}

// SignProvenance signs how an image of Job.Image was built, and attaches the statement
// to it. Without a signer, the check reports that nothing was signed.
func SignProvenance(ctx context.Context, j *Job, digest string, started time.Time) (report.Check, error) {
	c := report.Check{Name: "provenance", State: report.Skipped, Result: "not signed: only previews accept the image"}
	if j.Signer == nil {
		return c, nil
	}
	a := j.Config.Artifact
	b := evidence.Build{
		Source: "git+file://" + filepath.Base(j.Commit.Repo.Dir()), Commit: j.Commit.ID, Config: sha(j.Config.Source()),
		Command: a.Build, Pack: a.Pack, Dockerfile: a.Dockerfile, Version: j.Version, Invocation: j.By, Started: started, Finished: j.Now(),
	}
	if j.Builder != "" {
		b.Builder, b.Source = j.Builder, "git+"+j.Source
	}
	c.State, c.Result = report.OK, "signed"
	return c, evidence.Put(ctx, j.Image, j.Signer, evidence.Statement{Type: evidence.Provenance, Name: a.Image, Digest: digest, Predicate: b.Predicate()}, j.Now())
}
