package oci

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// pull opens an image in a registry. Only that registry is contacted: an image with
// layers stored elsewhere is refused.
func pull(ctx context.Context, text string, want v1.Platform) (*Image, error) {
	ref, err := name.ParseReference(text)
	if err != nil {
		return nil, err
	}
	found, err := remote.Get(ref, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithPlatform(want))
	if err != nil {
		return nil, err
	}
	if !found.MediaType.IsIndex() && !found.MediaType.IsImage() {
		return nil, fmt.Errorf("%s is not an image: the manifest has the type %q", text, found.MediaType)
	}
	img, err := found.Image()
	if err != nil {
		return nil, err
	}
	manifest, err := img.Manifest()
	if err != nil {
		return nil, err
	}
	if err := checkManifest(manifest); err != nil {
		return nil, err
	}
	config, err := img.RawConfigFile()
	if err != nil {
		return nil, err
	}
	out := &Image{Name: ref.Name()}
	if !strings.Contains(out.Name, "@") {
		out.Name += "@" + found.Digest.String()
	}
	return out, out.add(config, len(manifest.Layers), func(i int) (io.ReadCloser, error) {
		l, err := img.LayerByDigest(manifest.Layers[i].Digest)
		if err != nil {
			return nil, err
		}
		return l.Compressed()
	})
}
