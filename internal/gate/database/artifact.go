package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// shape describes an artifact that contains a database of trivy.
type shape struct {
	name    string
	media   types.MediaType
	file    string // name of the database in the layer
	magic   string // bytes of the file at offset
	offset  int64
	schema  int // of metadata.json, and the default tag
	largest int64
}

func trivyDB(l limits) shape {
	return shape{
		name: TrivyDB, media: "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip", file: "trivy.db", schema: 2, largest: l.trivy,
		magic: "\xed\xda\x0c\xed", offset: 16, // bbolt: the first page's meta, little-endian as trivy-db is built
	}
}

func javaDB(l limits) shape {
	return shape{
		name: TrivyJavaDB, media: "application/vnd.aquasec.trivy.javadb.layer.v1.tar+gzip", file: "trivy-java.db", schema: 1, largest: l.java,
		magic: "SQLite format 3\x00",
	}
}

// artifact downloads a database from a registry: a manifest with one layer. The library
// verifies the digest of the layer while it is read.
func (u *update) artifact(want shape) func(context.Context, string, *Source) (*Source, error) {
	return func(ctx context.Context, mirror string, have *Source) (*Source, error) {
		ref, err := name.ParseReference(mirror, name.WithDefaultTag(fmt.Sprint(want.schema)))
		if err != nil {
			return nil, &refusedError{"the mirror is not a valid image reference"}
		}
		img, err := remote.Image(ref, remote.WithContext(ctx), remote.WithTransport(u.client.Transport), remote.WithUserAgent(userAgent),
			// Retries are decided in this package.
			remote.WithRetryPredicate(func(error) bool { return false }), remote.WithRetryStatusCodes(), remote.WithRetryBackoff(remote.Backoff{Steps: 1}))
		if err != nil {
			return nil, err
		}
		digest, err := img.Digest()
		if err != nil {
			return nil, err
		}
		if have != nil && strings.HasSuffix(have.From, "@"+digest.String()) {
			return nil, nil
		}
		layer, size, err := singleLayer(img, want.media)
		if err != nil {
			return nil, broken(err)
		}
		if size > u.limits.layer {
			return nil, &refusedError{fmt.Sprintf("the layer has %d bytes, more than the limit of %d", size, u.limits.layer)}
		}
		content, err := layer.Compressed()
		if err != nil {
			return nil, err
		}
		defer content.Close()
		in := &meter{Reader: content, name: want.name, total: size, report: u.Progress}
		now := u.Now().UTC()
		s := &Source{Name: want.name, From: strings.TrimSuffix(mirror, "@"+digest.String()) + "@" + digest.String(), Fetched: now, Checked: now}
		if err := u.unpack(ctx, in, want, s, have); err != nil {
			return nil, err
		}
		in.end()
		return s, writeSource(u.root, *s)
	}
}

func singleLayer(img v1.Image, media types.MediaType) (v1.Layer, int64, error) {
	m, err := img.Manifest()
	if err != nil {
		return nil, 0, err
	}
	switch {
	case len(m.Layers) != 1:
		return nil, 0, fmt.Errorf("the artifact has %d layers instead of one", len(m.Layers))
	case m.Layers[0].MediaType != media:
		return nil, 0, fmt.Errorf("the artifact's layer is of type %.100q, not %s", m.Layers[0].MediaType, media)
	case len(m.Layers[0].URLs) > 0:
		return nil, 0, errors.New("the artifact's layer is stored outside of the registry")
	}
	layer, err := img.LayerByDigest(m.Layers[0].Digest)
	return layer, m.Layers[0].Size, err
}

// drain reads r to the end, where the digest is verified. More than most bytes are an
// error.
func drain(r io.Reader, most int64) error {
	n, err := io.Copy(io.Discard, io.LimitReader(r, most+1))
	if err == nil && n > most {
		err = broken(errors.New("there is too much data after the end of the archive"))
	}
	return err
}
