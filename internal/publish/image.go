package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/dustin/go-humanize"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
)

// image is one product for all platforms.
type image struct {
	product product
	index   v1.ImageIndex
	digest  string
}

// assembleImages adds each binary to the base as a layer. It runs no program, so it needs
// no emulator and the output is reproducible.
func assembleImages(ctx context.Context, r *release) ([]string, error) {
	var lines []string
	for _, p := range products {
		index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
		for _, b := range r.binaries {
			if b.product != p {
				continue
			}
			layer, err := r.layer(ctx, b)
			if err != nil {
				return lines, err
			}
			img, err := r.assemble(b, layer)
			if err != nil {
				return lines, fmt.Errorf("%s %s: %w", p.name, b.platform, err)
			}
			packed, err := layer.Size()
			if err != nil {
				return lines, err
			}
			lines = append(lines, fmt.Sprintf("%s %s: %s, packed %s, on the base", p.name, b.platform, humanize.Bytes(uint64(b.size)), humanize.Bytes(uint64(packed))))
			index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &b.platform}})
		}
		index = mutate.Annotations(index, r.labels(p)).(v1.ImageIndex)
		digest, err := index.Digest()
		if err != nil {
			return lines, err
		}
		r.images = append(r.images, image{product: p, index: index, digest: digest.String()})
		lines = append(lines, r.o.image(p)+"@"+digest.String())
	}
	return lines, r.expected()
}

// layer returns a layer with one file, packed reproducibly.
func (r *release) layer(ctx context.Context, b binary) (v1.Layer, error) {
	root := filepath.Join(r.scratch, "root", b.product.name, b.platform.Architecture)
	to := filepath.Join(root, b.product.inside())
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return nil, err
	}
	if err := copyFile(b.file, to); err != nil {
		return nil, err
	}
	packed, err := artifact.Pack(ctx, artifact.PackOptions{
		Dir: root, Entrypoint: []string{"/" + b.product.inside()}, Created: r.source.time, Platform: b.platform,
		Small: true, Scratch: r.scratch,
	})
	if err != nil {
		return nil, err
	}
	m, err := packed.Index.IndexManifest()
	if err != nil {
		return nil, err
	}
	img, err := packed.Index.Image(m.Manifests[0].Digest)
	if err != nil {
		return nil, err
	}
	layers, err := img.Layers()
	if err != nil {
		return nil, err
	}
	return layers[0], os.RemoveAll(root)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// assemble returns the OCI image of a binary: the unchanged layers of the base and one
// layer with the binary.
func (r *release) assemble(b binary, layer v1.Layer) (v1.Image, error) {
	ground := r.ground[b.platform.String()]
	layers, err := ground.Layers()
	if err != nil {
		return nil, err
	}
	file, err := ground.ConfigFile()
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	made := v1.Time{Time: r.source.time}
	for i, l := range append(slices.Clone(layers), layer) {
		kind, err := ociType(l)
		if err != nil {
			return nil, err
		}
		by := fmt.Sprintf("layer %d of %s", i+1, r.baseName)
		if i == len(layers) {
			by = "goldenpath publish: " + b.product.inside()
		}
		// The base's own history names build machines and times; the digest identifies it.
		if img, err = mutate.Append(img, mutate.Addendum{Layer: l, MediaType: kind, History: v1.History{Created: made, CreatedBy: by}}); err != nil {
			return nil, err
		}
	}
	mine, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	mine = mine.DeepCopy()
	mine.Created, mine.OS, mine.Architecture, mine.Variant = made, b.platform.OS, b.platform.Architecture, ""
	// Set neither user nor working directory: an action runs as root in the workspace
	// that the runner mounts.
	mine.Config = v1.Config{
		Entrypoint: []string{"/" + b.product.inside()},
		Env:        searchPath(file.Config.Env),
		Labels:     r.labels(b.product),
	}
	return mutate.ConfigFile(img, mine)
}
