package process

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// limits are the maximum size and number of files of an unpacked image.
type limits struct {
	bytes int64
	files int
}

var defaultLimits = limits{bytes: 8 << 30, files: 500_000}

// unpacker writes the layers of an image into a folder, the lowest layer first.
//
// It replaces mutate.Extract. That function silently omits some links, does not compare
// digests, and unpacks the highest layer first, so that a file can be written next to a
// link instead of through the link.
type unpacker struct {
	root   *os.Root
	left   limits
	stream int64 // bytes of layers that may still be read
	layer  v1.Hash
	mine   map[string]bool   // paths that this layer wrote, and the folders above them
	dirs   map[string]string // existing folders by name, links resolved; cleared when links change
}

// unpack writes the image's files to dir. Each layer must have the digest that the
// image's configuration lists.
func unpack(ctx context.Context, img v1.Image, dir string, most limits) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("cannot unpack the image: %w", err)
	}
	defer root.Close()
	layers, ids, err := verified(img)
	if err != nil {
		return fmt.Errorf("cannot unpack the image: %w", err)
	}
	u := &unpacker{root: root, left: most, stream: most.bytes + 4096*int64(most.files), dirs: map[string]string{}}
	for i, l := range layers {
		u.layer, u.mine = ids[i], map[string]bool{}
		if err := u.unpack(ctx, l); err != nil {
			return fmt.Errorf("cannot unpack layer %d of %d (%.19s): %w", i+1, len(layers), ids[i], err)
		}
	}
	return nil
}

// verified returns the layers of an image, and the digests that their uncompressed
// content must have.
func verified(img v1.Image) ([]v1.Layer, []v1.Hash, error) {
	m, err := img.Manifest()
	if err != nil {
		return nil, nil, err
	}
	raw, err := img.RawConfigFile()
	if err != nil {
		return nil, nil, err
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(raw)); got != m.Config.Digest.Hex {
		return nil, nil, fmt.Errorf("the image's configuration has digest sha256:%s, but its manifest lists %s: push the image again", got, m.Config.Digest)
	}
	cfg, err := img.ConfigFile()
	if err != nil {
		return nil, nil, err
	}
	layers, err := img.Layers()
	if err != nil {
		return nil, nil, err
	}
	if len(layers) != len(cfg.RootFS.DiffIDs) {
		return nil, nil, fmt.Errorf("the image has %d layers, but its configuration lists %d: build it again", len(layers), len(cfg.RootFS.DiffIDs))
	}
	return layers, cfg.RootFS.DiffIDs, nil
}

func (u *unpacker) unpack(ctx context.Context, l v1.Layer) error {
	rc, err := l.Uncompressed()
	if err != nil {
		return err
	}
	defer rc.Close()
	sum := sha256.New()
	content := &bounded{ctx: ctx, r: io.TeeReader(rc, sum), left: &u.stream}
	for r := tar.NewReader(content); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if u.left.files--; u.left.files < 0 {
			return refuse("the image has too many files", "make it smaller, "+otherTarget)
		}
		if err := u.entry(h, r); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		return err
	}
	if got := fmt.Sprintf("%x", sum.Sum(nil)); got != u.layer.Hex {
		return fmt.Errorf("the layer has digest sha256:%s, but the image lists another: push the image again", got)
	}
	return nil
}

// bounded is a reader that returns an error when a layer exceeds the remaining size
// limit or ctx ends.
type bounded struct {
	ctx  context.Context
	r    io.Reader
	left *int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.r.Read(p)
	if *b.left -= int64(n); *b.left < 0 {
		return 0, tooLarge()
	}
	return n, err
}

func tooLarge() error { return refuse("the image is too large", "make it smaller, "+otherTarget) }
