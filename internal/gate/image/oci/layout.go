package oci

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	indexFile = "index.json"
	imageName = "org.opencontainers.image.ref.name" // annotation: the tag
)

// parseIndex returns the images and indexes that an index lists, without attestations,
// which are listed as images.
func parseIndex(text []byte, err error) ([]v1.Descriptor, error) {
	if err != nil {
		return nil, err
	}
	list, err := v1.ParseIndexManifest(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("cannot read the index of the layout: %w", err)
	}
	return slices.DeleteFunc(list.Manifests, func(d v1.Descriptor) bool { return d.Annotations["vnd.docker.reference.type"] != "" }), nil
}

// choose returns the image with the digest, otherwise the one for the platform,
// otherwise the only one. Nested indexes are searched last, while any are left to read.
func choose(b blobs, all []v1.Descriptor, digest string, want v1.Platform, left *int) (v1.Descriptor, error) {
	*left--
	var has []string
	for _, d := range all {
		if platform := "an image without a platform"; !d.MediaType.IsIndex() {
			if d.Platform != nil {
				platform = d.Platform.String()
			}
			has = append(has, platform)
		}
	}
	none := fmt.Errorf("%s: %w", cmp.Or(digest, want.String()), errNoImage)
	if len(has) > 0 {
		none = fmt.Errorf("%w; it has %s: name one by its digest (@sha256:…)", none, strings.Join(has[:min(len(has), 8)], ", "))
	}
	if i := slices.IndexFunc(all, func(d v1.Descriptor) bool { return d.Digest.String() == digest }); i >= 0 {
		all, digest = all[i:i+1], ""
	}
	for i, d := range all {
		if digest != "" || d.MediaType.IsIndex() || len(all) > 1 && (d.Platform == nil || !d.Platform.Satisfies(want)) {
			continue
		}
		if slices.ContainsFunc(all[i+1:], func(o v1.Descriptor) bool {
			return d.Digest != o.Digest && d.Annotations[imageName] != o.Annotations[imageName] && o.Platform != nil && o.Platform.Satisfies(want)
		}) {
			return d, fmt.Errorf("it contains several images for %s: name one by its digest (@sha256:…)", want.String())
		}
		if !d.MediaType.IsImage() && d.MediaType != "" {
			return d, fmt.Errorf("not an image: the manifest has the type %q", d.MediaType)
		}
		return d, nil
	}
	for _, d := range all {
		if !d.MediaType.IsIndex() || *left == 0 {
			continue
		}
		inner, err := parseIndex(b.manifest(d))
		if err != nil {
			return v1.Descriptor{}, err
		}
		if found, err := choose(b, inner, digest, want, left); !errors.Is(err, errNoImage) {
			return found, err
		}
	}
	return v1.Descriptor{}, none
}
