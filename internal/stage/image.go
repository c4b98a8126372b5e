package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// image is an image in scratch files, which close removes.
type image struct {
	index   v1.ImageIndex
	content string // for the report: 12 files
	// entrypoint is the check of the program that the image starts; zero: nothing to say.
	entrypoint report.Check
	close      func() error
}

// makeImage packs a folder, or builds a Dockerfile, as the configuration says. If the
// build fails, makeImage sets the verdict in r.
func (j *Job) makeImage(ctx context.Context, r *report.Report) (*image, error) {
	if j.Config.Artifact.Dockerfile != "" {
		return j.dockerImage(ctx, r)
	}
	return j.packedImage(ctx, r)
}

func (j *Job) labels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":    j.Config.App,
		"org.opencontainers.image.revision": j.Commit.ID,
		"org.opencontainers.image.created":  j.Commit.Time.Format(time.RFC3339),
	}
}

func (j *Job) packedImage(ctx context.Context, r *report.Report) (*image, error) {
	a := j.Config.Artifact
	dir, err := insideCheckout(j.Dir, a.Pack)
	if err != nil {
		return nil, err
	}
	entrypoint, ok := j.entrypointCheck(dir)
	if ok && entrypoint.State == report.Failed {
		r.Checks = append(r.Checks, entrypoint)
		r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonNotInImage, "the image does not contain "+a.Entrypoint[0]+", which it starts"
		return nil, nil
	}
	j.Say("pack " + a.Pack)
	packed, err := artifact.Pack(ctx, artifact.PackOptions{
		Dir: dir, Entrypoint: a.Entrypoint, Workdir: a.Workdir, User: a.User, Port: a.Port, Env: a.Env, Labels: j.labels(),
		Created: j.Commit.Time, MaxFile: int64(a.MaxSize), Scratch: j.Out,
	})
	var usage *report.UsageError
	if errors.As(err, &usage) {
		// Show the folder as it is written in the configuration, not its path in the checkout.
		return nil, report.Usage(strings.ReplaceAll(usage.Problem, dir, a.Pack))
	}
	if err != nil {
		return nil, err
	}
	return &image{index: packed.Index, content: english.Plural(packed.Files, "file", ""), close: packed.Close, entrypoint: entrypoint}, nil
}

// dockerImage builds the Dockerfile with Docker. The checkout is the build context.
func (j *Job) dockerImage(ctx context.Context, r *report.Report) (*image, error) {
	file := j.Config.Artifact.Dockerfile
	if info, err := os.Stat(filepath.Join(j.Dir, filepath.FromSlash(file))); err != nil || !info.Mode().IsRegular() {
		return nil, report.Usage(fmt.Sprintf("artifact.dockerfile: the commit has no file %s", file))
	}
	j.Say("docker build --file " + file)
	// The tag contains the commit, so that two runs at once do not share an image.
	tag := "goldenpath-build:" + j.Commit.ID
	argv := []string{"docker", "build", "--file", file, "--tag", tag, "--build-arg", "GOLDENPATH_COMMIT=" + j.Commit.ID}
	for key, value := range j.labels() {
		argv = append(argv, "--label", key+"="+value)
	}
	log, err := os.Create(filepath.Join(j.Out, "docker-build.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	res, err := tool.Command{
		Argv: append(argv, "."), Dir: j.Dir, Env: []string{fmt.Sprintf("SOURCE_DATE_EPOCH=%d", j.Commit.Time.Unix())}, Timeout: buildTimeout, Guard: j.Guard, Transcript: log,
	}.Run(ctx)
	if errors.Is(err, tool.ErrNotFound) {
		return nil, report.Usage("artifact.dockerfile needs Docker, and docker is not on PATH: install it, or pack a folder with artifact.pack")
	}
	if err := built(ctx, r, "docker build", log.Name(), res, err); err != nil || r.Verdict == report.Fail {
		return nil, err
	}
	dir, err := os.MkdirTemp(j.Out, "docker-")
	if err != nil {
		return nil, err
	}
	remove := func() error {
		// Only the tag is removed. The layers stay in Docker's cache.
		_, err := tool.Command{Argv: []string{"docker", "image", "rm", tag}, Timeout: time.Minute}.Run(context.WithoutCancel(ctx))
		return errors.Join(err, os.RemoveAll(dir))
	}
	saved := filepath.Join(dir, "image.tar")
	if _, err := (tool.Command{Argv: []string{"docker", "save", "--output", saved, tag}, Timeout: buildTimeout, Guard: j.Guard}).Run(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot save the image: %w", err), remove())
	}
	index, err := artifact.ReadSaved(ctx, saved)
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	return &image{index: index, content: file, close: remove}, nil
}
