package oci

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// archive opens the files of a tar in place, by their offset. The tarball package of
// go-containerregistry searches the whole tar again for every layer, and compresses the
// layers that are not compressed.
type archive struct {
	*os.File
	places map[string]place
}

type place struct {
	from, size int64
	link       string
}

// openArchive opens a tar with an OCI layout or, without a layout, the output of docker
// save.
func openArchive(where, digest string, want v1.Platform, temp string) (*Image, error) {
	file, err := openTar(where, temp)
	if err != nil {
		return nil, err
	}
	a := &archive{file, map[string]place{}}
	img, err := a.image(digest, want)
	if err != nil {
		file.Close()
		return nil, err
	}
	img.Name, img.close = path.Base(where)+img.Name, file.Close
	return img, nil
}

// openTar unpacks a tar that is compressed as a whole, because its files are not read
// in order.
func openTar(where, temp string) (*os.File, error) {
	file, err := os.Open(where)
	if err != nil {
		return nil, err
	}
	head, _ := bufio.NewReader(io.NewSectionReader(file, 0, 2)).Peek(2)
	if string(head) != "\x1f\x8b" {
		return file, nil
	}
	defer file.Close()
	plain, err := gzip.NewReader(bufio.NewReader(file))
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
	if err == nil {
		_, err = out.Seek(0, io.SeekStart)
	}
	if err != nil {
		out.Close()
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return out, nil
}

func (a *archive) image(digest string, want v1.Platform) (*Image, error) {
	files := tar.NewReader(a.File)
	for len(a.places) < maxEntries {
		header, err := files.Next()
		if err == io.EOF {
			if _, ok := a.places[indexFile]; ok {
				return openLayout(a, digest, want)
			}
			return a.saved()
		}
		if err != nil {
			return nil, err
		}
		from, err := a.Seek(0, io.SeekCurrent) // tar.Reader does not read ahead
		if err != nil {
			return nil, err
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
	return nil, fmt.Errorf("%w: more than %d files", ErrTooLarge, maxEntries)
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

// saved opens the image of docker save. Its name is the image id that Docker shows.
func (a *archive) saved() (*Image, error) {
	text, err := readAll(a, "manifest.json", maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoImage
	}
	if err != nil {
		return nil, err
	}
	var list tarball.Manifest
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("cannot read manifest.json: %w", err)
	}
	if len(list) != 1 {
		return nil, fmt.Errorf("the archive contains %d images: save a single one", len(list))
	}
	config, err := readAll(a, list[0].Config, maxConfig)
	if err != nil {
		return nil, err
	}
	id, _, err := v1.SHA256(bytes.NewReader(config))
	if err != nil {
		return nil, err
	}
	img := &Image{Name: "@" + id.String()}
	return img, img.add(config, len(list[0].Layers), func(i int) (io.ReadCloser, error) { return a.open(list[0].Layers[i]) })
}
