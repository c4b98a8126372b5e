package oci

import (
	"context"
	"io"
	"path"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// repository is a repository in a registry. The library verifies every digest, and no
// other registry is contacted: an image with layers stored elsewhere is refused.
type repository struct {
	ctx context.Context
	*remote.Puller
	name.Repository
	root *remote.Descriptor // what the reference names
}

// pull opens an image in a registry. Choosing for a platform is not left to
// go-containerregistry: it takes a manifest without a platform for linux/amd64.
func pull(ctx context.Context, text string, want v1.Platform) (*Image, error) {
	ref, err := name.ParseReference(text)
	if err != nil {
		return nil, err
	}
	puller, err := remote.NewPuller(remote.WithAuthFromKeychain(authn.DefaultKeychain))
	if err != nil {
		return nil, err
	}
	found, err := puller.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	img := &Image{Name: ref.Name(), close: func() error { return nil }}
	if !strings.Contains(img.Name, "@") {
		img.Name += "@" + found.Digest.String()
	}
	return img, img.load(repository{ctx, puller, ref.Context(), found}, []v1.Descriptor{found.Descriptor}, "", want)
}

func (r repository) manifest(d v1.Descriptor) ([]byte, error) {
	if d.Digest == r.root.Digest {
		return r.root.Manifest, nil
	}
	found, err := r.Get(r.ctx, r.Digest(d.Digest.String()))
	if err != nil {
		return nil, err
	}
	return found.Manifest, nil
}

func (r repository) open(blob string) (io.ReadCloser, error) {
	layer, err := r.Layer(r.ctx, r.Digest("sha256:"+path.Base(blob)))
	if err != nil {
		return nil, err
	}
	return layer.Compressed()
}
