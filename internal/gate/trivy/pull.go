package trivy

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/zstd"
)

// image is what a reference leads to.
type image struct {
	name   string // with the digest that it stands for
	layers []layer
	close  func() error
}

type layer struct {
	diffID string // sha256:… of what it unpacks to
	open   func() (io.ReadCloser, error)
}

const maxConfig = 16 << 20

// pull finds the image: below a path, in a tar, else in a registry.
func pull(ctx context.Context, ref, platform, temp string, offline bool) (*image, error) {
	want, err := v1.ParsePlatform(platform)
	if err != nil {
		return nil, fmt.Errorf("parse platform %s: %w", platform, err)
	}
	where, digest, _ := strings.Cut(strings.TrimPrefix(ref, "oci:"), "@")
	info, err := os.Stat(where)
	switch {
	case err == nil && info.Mode().IsRegular():
		return pullTar(where, digest, *want, temp)
	case err == nil && info.IsDir() && (strings.HasPrefix(ref, "oci:") || exists(filepath.Join(where, indexFile))):
		root, err := os.OpenRoot(where)
		if err != nil {
			return nil, err
		}
		img, err := pullLayout(folder{root}, digest, *want)
		if err != nil {
			root.Close()
			return nil, err
		}
		img.name, img.close = ref+img.name, root.Close
		return img, nil
	case strings.HasPrefix(ref, "oci:"):
		return nil, fmt.Errorf("%s: %w", where, cmp.Or(err, errNoImage))
	case offline:
		return nil, fmt.Errorf("%s is no file here, and registries are not asked offline", ref)
	}
	return pullRegistry(ctx, ref, *want)
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// pullRegistry asks the registry. Layers that lie elsewhere are refused: nothing but
// the registry is asked.
func pullRegistry(ctx context.Context, text string, want v1.Platform) (*image, error) {
	ref, err := name.ParseReference(text)
	if err != nil {
		return nil, err
	}
	found, err := remote.Get(ref, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithPlatform(want))
	if err != nil {
		return nil, err
	}
	if !found.MediaType.IsIndex() && !found.MediaType.IsImage() {
		return nil, fmt.Errorf("%s is no image but %s", text, found.MediaType)
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
	raw, err := img.RawConfigFile()
	if err != nil {
		return nil, err
	}
	out := &image{name: ref.Name(), close: func() error { return nil }}
	if !strings.Contains(out.name, "@") {
		out.name += "@" + found.Digest.String()
	}
	return out, out.add(raw, len(manifest.Layers), func(i int) (io.ReadCloser, error) {
		l, err := img.LayerByDigest(manifest.Layers[i].Digest)
		if err != nil {
			return nil, err
		}
		return l.Compressed()
	})
}

// checkManifest refuses what is no image, or lies about what can be read.
func checkManifest(m *v1.Manifest) error {
	if !slices.Contains([]types.MediaType{types.OCIConfigJSON, types.DockerConfigJSON}, m.Config.MediaType) {
		return fmt.Errorf("it is no image but %s", cmp.Or(string(m.Config.MediaType), "of no stated type"))
	}
	if m.Config.Size > maxConfig || m.Config.Size < 0 {
		return fmt.Errorf("read its configuration: %w", errTooLarge)
	}
	for _, l := range m.Layers {
		if len(l.URLs) > 0 || !l.MediaType.IsDistributable() {
			return fmt.Errorf("its layer %s lies in another place than the image", l.Digest)
		}
		if l.Digest.Algorithm != "sha256" {
			return fmt.Errorf("its layer %s is not named by sha256", l.Digest)
		}
	}
	return nil
}

// add takes the layers from the configuration, which names what each unpacks to.
func (i *image) add(config []byte, layers int, open func(int) (io.ReadCloser, error)) error {
	var c struct {
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		} `json:"rootfs"`
	}
	if err := json.Unmarshal(config, &c); err != nil {
		return fmt.Errorf("read its configuration: %w", err)
	}
	if len(c.RootFS.DiffIDs) != layers {
		return fmt.Errorf("it has %d layers, and its configuration names %d", layers, len(c.RootFS.DiffIDs))
	}
	if layers == 0 {
		return errors.New("it has no layers")
	}
	for n, id := range c.RootFS.DiffIDs {
		i.layers = append(i.layers, layer{id, func() (io.ReadCloser, error) { return open(n) }})
	}
	return nil
}

// unpack undoes the compression, whatever the manifest calls it.
func unpack(r io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	head, err := buffered.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b:
		return gzip.NewReader(buffered)
	case string(head) == "\x28\xb5\x2f\xfd":
		d, err := zstd.NewReader(buffered, zstd.WithDecoderMaxWindow(128<<20), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return io.NopCloser(buffered), nil
}
