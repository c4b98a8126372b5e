// Package oci opens container images from registries, OCI layouts and archives, and
// reads only the parts that the caller needs.
package oci

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Limits on the metadata of an image. The caller limits how much it reads from layers.
const (
	maxConfig       = 16 << 20
	maxManifest     = 4 << 20
	maxIndexes      = 64       // of all levels together
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
func (i *Image) Close() error { return i.close() }

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
	_, other := os.Stat(filepath.Join(where, indexFile)) // an error for a folder of something else
	switch {
	case err == nil && info.Mode().IsRegular():
		a, err := openArchive(where, o.Temp)
		if err != nil {
			return nil, err
		}
		return openFiles(a, filepath.Base(where), digest, *want)
	case err == nil && info.IsDir() && (strings.HasPrefix(ref, "oci:") || other == nil):
		root, err := os.OpenRoot(where)
		if err != nil {
			return nil, err
		}
		return openFiles(folder{root}, ref, digest, *want)
	case strings.HasPrefix(ref, "oci:"):
		return nil, fmt.Errorf("%s: %w", where, cmp.Or(err, errNoImage))
	case o.Offline:
		return nil, fmt.Errorf("%s is not a local file, and registries are not contacted offline", ref)
	}
	return pull(ctx, ref, *want)
}

// openFiles opens the image of an OCI layout or, without a layout, of docker save.
func openFiles(b interface {
	blobs
	io.Closer
}, name, digest string, want v1.Platform) (*Image, error) {
	img := &Image{Name: name, close: b.Close}
	all, err := parseIndex(readAll(b, indexFile, maxManifest))
	switch {
	case err == nil:
		err = img.load(b, all, digest, want)
	case errors.Is(err, fs.ErrNotExist):
		err = img.saved(b, digest)
	}
	if err != nil {
		b.Close()
		return nil, err
	}
	return img, nil
}

// load finds the image among the listed ones and adds its layers. An artifact that is not
// an image is an error, and so are layers that cannot be verified.
func (i *Image) load(b blobs, all []v1.Descriptor, digest string, want v1.Platform) error {
	left := maxIndexes
	found, err := choose(b, all, digest, want, &left)
	if err != nil {
		return err
	}
	text, err := b.manifest(found)
	if err != nil {
		return err
	}
	m, err := v1.ParseManifest(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("cannot read manifest %s: %w", found.Digest, err)
	}
	if !m.Config.MediaType.IsConfig() {
		return fmt.Errorf("not an image: the configuration has the type %q", m.Config.MediaType)
	}
	for _, l := range m.Layers {
		if len(l.URLs) > 0 || !l.MediaType.IsDistributable() {
			return fmt.Errorf("layer %s is stored outside the image", l.Digest)
		}
	}
	if !strings.Contains(i.Name, "@") {
		i.Name += "@" + found.Digest.String()
	}
	config, err := blob(b, m.Config, maxConfig)
	if err != nil {
		return err
	}
	return i.add(config, len(m.Layers), func(n int) (io.ReadCloser, error) { return b.open(blobName(m.Layers[n].Digest)) })
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
