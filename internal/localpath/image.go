package localpath

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

// made is an image that lies in scratch files until Close.
type made struct {
	index v1.ImageIndex
	what  string // for the report: 12 files
	close func() error
}

func (m *made) Close() error { return m.close() }

// image makes the image of the checkout, in the one of two ways that the
// configuration names.
func (w *walk) image(ctx context.Context, r *report.Report) (*made, error) {
	if w.config.Artifact.Dockerfile != "" {
		return w.dockerImage(ctx, r)
	}
	return w.packedImage(ctx)
}

// labels are what an image says of itself.
func (w *walk) labels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":    w.config.App,
		"org.opencontainers.image.revision": w.source.commit,
		"org.opencontainers.image.created":  w.source.time.Format(time.RFC3339),
	}
}

func (w *walk) packedImage(ctx context.Context) (*made, error) {
	a := w.config.Artifact
	dir, err := insideCheckout(w.checkout(), a.Pack)
	if err != nil {
		return nil, err
	}
	w.Progress.Say("pack " + a.Pack)
	packed, err := artifact.Pack(ctx, artifact.PackOptions{
		Dir: dir, Entrypoint: a.Entrypoint, Workdir: a.Workdir, User: a.User, Port: a.Port, Env: a.Env, Labels: w.labels(),
		Created: w.source.time, MaxFile: int64(a.MaxSize), Scratch: w.dir,
	})
	var usage *report.UsageError
	if errors.As(err, &usage) {
		// The folder as its reader knows it, not where this run has it.
		return nil, report.Usage(strings.ReplaceAll(usage.Problem, dir, a.Pack))
	}
	if err != nil {
		return nil, err
	}
	return &made{packed.Index, english.Plural(packed.Files, "file", ""), packed.Close}, nil
}

// dockerImage has Docker build the Dockerfile, with the checkout as context.
func (w *walk) dockerImage(ctx context.Context, r *report.Report) (*made, error) {
	file := w.config.Artifact.Dockerfile
	if info, err := os.Stat(filepath.Join(w.checkout(), filepath.FromSlash(file))); err != nil || !info.Mode().IsRegular() {
		return nil, report.Usage(fmt.Sprintf("artifact.dockerfile: %s is no file of the commit", file))
	}
	w.Progress.Say("docker build --file " + file)
	// A name of this commit's: two runs at once do not take each other's image.
	tag := "goldenpath-build:" + w.source.commit
	argv := []string{"docker", "build", "--file", file, "--tag", tag, "--build-arg", "GOLDENPATH_COMMIT=" + w.source.commit}
	for key, value := range w.labels() {
		argv = append(argv, "--label", key+"="+value)
	}
	res, err := tool.Command{
		Argv: append(argv, "."), Dir: w.checkout(), Env: []string{fmt.Sprintf("SOURCE_DATE_EPOCH=%d", w.source.time.Unix())}, Timeout: buildTimeout, Guard: w.Guard,
	}.Run(ctx)
	if errors.Is(err, tool.ErrNotFound) {
		return nil, report.Usage("artifact.dockerfile needs Docker, and docker is not on PATH: install it, or pack a folder with artifact.pack, which needs none")
	}
	if err := w.built(ctx, r, "docker build", res, err); err != nil || r.Verdict == report.Fail {
		return nil, err
	}
	dir, err := os.MkdirTemp(w.dir, "docker-")
	if err != nil {
		return nil, err
	}
	clean := func() error {
		// The layers stay in Docker's cache; the name goes.
		_, err := tool.Command{Argv: []string{"docker", "image", "rm", tag}, Timeout: time.Minute}.Run(context.WithoutCancel(ctx))
		return errors.Join(err, os.RemoveAll(dir))
	}
	saved := filepath.Join(dir, "image.tar")
	if _, err := (tool.Command{Argv: []string{"docker", "save", "--output", saved, tag}, Timeout: buildTimeout, Guard: w.Guard}).Run(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("save the image: %w", err), clean())
	}
	index, err := artifact.ReadSaved(ctx, saved)
	if err != nil {
		return nil, errors.Join(err, clean())
	}
	return &made{index, file, clean}, nil
}
