package database

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"time"

	"github.com/klauspost/compress/gzip"
)

// metadata is trivy's metadata.json.
type metadata struct {
	Version      int `json:",omitempty"`
	NextUpdate   time.Time
	UpdatedAt    time.Time
	DownloadedAt time.Time
}

func readMetadata(root *os.Root, name string) (metadata, error) {
	text, err := readSmall(root, name)
	if err != nil {
		return metadata{}, err
	}
	return parseMetadata(text)
}

func parseMetadata(text []byte) (m metadata, err error) {
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("cannot parse metadata.json: %w", err)
	}
	if m.UpdatedAt.IsZero() {
		return m, errors.New("metadata.json does not state when the database was made")
	}
	return m, nil
}

// unpack writes the database and its metadata from the layer. The layer is read and
// verified completely before the first file is renamed.
func (u *update) unpack(ctx context.Context, layer *meter, want shape, s, have *Source) error {
	k, _ := kindOf(want.name)
	meta := path.Join(path.Dir(k.path), "metadata.json")
	f, err := create(u.root, k.path)
	if err != nil {
		return err
	}
	defer func() {
		f.Close()
		_ = u.root.Remove(part(k.path)) // left only if the download failed
	}()
	text, err := u.untar(ctx, layer, want, f, s)
	if err != nil {
		return err
	}
	m, err := parseMetadata(text)
	if err != nil {
		return broken(err)
	}
	if m.Version != want.schema {
		return &refusedError{fmt.Sprintf("the database has schema %d instead of %d", m.Version, want.schema)}
	}
	if err := s.date(m.UpdatedAt, have); err != nil {
		return err
	}
	// trivy treats a database without this time as damaged.
	m.DownloadedAt = s.Fetched
	if text, err = json.Marshal(m); err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := finish(u.root, k.path); err != nil {
		return err
	}
	return put(u.root, meta, func(f *os.File) error {
		_, err := f.Write(text)
		return err
	})
}

// untar writes the database to f and returns metadata.json. A layer with any other file
// is refused.
func (u *update) untar(ctx context.Context, layer *meter, want shape, f *os.File, s *Source) ([]byte, error) {
	zipped, err := gzip.NewReader(layer)
	if err != nil {
		return nil, badLayer(err, layer)
	}
	defer zipped.Close()
	const around = 1 << 20 // headers, padding, metadata.json
	plain := &io.LimitedReader{R: zipped, N: want.largest + around}
	files := tar.NewReader(plain)
	var meta []byte
	for {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, badLayer(err, layer)
		}
		switch name := path.Clean(h.Name); {
		case h.Typeflag == tar.TypeDir && name == ".":
		case h.Typeflag == tar.TypeReg && name == "metadata.json" && meta == nil:
			if meta, err = io.ReadAll(io.LimitReader(files, maxSource+1)); err == nil && len(meta) > maxSource {
				err = broken(fmt.Errorf("metadata.json has more than %d bytes", maxSource))
			}
		case h.Typeflag == tar.TypeReg && name == want.file && s.Digest == "":
			if h.Size > want.largest {
				return nil, broken(fmt.Errorf("%s has %d bytes, more than the limit of %d", name, h.Size, want.largest))
			}
			sum := sha256.New()
			if s.Size, err = io.Copy(io.MultiWriter(f, sum), files); err == nil {
				s.Digest = "sha256:" + hex.EncodeToString(sum.Sum(nil))
			}
		default:
			return nil, broken(fmt.Errorf("the layer contains %.100q (%c): only one %s and one metadata.json are allowed", h.Name, h.Typeflag, want.file))
		}
		if err != nil {
			return nil, badLayer(err, layer)
		}
	}
	if err := errors.Join(drain(plain, around), drain(layer, around)); err != nil {
		return nil, badLayer(err, layer)
	}
	head := make([]byte, len(want.magic))
	if _, err := f.ReadAt(head, want.offset); s.Digest == "" || err != nil || string(head) != want.magic {
		return nil, broken(fmt.Errorf("the layer has no usable %s", want.file))
	}
	if meta == nil {
		return nil, broken(errors.New("the layer has no metadata.json"))
	}
	return meta, nil
}

// badLayer classifies an error of reading a layer. It returns the download's error if
// the layer is incomplete or does not match its digest, and otherwise a brokenError.
func badLayer(err error, layer *meter) error {
	switch {
	case ours(err):
		return err
	case layer.err != nil:
		return layer.err
	}
	return broken(err)
}
