package artifact

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// PackOptions describe the image to make.
type PackOptions struct {
	Dir        string   // folder that becomes the root of the image
	Entrypoint []string // argv inside the image
	Workdir    string
	User       string // uid or uid:gid
	Port       int
	Env        map[string]string
	Labels     map[string]string
	Created    time.Time   // time of the commit; the clock is not read
	Platform   v1.Platform // zero: this machine's
	MaxFile    int64       // largest file in bytes; 0: no limit
	Small      bool        // compress for small pulls; false: for a fast push
	Scratch    string      // folder for the layer while it is made; "": the system's temporary folder
}

// Packed is an image in a scratch folder, which Close removes.
type Packed struct {
	Index v1.ImageIndex
	Files int
	Bytes int64 // before compression
	layer *layer
}

// Close removes the scratch data.
func (p *Packed) Close() error { return p.layer.Close() }

// Pack makes an image from a folder. The same folder and options give the same
// digest on any machine: names are sorted; times, owners and extended attributes
// are left out; modes are 0755 for folders and executable files, otherwise 0644.
// Symbolic links are kept if they stay inside the folder. If something cannot be
// packed, the error is a *report.UsageError that names every offending path.
func Pack(ctx context.Context, o PackOptions) (*Packed, error) {
	if o.Platform.OS == "" {
		o.Platform = HostPlatform()
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("cannot pack %s: %v: the build command must write its result to this folder", o.Dir, err))
	}
	defer root.Close()
	entries, err := scan(root, o)
	if err != nil {
		return nil, err
	}
	l, err := writeLayer(ctx, root, entries, o)
	if err != nil {
		return nil, fmt.Errorf("cannot pack %s: %w", o.Dir, err)
	}
	index, err := o.assemble(l)
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("cannot pack %s: %w", o.Dir, err)
	}
	p := &Packed{Index: index, layer: l}
	for _, e := range entries {
		if e.Mode().IsRegular() {
			p.Files++
			p.Bytes += e.Size()
		}
	}
	return p, nil
}

func (o PackOptions) check() error {
	if len(o.Entrypoint) == 0 {
		return report.Usage("cannot pack the image: it has no entrypoint: set artifact.entrypoint, such as [/server]")
	}
	if uid, _, _ := strings.Cut(o.User, ":"); uid != "" {
		if _, err := strconv.ParseUint(uid, 10, 32); err != nil {
			return report.Usage(fmt.Sprintf("cannot pack the image: user %q is not numeric: set artifact.user to a uid, so that goldenpath can check that it is not root", o.User))
		}
	}
	return nil
}

// assemble builds the OCI image around a layer, and an index with that image.
func (o PackOptions) assemble(l *layer) (v1.ImageIndex, error) {
	img := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	img = mutate.ConfigMediaType(img, types.OCIConfigJSON)
	created := v1.Time{Time: o.Created.UTC().Truncate(time.Second)}
	img, err := mutate.Append(img, mutate.Addendum{
		Layer:   l,
		History: v1.History{Created: created, CreatedBy: "goldenpath pack"},
	})
	if err != nil {
		return nil, err
	}
	cfg, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	cfg = cfg.DeepCopy()
	cfg.Created = created
	cfg.OS, cfg.Architecture, cfg.Variant = o.Platform.OS, o.Platform.Architecture, o.Platform.Variant
	cfg.Config = v1.Config{
		Entrypoint: o.Entrypoint,
		WorkingDir: path.Clean("/" + o.Workdir),
		User:       o.User,
		Labels:     o.Labels,
	}
	for _, k := range slices.Sorted(maps.Keys(o.Env)) {
		cfg.Config.Env = append(cfg.Config.Env, k+"="+o.Env[k])
	}
	if o.Port > 0 {
		cfg.Config.ExposedPorts = map[string]struct{}{fmt.Sprintf("%d/tcp", o.Port): {}}
	}
	if img, err = mutate.ConfigFile(img, cfg); err != nil {
		return nil, err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	index = mutate.AppendManifests(index, mutate.IndexAddendum{
		Add:        img,
		Descriptor: v1.Descriptor{Platform: &o.Platform},
	})
	return mutate.Annotations(index, o.Labels).(v1.ImageIndex), nil
}
