package trivy

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// archived are the files of a tar, found by their places.
type archived struct {
	*os.File
	places map[string]place
}

type place struct {
	from, size int64
	link       string
}

const maxEntries = 100_000

// pullTar reads an OCI layout in a tar, else what docker save writes.
func pullTar(where, digest string, want v1.Platform, temp string) (*image, error) {
	file, err := openTar(where, temp)
	if err != nil {
		return nil, err
	}
	t := &archived{file, map[string]place{}}
	img, err := t.image(digest, want)
	if err != nil {
		file.Close()
		return nil, err
	}
	img.name, img.close = path.Base(where)+img.name, file.Close
	return img, nil
}

// openTar unpacks a tar that is compressed as a whole: its layers are read out of
// order.
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
	n, err := io.Copy(out, io.LimitReader(plain, maxUnpacked+1))
	if err == nil && n > maxUnpacked {
		err = errTooLarge
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

func (t *archived) image(digest string, want v1.Platform) (*image, error) {
	files := tar.NewReader(t.File)
	for len(t.places) < maxEntries {
		header, err := files.Next()
		if err == io.EOF {
			if _, ok := t.places[indexFile]; ok {
				return pullLayout(t, digest, want)
			}
			return t.saved()
		}
		if err != nil {
			return nil, err
		}
		from, err := t.Seek(0, io.SeekCurrent) // the reader of tar does not read ahead
		if err != nil {
			return nil, err
		}
		name := path.Clean(header.Name)
		switch header.Typeflag {
		case tar.TypeReg:
			t.places[name] = place{from: from, size: header.Size}
		case tar.TypeSymlink:
			t.places[name] = place{link: path.Join(path.Dir(name), header.Linkname)}
		case tar.TypeLink:
			t.places[name] = place{link: path.Clean(header.Linkname)}
		}
	}
	return nil, fmt.Errorf("%w: more than %d files", errTooLarge, maxEntries)
}

// open follows a link, of which older versions of docker make use, a few times.
func (t *archived) open(name string) (io.ReadCloser, error) {
	name = path.Clean(name)
	for range 4 {
		p, ok := t.places[name]
		if !ok {
			break
		}
		if p.link == "" {
			return io.NopCloser(io.NewSectionReader(t.File, p.from, p.size)), nil
		}
		name = p.link
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// saved is the image of docker save.
func (t *archived) saved() (*image, error) {
	text, err := readBlob(t, "manifest.json", maxManifests)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoImage
	}
	if err != nil {
		return nil, err
	}
	var list []struct {
		Config string
		Layers []string
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("read manifest.json: %w", err)
	}
	if len(list) != 1 {
		return nil, fmt.Errorf("it holds %d images: save one", len(list))
	}
	config, err := readBlob(t, list[0].Config, maxConfig)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(config)
	img := &image{name: "@sha256:" + hex.EncodeToString(sum[:])} // the id that docker gives it
	return img, img.add(config, len(list[0].Layers), func(i int) (io.ReadCloser, error) { return t.open(list[0].Layers[i]) })
}
