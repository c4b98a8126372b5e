package artifact

import (
	"context"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// maxReferrer bounds the payload of one referrer, in bytes. A predicate of GitHub's
// attestations has at most 16 MB.
const maxReferrer = 16 << 20

// Attach stores a payload beside an image, as a manifest whose subject is the image and
// whose artifact type is mediaType. If the same payload is already attached, nothing
// changes.
func (p *Repository) Attach(ctx context.Context, subject, mediaType string, payload []byte, annotations map[string]string) error {
	end, err := p.begin()
	if err != nil {
		return err
	}
	defer end()
	d, err := remote.Head(p.name.Digest(subject), p.with(ctx)...)
	if err != nil {
		return p.explain(subject, err)
	}
	img := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	// The config's media type is the artifact type for registries that know
	// OCI 1.0 only.
	img = mutate.ConfigMediaType(img, types.MediaType(mediaType))
	if img, err = mutate.AppendLayers(img, static.NewLayer(payload, types.MediaType(mediaType))); err != nil {
		return err
	}
	img = mutate.Annotations(img, annotations).(v1.Image)
	img = mutate.Subject(img, v1.Descriptor{MediaType: d.MediaType, Size: d.Size, Digest: d.Digest}).(v1.Image)
	digest, err := img.Digest()
	if err != nil {
		return err
	}
	if err := remote.Write(p.name.Digest(digest.String()), img, p.with(ctx)...); err != nil {
		return fmt.Errorf("cannot attach %s to %s@%s: %w", mediaType, p, subject, err)
	}
	return nil
}

// Referrers returns the payloads of one media type stored beside an image.
func (p *Repository) Referrers(ctx context.Context, subject, mediaType string) ([][]byte, error) {
	end, err := p.begin()
	if err != nil {
		return nil, err
	}
	defer end()
	index, err := remote.Referrers(p.name.Digest(subject), append(p.with(ctx), remote.WithFilter("artifactType", mediaType))...)
	if err != nil {
		return nil, p.explain(subject, err)
	}
	m, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for _, d := range m.Manifests {
		if d.ArtifactType != mediaType {
			continue
		}
		img, err := remote.Image(p.name.Digest(d.Digest.String()), p.with(ctx)...)
		if err != nil {
			return nil, p.explain(d.Digest.String(), err)
		}
		b, err := payload(img)
		if err != nil {
			return nil, p.explain(d.Digest.String(), err)
		}
		all = append(all, b)
	}
	return all, nil
}

func payload(img v1.Image) ([]byte, error) {
	layers, err := img.Layers()
	if err != nil {
		return nil, err
	}
	if len(layers) != 1 {
		return nil, fmt.Errorf("this evidence, a referrer of an image, has %d layers instead of 1: delete this digest from the registry", len(layers))
	}
	r, err := layers[0].Compressed()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, maxReferrer+1))
	if err == nil && len(b) > maxReferrer {
		err = fmt.Errorf("this evidence, a referrer of an image, is larger than %d bytes: delete this digest from the registry", maxReferrer)
	}
	return b, err
}
