package artifact

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
)

// layer is a compressed layer in a scratch file. Its digests are computed while it is
// written.
type layer struct {
	path           string
	digest, diffID v1.Hash
	size           int64
}

func (l *layer) Digest() (v1.Hash, error)             { return l.digest, nil }
func (l *layer) DiffID() (v1.Hash, error)             { return l.diffID, nil }
func (l *layer) Size() (int64, error)                 { return l.size, nil }
func (l *layer) MediaType() (types.MediaType, error)  { return types.OCILayer, nil }
func (l *layer) Compressed() (io.ReadCloser, error)   { return os.Open(l.path) }
func (l *layer) Uncompressed() (io.ReadCloser, error) { return l.uncompressed() }
func (l *layer) Close() error                         { return os.Remove(l.path) }

func (l *layer) uncompressed() (io.ReadCloser, error) {
	f, err := os.Open(l.path)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{z, f}, nil
}

// writeLayer writes entries as a gzipped tar. The compressor is a dependency pinned in
// go.mod, because a new release of Go could change the output of the standard library's
// compressor, and so the digest.
func writeLayer(ctx context.Context, root *os.Root, entries []entry, o PackOptions) (_ *layer, err error) {
	f, err := os.CreateTemp(o.Scratch, "layer-*.tar.gz")
	if err != nil {
		return nil, err
	}
	l := &layer{path: f.Name()}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			os.Remove(l.path)
		}
	}()
	compressed, raw := sha256.New(), sha256.New()
	counted := &counter{w: io.MultiWriter(f, compressed)}
	level := gzip.BestSpeed
	if o.Small {
		level = gzip.BestCompression
	}
	z, err := gzip.NewWriterLevel(counted, level)
	if err != nil {
		return nil, err
	}
	t := tar.NewWriter(io.MultiWriter(z, raw))
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := e.write(t, root); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(t.Close(), z.Close()); err != nil {
		return nil, err
	}
	l.size, l.digest, l.diffID = counted.n, sum(compressed), sum(raw)
	return l, nil
}

// epoch replaces every modification time, so that the digest does not depend on the time
// of the build.
var epoch = time.Unix(0, 0).UTC()

func (e entry) write(t *tar.Writer, root *os.Root) error {
	h := &tar.Header{Name: e.name, Mode: 0o644, ModTime: epoch, Format: tar.FormatPAX}
	switch mode := e.Mode(); {
	case mode.IsDir():
		h.Typeflag, h.Name, h.Mode = tar.TypeDir, e.name+"/", 0o755
	case mode&fs.ModeSymlink != 0:
		h.Typeflag, h.Linkname, h.Mode = tar.TypeSymlink, e.link, 0o777
	default:
		h.Typeflag, h.Size = tar.TypeReg, e.Size()
		if mode&0o111 != 0 {
			h.Mode = 0o755
		}
	}
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	if h.Typeflag != tar.TypeReg {
		return nil
	}
	f, err := root.Open(e.name)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.Copy(t, f)
	if errors.Is(err, tar.ErrWriteTooLong) || err == nil && n != h.Size {
		return fmt.Errorf("%s changed while goldenpath read it: run again", e.name)
	}
	return err
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

func sum(h hash.Hash) v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(h.Sum(nil))}
}
