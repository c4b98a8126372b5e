package oci

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// blobs gives access to the parts of an image. The layout package of
// go-containerregistry reads no archives, has no limits, verifies no digest, and follows
// links out of a folder.
type blobs interface {
	open(name string) (io.ReadCloser, error)
	manifest(v1.Descriptor) ([]byte, error) // of an image or an index, verified
}

// folder opens regular files only, and follows no link that leads out of it.
type folder struct{ *os.Root }

func (f folder) open(name string) (io.ReadCloser, error) {
	info, err := f.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	return f.Open(name)
}

func (f folder) manifest(d v1.Descriptor) ([]byte, error) { return blob(f, d, maxManifest) }

func readAll(b blobs, name string, limit int64) ([]byte, error) {
	file, err := b.open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("cannot read %s: %w", name, ErrTooLarge)
	}
	return text, err
}

// blobName is the path of a blob. Decoding a v1.Hash has checked that it is hexadecimal.
func blobName(h v1.Hash) string { return "blobs/" + h.Algorithm + "/" + h.Hex }

// blob reads the content that a descriptor names and verifies its digest.
func blob(b blobs, d v1.Descriptor, limit int64) ([]byte, error) {
	text, err := readAll(b, blobName(d.Digest), limit)
	if err != nil {
		return nil, err
	}
	if got, _, err := v1.SHA256(bytes.NewReader(text)); err != nil || got != d.Digest {
		return nil, fmt.Errorf("the content of %s does not match its digest", blobName(d.Digest))
	}
	return text, nil
}
