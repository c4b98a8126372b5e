package oci

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const indexFile = "index.json"

// openLayout finds the image in an OCI layout: the image with the digest, otherwise the
// only image, otherwise the image for the platform. go-containerregistry cannot read a
// layout in an archive, and does not limit how much it reads from a folder.
func openLayout(b blobs, digest string, want v1.Platform) (*Image, error) {
	text, err := readAll(b, indexFile, maxManifest)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", indexFile, err)
	}
	found, err := choose(b, text, digest, want, 0)
	if err != nil {
		return nil, err
	}
	if text, err = blob(b, found, maxManifest); err != nil {
		return nil, err
	}
	manifest, err := v1.ParseManifest(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("cannot read manifest %s: %w", found.Digest, err)
	}
	if err := checkManifest(manifest); err != nil {
		return nil, err
	}
	config, err := blob(b, manifest.Config, maxConfig)
	if err != nil {
		return nil, err
	}
	img := &Image{}
	if digest == "" {
		img.Name = "@" + found.Digest.String()
	}
	return img, img.add(config, len(manifest.Layers), func(i int) (io.ReadCloser, error) {
		return b.open(blobName(manifest.Layers[i].Digest))
	})
}

// choose returns the descriptor of the image. Nested indexes are searched last.
func choose(b blobs, index []byte, digest string, want v1.Platform, depth int) (v1.Descriptor, error) {
	if depth == maxIndexes {
		return v1.Descriptor{}, errNoImage
	}
	var list v1.IndexManifest
	if err := json.Unmarshal(index, &list); err != nil {
		return v1.Descriptor{}, fmt.Errorf("cannot read the index of the layout: %w", err)
	}
	// Attestations are listed next to the images, as images.
	all := slices.DeleteFunc(list.Manifests, func(d v1.Descriptor) bool { return d.Annotations["vnd.docker.reference.type"] != "" })
	if digest != "" {
		i := slices.IndexFunc(all, func(d v1.Descriptor) bool { return d.Digest.String() == digest })
		if i >= 0 {
			all, digest = all[i:i+1], ""
		}
	}
	for _, exact := range []bool{true, false} {
		for _, d := range all {
			switch {
			case d.MediaType.IsIndex():
				if exact {
					continue
				}
				text, err := blob(b, d, maxManifest)
				if err != nil {
					return v1.Descriptor{}, err
				}
				found, err := choose(b, text, digest, want, depth+1)
				if !errors.Is(err, errNoImage) {
					return found, err
				}
			case digest != "":
			case exact && d.Platform != nil && d.Platform.Satisfies(want),
				!exact && len(all) == 1:
				if d.MediaType != types.OCIManifestSchema1 && d.MediaType != types.DockerManifestSchema2 && d.MediaType != "" {
					return d, fmt.Errorf("not an image: the manifest has the type %q", d.MediaType)
				}
				return d, nil
			}
		}
	}
	what := want.String()
	if digest != "" {
		what = digest
	}
	return v1.Descriptor{}, fmt.Errorf("%s: %w", what, errNoImage)
}
