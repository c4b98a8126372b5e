package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	cdx "github.com/CycloneDX/cyclonedx-go"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/package-url/packageurl-go"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/sbom"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// sbomType is the artifact type of an image's SBOM.
const sbomType = "application/vnd.cyclonedx+json"

func (r *release) repository(p product) (*artifact.Repository, error) {
	registry, err := artifact.OpenRegistry("")
	if err != nil {
		return nil, err
	}
	return registry.Repository(r.o.image(p))
}

// each calls do for each image, in order.
func (r *release) each(do func(i image, in *artifact.Repository) (string, error)) (lines []string, err error) {
	for _, i := range r.images {
		in, err := r.repository(i.product)
		if err != nil {
			return lines, err
		}
		line, err := do(i, in)
		if err != nil {
			return lines, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// there returns the digest of an image in the registry, or "" if it does not exist.
func there(ctx context.Context, in *artifact.Repository, reference string) (string, error) {
	a, err := in.Resolve(ctx, reference, v1.Platform{})
	if errors.Is(err, artifact.ErrNotFound) {
		return "", nil
	}
	return a.Digest, err
}

// named reports whether the version's tag already names the image. It returns an error if
// the tag names another image.
func (r *release) named(ctx context.Context, i image, in *artifact.Repository) (bool, error) {
	found, err := there(ctx, in, r.o.Version)
	if err == nil && found != "" && found != i.digest {
		err = fmt.Errorf("%s:%s is %s, not %s: a version must never change its image\n  try: release the next version, and find out who moved the tag", r.o.image(i.product), r.o.Version, found, i.digest)
	}
	return found == i.digest, err
}

// pushImages pushes each image by digest and reads it back. It skips existing digests.
func pushImages(ctx context.Context, r *release) ([]string, error) {
	return r.each(func(i image, in *artifact.Repository) (string, error) {
		full := r.o.image(i.product) + "@" + i.digest
		if _, err := r.named(ctx, i, in); err != nil {
			return "", err
		}
		switch found, err := there(ctx, in, i.digest); {
		case err != nil:
			return "", err
		case found == i.digest:
			return full + " is there already", nil
		case r.o.DryRun:
			return "would: " + full, nil
		}
		a, err := in.Push(ctx, i.index)
		if err != nil {
			return "", err
		}
		if a.Digest != i.digest {
			return "", fmt.Errorf("pushed %s, but the registry returned the digest %s", full, a.Digest)
		}
		return full, nil
	})
}

// attachSBOMs stores an SBOM of each image's modules next to the image.
func attachSBOMs(ctx context.Context, r *release) ([]string, error) {
	return r.each(func(i image, in *artifact.Repository) (string, error) {
		packages := r.packages(i.product)
		var b bytes.Buffer
		about := sbom.About{
			Name: i.product.name, Version: r.o.Version, Tool: r.o.Version, Time: r.source.time,
			PURL: packageurl.NewPackageURL(packageurl.TypeOCI, "", i.product.name, i.digest, packageurl.QualifiersFromMap(map[string]string{"repository_url": r.o.image(i.product)}), "").ToString(),
		}
		if err := sbom.Write(&b, about, packages); err != nil {
			return "", err
		}
		line := fmt.Sprintf("%s: %d modules, CycloneDX %s", i.product.name, len(packages), cdx.SpecVersion1_6)
		if r.o.DryRun {
			return "would: " + line, nil
		}
		return line, in.Attach(ctx, i.digest, sbomType, b.Bytes(), map[string]string{"org.opencontainers.image.title": "sbom.cdx.json"})
	})
}

// packages returns the modules linked into a product's binaries, and the standard
// library.
func (r *release) packages(p product) []gate.Package {
	var out []gate.Package
	seen := map[string]bool{}
	add := func(name, version string) {
		purl := packageurl.NewPackageURL(packageurl.TypeGolang, "", name, version, nil, "").ToString()
		if !seen[purl] {
			seen[purl] = true
			out = append(out, gate.Package{PURL: purl, Image: true})
		}
	}
	for _, b := range r.binaries {
		if b.product != p {
			continue
		}
		add("stdlib", b.info.GoVersion)
		for _, m := range b.info.Deps {
			if m.Replace != nil {
				m = m.Replace
			}
			add(m.Path, m.Version)
		}
	}
	return out
}

// scanImages runs the caller's command, which can reject an image before anything
// references it.
func scanImages(ctx context.Context, r *release) ([]string, error) {
	if r.o.Scan == "" {
		return []string{"not scanned: give --scan, such as 'security-gate scan --image \"$IMAGE\"'"}, nil
	}
	return r.each(func(i image, _ *artifact.Repository) (string, error) {
		full := r.o.image(i.product) + "@" + i.digest
		if r.o.DryRun {
			return "would: scan " + full, nil
		}
		_, err := tool.Command{Argv: tool.Shell(r.o.Scan), Dir: r.o.Repo, Env: []string{"IMAGE=" + full, "NAME=" + i.product.name}}.Run(ctx)
		if err != nil {
			return "", fmt.Errorf("%s is refused: %w\n  try: run the command alone to see the reason; no tag names the image yet", full, err)
		}
		return full + " passes", nil
	})
}

// nameImages tags the images with the version, for people. goldenpath itself uses only
// digests.
func nameImages(ctx context.Context, r *release) ([]string, error) {
	return r.each(func(i image, in *artifact.Repository) (string, error) {
		full := r.o.image(i.product) + ":" + r.o.Version
		switch named, err := r.named(ctx, i, in); {
		case err != nil:
			return "", err
		case named:
			return full + " is " + i.digest + " already", nil
		case r.o.DryRun:
			return "would: " + full, nil
		}
		return full, in.Tag(ctx, i.digest, r.o.Version)
	})
}
