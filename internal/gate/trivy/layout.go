package trivy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	indexFile    = "index.json"
	maxManifests = 4 << 20
	maxIndexes   = 4 // index in an index in an index…
)

// blobs are the files of an image that is not in a registry.
type blobs interface {
	open(name string) (io.ReadCloser, error)
}

// folder does not follow a link out of itself.
type folder struct{ *os.Root }

func (f folder) open(name string) (io.ReadCloser, error) {
	file, err := f.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		file.Close()
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	return file, nil
}

func readBlob(b blobs, name string, limit int64) ([]byte, error) {
	file, err := b.open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("read %s: %w", name, errTooLarge)
	}
	return text, err
}

func blobName(h v1.Hash) (string, error) {
	// Whoever writes the index also writes the hash: it becomes a path.
	if _, err := hex.DecodeString(h.Hex); err != nil || h.Algorithm != "sha256" || len(h.Hex) != 64 {
		return "", fmt.Errorf("%q is no digest by sha256", h.String())
	}
	return "blobs/sha256/" + h.Hex, nil
}

// blob reads what the descriptor describes, and nothing else.
func blob(b blobs, d v1.Descriptor, limit int64) ([]byte, error) {
	name, err := blobName(d.Digest)
	if err != nil {
		return nil, err
	}
	text, err := readBlob(b, name, limit)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != d.Digest.Hex {
		return nil, fmt.Errorf("%s holds something else", name)
	}
	return text, nil
}

// pullLayout finds the image in an OCI layout: the one with the digest, else the one
// there is, else that of the platform.
func pullLayout(b blobs, digest string, want v1.Platform) (*image, error) {
	text, err := readBlob(b, indexFile, maxManifests)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", indexFile, err)
	}
	found, err := choose(b, text, digest, want, 0)
	if err != nil {
		return nil, err
	}
	if text, err = blob(b, found, maxManifests); err != nil {
		return nil, err
	}
	manifest, err := v1.ParseManifest(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read manifest %s: %w", found.Digest, err)
	}
	if err := checkManifest(manifest); err != nil {
		return nil, err
	}
	config, err := blob(b, manifest.Config, maxConfig)
	if err != nil {
		return nil, err
	}
	img := &image{}
	if digest == "" {
		img.name = "@" + found.Digest.String()
	}
	return img, img.add(config, len(manifest.Layers), func(i int) (io.ReadCloser, error) {
		name, err := blobName(manifest.Layers[i].Digest)
		if err != nil {
			return nil, err
		}
		return b.open(name)
	})
}

var errNoImage = errors.New("there is no image in it")

func choose(b blobs, index []byte, digest string, want v1.Platform, depth int) (v1.Descriptor, error) {
	if depth == maxIndexes {
		return v1.Descriptor{}, fmt.Errorf("too many indexes within each other: %w", errNoImage)
	}
	var list v1.IndexManifest
	if err := json.Unmarshal(index, &list); err != nil {
		return v1.Descriptor{}, fmt.Errorf("read index: %w", err)
	}
	// Attestations stand beside the images, as if they were some.
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
				text, err := blob(b, d, maxManifests)
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
					return d, fmt.Errorf("it is no image but %s", d.MediaType)
				}
				return d, nil
			}
		}
	}
	what := want.String()
	if digest != "" {
		what = digest
	}
	return v1.Descriptor{}, fmt.Errorf("%s: %w", strings.TrimSpace(what), errNoImage)
}
