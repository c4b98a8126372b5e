package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// labels returns the image's OCI labels.
func (r *release) labels(p product) map[string]string {
	base, digest, _ := strings.Cut(r.baseName, "@")
	const oci = "org.opencontainers.image."
	return map[string]string{
		oci + "title": p.name, oci + "description": p.title, oci + "licenses": "Apache-2.0",
		oci + "source": "https://github.com/" + r.o.Home, oci + "revision": r.source.id, oci + "version": r.o.Version,
		oci + "created":   r.source.time.Format(time.RFC3339),
		oci + "base.name": base, oci + "base.digest": digest,
	}
}

// searchPath is the only part of the base's environment that is kept.
func searchPath(env []string) []string {
	for _, kv := range env {
		if strings.HasPrefix(kv, "PATH=") {
			return []string{kv}
		}
	}
	return []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
}

// ociType is a layer's media type in an OCI manifest. The bytes are the same as in
// Docker's format.
func ociType(l v1.Layer) (types.MediaType, error) {
	kind, err := l.MediaType()
	if err != nil {
		return "", err
	}
	switch kind {
	case types.DockerLayer, types.OCILayer:
		return types.OCILayer, nil
	case types.DockerUncompressedLayer, types.OCIUncompressedLayer:
		return types.OCIUncompressedLayer, nil
	case types.OCILayerZStd:
		return kind, nil
	}
	return "", fmt.Errorf("a layer of the base has the media type %s, which registries may not store: use another base", kind)
}

// result is the JSON result, for later workflow steps.
type result struct {
	Version  string            `json:"version"`
	Source   string            `json:"source"`
	Release  string            `json:"release,omitempty"`  // commit that the tag names
	Starters string            `json:"starters,omitempty"` // commit on top of it
	Images   map[string]string `json:"images"`             // name in the registry to digest
}

func (r *release) result() result {
	out := result{Version: r.o.Version, Source: r.source.id, Release: r.pinned, Starters: r.starters, Images: map[string]string{}}
	for _, i := range r.images {
		out.Images[r.o.image(i.product)] = i.digest
	}
	return out
}

// expected checks that an earlier run, on another machine, built the same images.
func (r *release) expected() error {
	if r.o.Expect == "" {
		return nil
	}
	text, err := os.ReadFile(r.o.Expect)
	if err != nil {
		return err
	}
	var before result
	if err := json.Unmarshal(text, &before); err != nil {
		return fmt.Errorf("cannot read %s: %w", r.o.Expect, err)
	}
	now := r.result()
	var problems []error
	if before.Version != now.Version || before.Source != now.Source {
		problems = append(problems, fmt.Errorf("the file describes %s of %s", before.Version, before.Source))
	}
	for name, digest := range now.Images {
		if before.Images[name] != digest {
			problems = append(problems, fmt.Errorf("the digest of %s was %q and is now %s: the build is not reproducible", name, before.Images[name], digest))
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("%s: %w", r.o.Expect, errors.Join(problems...))
	}
	return nil
}
