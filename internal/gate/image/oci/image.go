// Package oci opens container images from registries, OCI layouts and archives, and
// reads only the parts that the caller needs.
package oci

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Limits on the metadata of an image. The caller limits how much it reads from layers.
const (
	maxConfig       = 16 << 20
	maxManifest     = 4 << 20
	maxIndexes      = 4        // nested indexes
	maxEntries      = 100_000  // files in an archive
	maxUncompressed = 10 << 30 // an archive that is compressed as a whole
)

var (
	// ErrTooLarge is the error of an image beyond the limits.
	ErrTooLarge = errors.New("too large")

	errNoImage = errors.New("no image found")
)

// Image is an open image.
type Image struct {
	Name   string // the reference with the digest it resolves to
	Layers []Layer
	close  func() error
}

// Close releases the files of the image.
func (i *Image) Close() error {
	if i.close == nil {
		return nil
	}
	return i.close()
}

// Options configure how an image is found.
type Options struct {
	Platform string // which image of an index: os/architecture
	Temp     string // folder for an archive that must be unpacked to be read
	Offline  bool   // do not contact registries
}

// Open opens the image of a reference: oci:DIR or a folder with an OCI layout, both
// optionally with @sha256:…; an archive of a layout or of docker save; otherwise an
// image in a registry.
func Open(ctx context.Context, ref string, o Options) (*Image, error) {
	want, err := v1.ParsePlatform(o.Platform)
	if err != nil {
		return nil, fmt.Errorf("cannot parse the platform %s: %w", o.Platform, err)
	}
	where, digest, _ := strings.Cut(strings.TrimPrefix(ref, "oci:"), "@")
	info, err := os.Stat(where)
	switch {
	case err == nil && info.Mode().IsRegular():
		return openArchive(where, digest, *want, o.Temp)
	case err == nil && info.IsDir() && (strings.HasPrefix(ref, "oci:") || exists(filepath.Join(where, indexFile))):
		return openFolder(ref, where, digest, *want)
	case strings.HasPrefix(ref, "oci:"):
		return nil, fmt.Errorf("%s: %w", where, cmp.Or(err, errNoImage))
	case o.Offline:
		return nil, fmt.Errorf("%s is not a local file, and registries are not contacted offline", ref)
	}
	return pull(ctx, ref, *want)
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// checkManifest returns an error for artifacts that are not images, and for manifests
// whose layers cannot be verified.
func checkManifest(m *v1.Manifest) error {
	if !slices.Contains([]types.MediaType{types.OCIConfigJSON, types.DockerConfigJSON}, m.Config.MediaType) {
		return fmt.Errorf("not an image: the configuration has the type %q", m.Config.MediaType)
	}
	if m.Config.Size > maxConfig || m.Config.Size < 0 {
		return fmt.Errorf("cannot read the image's configuration: %w", ErrTooLarge)
	}
	for _, l := range m.Layers {
		if len(l.URLs) > 0 || !l.MediaType.IsDistributable() {
			return fmt.Errorf("layer %s is stored outside the image", l.Digest)
		}
		if l.Digest.Algorithm != "sha256" {
			return fmt.Errorf("layer %s has no sha256 digest", l.Digest)
		}
	}
	return nil
}

// add adds the layers of an image. config lists the digests of their unpacked content.
func (i *Image) add(config []byte, layers int, open func(int) (io.ReadCloser, error)) error {
	var c struct {
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		} `json:"rootfs"`
	}
	if err := json.Unmarshal(config, &c); err != nil {
		return fmt.Errorf("cannot read the image's configuration: %w", err)
	}
	if len(c.RootFS.DiffIDs) != layers {
		return fmt.Errorf("the image has %d layers, but its configuration lists %d", layers, len(c.RootFS.DiffIDs))
	}
	if layers == 0 {
		return errors.New("the image has no layers")
	}
	for n, id := range c.RootFS.DiffIDs {
		i.Layers = append(i.Layers, Layer{DiffID: id, Packed: func() (io.ReadCloser, error) { return open(n) }})
	}
	return nil
}
