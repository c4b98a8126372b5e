package artifact

import (
	"context"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// ReadSaved reads the single image in a file that `docker save` wrote, as an OCI
// index with one manifest. The file must exist until the index is pushed.
func ReadSaved(ctx context.Context, path string) (v1.ImageIndex, error) {
	saved, err := tarball.ImageFromPath(path, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot read the output of docker save: %w", err)
	}
	cfg, err := saved.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("cannot read the output of docker save: %w", err)
	}
	layers, err := saved.Layers()
	if err != nil {
		return nil, fmt.Errorf("cannot read the output of docker save: %w", err)
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, l := range layers {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		// Compress the layer here, so that its digest does not depend on the version of
		// Docker.
		oci, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return l.Uncompressed() }, tarball.WithMediaType(types.OCILayer))
		if err != nil {
			return nil, fmt.Errorf("cannot read the output of docker save: %w", err)
		}
		if img, err = mutate.AppendLayers(img, oci); err != nil {
			return nil, err
		}
	}
	if img, err = mutate.ConfigFile(img, cfg); err != nil {
		return nil, err
	}
	return mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), mutate.IndexAddendum{
		Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: cfg.OS, Architecture: cfg.Architecture, Variant: cfg.Variant}},
	}), nil
}
