// Package artifact packs, resolves and copies images by digest, and reads and
// writes their referrers.
//
// A registry is a server that speaks the OCI distribution protocol, or a folder.
// The same code reads and writes both.
package artifact

import (
	"fmt"
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Artifact is an image known by digest.
type Artifact struct {
	Digest         string // sha256:… of the index
	PlatformDigest string // sha256:… of the manifest for Platform
	Platform       string // linux/amd64
	Size           int64  // bytes of the compressed layers
	Labels         map[string]string
	Image          v1.Image // for Platform
	Manifests      []string // sha256:… of the manifests for every platform
}

// Commit returns the commit that the image names in its labels, or "".
func (a Artifact) Commit() string { return a.Labels["org.opencontainers.image.revision"] }

// HostPlatform returns the platform of this machine in the form that images use, such as
// linux/amd64.
func HostPlatform() v1.Platform {
	return v1.Platform{OS: runtime.GOOS, Architecture: runtime.GOARCH}
}

// pick returns the image for a platform from an index.
func pick(index v1.ImageIndex, p v1.Platform) (v1.Image, error) {
	m, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	for _, d := range m.Manifests {
		if d.Platform != nil && d.Platform.OS == p.OS && d.Platform.Architecture == p.Architecture {
			return index.Image(d.Digest)
		}
	}
	return nil, fmt.Errorf("the image has no manifest for %s/%s: build it for this platform too", p.OS, p.Architecture)
}

func describe(index v1.ImageIndex, p v1.Platform) (Artifact, error) {
	d, err := index.Digest()
	if err != nil {
		return Artifact{}, err
	}
	img, err := pick(index, p)
	if err != nil {
		return Artifact{}, err
	}
	pd, err := img.Digest()
	if err != nil {
		return Artifact{}, err
	}
	m, err := img.Manifest()
	if err != nil {
		return Artifact{}, err
	}
	c, err := img.ConfigFile()
	if err != nil {
		return Artifact{}, err
	}
	a := Artifact{
		Digest: d.String(), PlatformDigest: pd.String(), Platform: p.OS + "/" + p.Architecture,
		Labels: c.Config.Labels, Image: img,
	}
	for _, l := range m.Layers {
		a.Size += l.Size
	}
	im, err := index.IndexManifest()
	if err != nil {
		return Artifact{}, err
	}
	for _, d := range im.Manifests {
		a.Manifests = append(a.Manifests, d.Digest.String())
	}
	return a, nil
}
