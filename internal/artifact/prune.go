package artifact

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// subjectAnnotation marks the lists of evidence that olareg keeps beside the images.
const subjectAnnotation = "org.olareg.referrer.subject"

// Stored is an image of a registry folder.
type Stored struct {
	Digest string // of the index
	Bytes  int64  // of the files that only this image and others in the same list need
}

// Prune removes the images of a registry folder for which keep returns false, with the
// files that only they need, and returns them. The evidence about them stays. With dry it
// removes nothing. The list is empty for a registry that is a server.
func (p *Repository) Prune(ctx context.Context, dry bool, keep func(digest string) bool) ([]Stored, error) {
	if p.folder == nil {
		return nil, nil
	}
	end, err := p.begin()
	if err != nil {
		return nil, err
	}
	defer end()
	all, err := p.unneeded(ctx, keep)
	if err != nil || len(all) == 0 || dry {
		return all, err
	}
	server := p.folder.server(false, true)
	p.folder.current.Store(server)
	for _, one := range all {
		if err := remote.Delete(p.name.Digest(one.Digest), p.with(ctx)...); err != nil {
			return nil, errors.Join(p.explain(one.Digest, err), server.Close())
		}
	}
	if err := server.Close(); err != nil { // it removes the files
		return nil, err
	}
	return all, nil
}

func (p *Repository) unneeded(ctx context.Context, keep func(digest string) bool) ([]Stored, error) {
	root, err := layout.ImageIndexFromPath(filepath.Join(p.folder.dir, filepath.FromSlash(p.name.RepositoryStr())))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, err := root.IndexManifest()
	if err != nil {
		return nil, err
	}
	needed := map[v1.Hash]bool{}
	var rest []v1.ImageIndex
	for _, d := range all.Manifests {
		if !d.MediaType.IsIndex() || d.Annotations[subjectAnnotation] != "" {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		index, err := root.ImageIndex(d.Digest)
		if err != nil {
			return nil, err
		}
		if !keep(d.Digest.String()) {
			rest = append(rest, index)
		} else if _, err := weigh(index, needed); err != nil {
			return nil, err
		}
	}
	var out []Stored
	for _, index := range rest {
		d, err := index.Digest()
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(s Stored) bool { return s.Digest == d.String() }) {
			continue // it has a tag too
		}
		n, err := weigh(index, needed)
		if err != nil {
			return nil, err
		}
		out = append(out, Stored{d.String(), n})
	}
	return out, nil
}

// weigh returns the bytes of an index's images that are not in counted, and adds them to
// it.
func weigh(index v1.ImageIndex, counted map[v1.Hash]bool) (int64, error) {
	m, err := index.IndexManifest()
	if err != nil {
		return 0, err
	}
	var n int64
	add := func(d v1.Descriptor) {
		if !counted[d.Digest] {
			counted[d.Digest] = true
			n += d.Size
		}
	}
	for _, d := range m.Manifests {
		add(d)
		img, err := index.Image(d.Digest)
		if err != nil {
			return 0, err
		}
		inner, err := img.Manifest()
		if err != nil {
			return 0, err
		}
		add(inner.Config)
		for _, l := range inner.Layers {
			add(l)
		}
	}
	return n, nil
}
