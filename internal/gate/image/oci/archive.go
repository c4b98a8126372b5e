package oci

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// archive opens the files of a tar in place, by their offset. The tarball package of
// go-containerregistry searches the whole tar again for every layer, has no limits, and
// ignores layers that the configuration does not list.
type archive struct {
	*os.File
	places map[string]place
}

type place struct {
	from, size int64
	link       string
}

// openArchive opens a tar with an OCI layout or the output of docker save.
func openArchive(where, temp string) (*archive, error) {
	file, err := openTar(where, temp)
	if err != nil {
		return nil, err
	}
	a := &archive{file, map[string]place{}}
	if err := a.list(); err != nil {
		file.Close()
		return nil, err
	}
	return a, nil
}

// openTar opens a tar. It unpacks one that is compressed as a whole, because its files are
// not read in order.
func openTar(where, temp string) (*os.File, error) {
	file, err := os.Open(where)
	if err != nil {
		return nil, err
	}
	var head [2]byte
	if _, err := file.ReadAt(head[:], 0); err != nil || string(head[:]) != gzipMagic {
		return file, nil // not compressed, or too short to be a tar
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	out, err := os.CreateTemp(temp, "tar-")
	if err != nil {
		return nil, err
	}
	n, err := io.Copy(out, io.LimitReader(plain, maxUncompressed+1))
	if err == nil && n > maxUncompressed {
		err = ErrTooLarge
	}
	if err != nil {
		out.Close()
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return out, nil
}

// list notes the places of all files.
func (a *archive) list() error {
	text := io.NewSectionReader(a, 0, math.MaxInt64)
	files := tar.NewReader(text)
	for len(a.places) < maxEntries {
		header, err := files.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		from, err := text.Seek(0, io.SeekCurrent) // tar.Reader does not read ahead
		if err != nil {
			return err
		}
		name := path.Clean(header.Name)
		switch header.Typeflag {
		case tar.TypeReg:
			a.places[name] = place{from: from, size: header.Size}
		case tar.TypeSymlink:
			a.places[name] = place{link: path.Join(path.Dir(name), header.Linkname)}
		case tar.TypeLink:
			a.places[name] = place{link: path.Clean(header.Linkname)}
		}
	}
	return fmt.Errorf("%w: more than %d files", ErrTooLarge, maxEntries)
}

// open opens a file of the archive. It follows up to three links, because older
// versions of Docker replace equal layers with links.
func (a *archive) open(name string) (io.ReadCloser, error) {
	name = path.Clean(name)
	for range 4 {
		p, ok := a.places[name]
		if !ok {
			break
		}
		if p.link == "" {
			return io.NopCloser(io.NewSectionReader(a.File, p.from, p.size)), nil
		}
		name = p.link
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (a *archive) manifest(d v1.Descriptor) ([]byte, error) { return blob(a, d, maxManifest) }

// saved loads the image of docker save. Its name is the image id that Docker shows.
func (i *Image) saved(b blobs, digest string) error {
	text, err := readAll(b, "manifest.json", maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: it has neither %s nor manifest.json", errNoImage, indexFile)
	}
	if err != nil {
		return err
	}
	var list tarball.Manifest
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("cannot read manifest.json: %w", err)
	}
	if len(list) != 1 {
		return fmt.Errorf("the archive contains %d images: save a single one", len(list))
	}
	config, err := readAll(b, list[0].Config, maxConfig)
	if err != nil {
		return err
	}
	id, _, err := v1.SHA256(bytes.NewReader(config))
	if err != nil {
		return err
	}
	if digest != "" && digest != id.String() {
		return fmt.Errorf("%s: %w", digest, errNoImage)
	}
	i.Name += "@" + id.String()
	return i.add(config, len(list[0].Layers), func(n int) (io.ReadCloser, error) { return b.open(list[0].Layers[n]) })
}
