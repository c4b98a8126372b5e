package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
)

// needs lists the files that the binaries require, each with its possible paths.
var needs = []struct {
	what   string
	places []string
}{
	{"git", []string{"usr/bin/git", "bin/git"}},
	{"certificates of authorities", []string{"etc/ssl/certs/ca-certificates.crt", "etc/ssl/cert.pem"}},
}

// readBase reads the base for each platform and reports its layers.
func readBase(ctx context.Context, r *release) ([]string, error) {
	reference, err := r.base(ctx)
	if err != nil {
		return nil, err
	}
	digest, err := name.NewDigest(reference)
	if err != nil {
		return nil, fmt.Errorf("base %s: %w", reference, err)
	}
	r.baseName = digest.Context().Name() + "@" + digest.DigestStr()
	registry, err := artifact.OpenRegistry("")
	if err != nil {
		return nil, err
	}
	repository, err := registry.Repository(digest.Context().Name())
	if err != nil {
		return nil, err
	}
	r.ground = map[string]v1.Image{}
	lines := []string{r.baseName}
	for _, text := range r.o.Platforms {
		platform, err := v1.ParsePlatform(text)
		if err != nil {
			return lines, err
		}
		found, err := repository.Resolve(ctx, digest.DigestStr(), *platform)
		if err != nil {
			return lines, err
		}
		if found.Digest != digest.DigestStr() {
			return lines, fmt.Errorf("base %s: the registry returned the digest %s", reference, found.Digest)
		}
		r.ground[text] = found.Image
		more, err := examine(found.Image)
		for _, line := range more {
			lines = append(lines, text+" "+line)
		}
		if err != nil {
			return lines, fmt.Errorf("base %s, %s: %w", reference, text, err)
		}
	}
	return lines, nil
}

// examine measures the layers of a base and checks that it contains what the binaries
// need.
func examine(img v1.Image) ([]string, error) {
	layers, err := img.Layers()
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	var lines []string
	for i, l := range layers {
		packed, err := l.Size()
		if err != nil {
			return lines, err
		}
		size, err := contents(l, names)
		if err != nil {
			return lines, err
		}
		lines = append(lines, fmt.Sprintf("layer %d: %s, packed %s", i+1, humanize.Bytes(uint64(size)), humanize.Bytes(uint64(packed))))
	}
	var missing []error
	for _, n := range needs {
		if !names[n.places[0]] && !names[n.places[1]] {
			missing = append(missing, fmt.Errorf("%s is missing (%s)", n.what, strings.Join(n.places, ", ")))
		}
	}
	return lines, errors.Join(missing...)
}

// contents adds up the sizes of a layer's files and records their names.
func contents(l v1.Layer, names map[string]bool) (size int64, err error) {
	r, err := l.Uncompressed()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return size, nil
		}
		if err != nil {
			return size, err
		}
		names[strings.TrimPrefix(strings.TrimPrefix(h.Name, "."), "/")] = true
		size += h.Size
	}
}
