package host

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// openVolume makes a volume that every user of a container can write: only its environment
// mounts it, and which user an image has is its own affair.
func (h *Host) openVolume(ctx context.Context, slug, volume string) error {
	opened := filepath.Join(h.Dir, "environments", slug, volume+".opened") // a call may be cut in between
	_, err := h.engine.run(ctx, "volume", "inspect", volume)
	exists := err == nil
	if _, err := os.Stat(opened); err == nil && exists {
		return nil
	}
	helper, err := h.helper(ctx)
	if err != nil {
		return err
	}
	if err := h.engine.volume(ctx, volume); err != nil {
		return err
	}
	_, err = h.engine.run(ctx, "run", "--rm", "--network", "none", "--label", label+"="+slug, "--volume", volume+":"+dataFolder+":nocopy", helper, "host", "open-data", dataFolder)
	if err != nil {
		err = fmt.Errorf("cannot prepare the volume %s: %w", volume, err)
		if !exists {
			err = errors.Join(err, h.engine.removeVolume(context.WithoutCancel(ctx), volume))
		}
		return err
	}
	return private(opened, nil)
}

// OpenData lets every user write into a folder. It runs in a container, on a new volume.
func OpenData(dir string) error { return os.Chmod(dir, 0o777|os.ModeSticky) }

// helper returns an image whose only program is this one.
func (h *Host) helper(ctx context.Context) (string, error) {
	tag, err := h.helperTag()
	if err != nil {
		return "", err
	}
	if _, err := h.engine.imageID(ctx, tag); err == nil {
		return tag, nil
	}
	program, err := os.ReadFile(h.Self)
	if err != nil {
		return "", err
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	err = errors.Join(w.WriteHeader(&tar.Header{Name: "goldenpath", Mode: 0o755, Size: int64(len(program)), Typeflag: tar.TypeReg}), write(w, program), w.Close())
	if err != nil {
		return "", err
	}
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer.Bytes())), nil })
	if err != nil {
		return "", err
	}
	img, err := mutate.AppendLayers(empty.Image, l)
	if err != nil {
		return "", err
	}
	if img, err = mutate.Config(img, v1.Config{Entrypoint: []string{"/goldenpath"}}); err != nil {
		return "", err
	}
	return tag, h.engine.send(ctx, img, tag)
}

func (h *Host) helperTag() (string, error) {
	info, err := os.Stat(h.Self)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("goldenpath.local/goldenpath:%d-%d", info.Size(), info.ModTime().Unix()), nil
}

func write(w io.Writer, b []byte) error {
	_, err := w.Write(b)
	return err
}

// migrate runs the migration of a generation in a container of its own.
func (e *environment) migrate(ctx context.Context, g *generation, argv []string, limit time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the migration has not ended after %s", limit))
	defer cancel()
	name := e.name(g.Number) + ".migrate"
	if err := e.h.engine.remove(ctx, name); err != nil {
		return err
	}
	defer func() { _ = e.h.engine.remove(context.WithoutCancel(ctx), name) }()
	args, environ, err := e.arguments(g, name, false)
	if err != nil {
		return full(err)
	}
	args = append(args, "--entrypoint", argv[0], g.Image)
	args = append(args, argv[1:]...)
	cmd := e.h.engine.command(ctx, environ, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		if c := context.Cause(ctx); c != nil {
			err = c
		}
		kept := "nothing serves"
		if e.Serving != 0 {
			kept = fmt.Sprintf("generation %d still serves", e.Serving)
		}
		return &target.Failure{
			What: fmt.Sprintf("the migration failed: %v", err), Detail: strings.Split(text.Clip(last(out.String(), 20), 8<<10), "\n"), Kept: kept, NotUp: true, Migration: true, Err: err,
		}
	}
	return nil
}
