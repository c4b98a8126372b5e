package image

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/aquasecurity/trivy/pkg/fanal/applier"
	"github.com/aquasecurity/trivy/pkg/fanal/types"
	"github.com/aquasecurity/trivy/pkg/licensing"
	"github.com/dustin/go-humanize/english"
	"golang.org/x/sync/errgroup"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/image/oci"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// contents lists what an image consists of.
type contents struct {
	name string
	types.ArtifactDetail
	jars     int
	gaps     []gate.Gap
	unparsed []string
	system   bool
	layers   int
	reused   int // layers that were already read for another image
}

// contents reads the layers of an image, one per processor at a time. Layers that
// before already contains are not read again.
func (s *layerReader) contents(ctx context.Context, img *oci.Image, before map[string]*layerContent) (*contents, error) {
	found := make([]*layerContent, len(img.Layers))
	c := &contents{name: img.Name, layers: len(img.Layers)}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, l := range img.Layers {
		if found[i] = before[l.DiffID]; found[i] != nil {
			c.reused++
			continue
		}
		group.Go(func() (err error) {
			defer func() {
				if p := recover(); p != nil {
					err = fmt.Errorf("panic: %v", p)
				}
			}()
			if found[i], err = s.layer(ctx, l); err != nil {
				return fmt.Errorf("cannot read layer %d of %s: %w", i+1, img.Name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var blobs []types.BlobInfo
	for i, f := range found {
		before[img.Layers[i].DiffID] = f
		blobs = append(blobs, f.BlobInfo)
		c.jars += f.jars
		c.system = c.system || f.system
		c.gaps = append(c.gaps, f.gaps...)
		c.unparsed = append(c.unparsed, f.unparsed...)
	}
	c.ArtifactDetail = applier.ApplyLayers(blobs)
	slices.Sort(c.unparsed)
	return c, nil
}

// describe summarizes the contents in one line.
func (c *contents) describe() string {
	parts := []string{c.name + ": "}
	if c.OS.Detected() {
		parts = append(parts, fmt.Sprintf("%s %s with %s, ", c.OS.Family, c.OS.Name, english.Plural(len(c.Packages), "package", "")))
	}
	n := 0
	for _, app := range c.Applications {
		n += len(app.Packages)
	}
	parts = append(parts, english.Plural(n, "language package", ""))
	if len(c.unparsed) > 0 {
		const most = 3
		parts = append(parts, fmt.Sprintf(" (except %s that cannot be parsed: %s", english.Plural(len(c.unparsed), "file", ""), strings.Join(c.unparsed[:min(most, len(c.unparsed))], ", ")))
		if len(c.unparsed) > most {
			parts = append(parts, ", …")
		}
		parts = append(parts, ")")
	}
	return strings.Join(parts, "")
}

// packages lists the packages for the SBOM. A package in several places is listed once
// per place.
func (c *contents) packages() []gate.Package {
	var out []gate.Package
	add := func(p types.Package, file string) {
		if p.Identifier.PURL == nil {
			return
		}
		out = append(out, gate.Package{
			PURL: p.Identifier.PURL.String(), At: report.Location{Path: file}, Image: true,
			Direct: p.Relationship == types.RelationshipDirect, Licences: licences(p.Licenses),
		})
	}
	for _, p := range c.Packages {
		add(p, p.FilePath)
	}
	for _, app := range c.Applications {
		for _, p := range app.Packages {
			if p.Relationship != types.RelationshipRoot || p.Version != "" { // not the app itself
				add(p, cmp.Or(p.FilePath, app.FilePath))
			}
		}
	}
	slices.SortFunc(out, func(a, b gate.Package) int {
		return cmp.Or(cmp.Compare(a.PURL, b.PURL), cmp.Compare(a.At.Path, b.At.Path))
	})
	return slices.CompactFunc(out, func(a, b gate.Package) bool { return a.PURL == b.PURL && a.At == b.At })
}

// licences returns the stated licence names, without licence texts and links.
func licences(stated []string) []string {
	var out []string
	for _, l := range licensing.NormalizeLicenses(stated) {
		if l = strings.TrimSpace(l); l != "" && len(l) < 200 && !strings.Contains(l, "://") && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}
