package oci

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Layer is one layer of an image.
type Layer struct {
	DiffID string                        // sha256:… of the unpacked content
	Packed func() (io.ReadCloser, error) // opens the content as it is stored
}

// Open returns the unpacked content. The last read returns an error if the content does
// not match DiffID.
func (l Layer) Open() (io.ReadCloser, error) {
	packed, err := l.Packed()
	if err != nil {
		return nil, err
	}
	plain, err := unpack(packed)
	if err != nil {
		return nil, errors.Join(err, packed.Close())
	}
	return &verified{plain: plain, packed: packed, sum: sha256.New(), want: l.DiffID}, nil
}

// verified compares the content with a digest when the content ends.
type verified struct {
	plain, packed io.ReadCloser
	sum           hash.Hash
	want          string
}

func (v *verified) Read(p []byte) (int, error) {
	n, err := v.plain.Read(p)
	v.sum.Write(p[:n])
	if err == io.EOF {
		if got := "sha256:" + hex.EncodeToString(v.sum.Sum(nil)); got != v.want {
			return n, fmt.Errorf("the layer has the digest %s, but the image lists %s", got, v.want)
		}
	}
	return n, err
}

func (v *verified) Close() error { return errors.Join(v.plain.Close(), v.packed.Close()) }

const gzipMagic = "\x1f\x8b"

// unpack detects the compression from the content, because a manifest may state another
// one. It limits the memory of zstd, which go-containerregistry does not.
func unpack(r io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	head, err := buffered.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte(gzipMagic)):
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
