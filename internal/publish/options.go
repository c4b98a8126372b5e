package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/mod/semver"
)

// Options define a release and its destination.
type Options struct {
	Version   string   `arg:"" help:"Version, such as v0.1.0."`
	Home      string   `help:"Repository on GitHub that the release belongs to. A fork names itself." default:"seed-b235b314/goldenpath" placeholder:"OWNER/NAME"`
	Registry  string   `help:"Registry and owner of the images: HOST/OWNER. Default: ghcr.io and the owner of --home." placeholder:"HOST/OWNER"`
	Base      string   `help:"Base image, by digest. Default: BASE_IMAGE of the source's Dockerfile." placeholder:"REF@sha256:…"`
	Repo      string   `help:"Checkout of the source." default:"." type:"path"`
	Remote    string   `help:"Git remote to push the branch and the tags to." default:"origin"`
	Branch    string   `help:"Branch of the remote that must contain the source; the release's own branch is accepted too." default:"main"`
	Binaries  string   `help:"Folder with prebuilt binaries: NAME-OS-ARCH, such as security-gate-linux-arm64. Missing ones are built." type:"path" placeholder:"DIR"`
	Platforms []string `help:"Platforms of the images." default:"linux/amd64,linux/arm64"`
	Build     []string `help:"Programs to build. For any other program, only the platforms in --binaries are published." default:"goldenpath,security-gate"`
	Scan      string   `help:"Command that must succeed for each image before anything references it; $$IMAGE is the image by digest, $$NAME its name." placeholder:"COMMAND"`
	Expect    string   `help:"Result of an earlier run; different digests are an error." type:"path" placeholder:"FILE"`
	Output    string   `help:"Write the result as JSON." type:"path" placeholder:"FILE"`
	Notes     string   `help:"Write the release notes." type:"path" placeholder:"FILE"`
	Until     string   `help:"Stop after this step." placeholder:"STEP"`
	Move      bool     `help:"Make nothing; move the tag of the major version (v0) to an existing release, if it is the newest."`
	DryRun    bool     `help:"Build and compare, and print what would be pushed."`
}

// product is one image: a binary on the base image.
type product struct {
	name, dockerfile, title string
}

// products are the images of a release.
var products = []product{
	{"goldenpath", "Dockerfile", "Takes a commit to production"},
	{"security-gate", "Dockerfile.security-gate", "One verdict from gitleaks, osv-scanner, trivy and actionlint"},
}

// image returns the name of a product's image in the registry.
func (o Options) image(p product) string { return o.Registry + "/" + p.name }

// number returns the version in the form that the changelog uses.
func (o Options) number() string { return strings.TrimPrefix(o.Version, "v") }

// line returns the branch of the version, such as release/v0.1.
func (o Options) line() string { return "release/" + semver.MajorMinor(o.Version) }

// homeForm is the form of a repository's name on GitHub.
var homeForm = regexp.MustCompile(`^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$`)

// complete sets what depends on other options.
func (o Options) complete() Options {
	if owner, _, _ := strings.Cut(o.Home, "/"); o.Registry == "" {
		o.Registry = "ghcr.io/" + strings.ToLower(owner)
	}
	return o
}

func (o Options) check() error {
	var problems []error
	if !homeForm.MatchString(o.Home) {
		problems = append(problems, fmt.Errorf("--home %q is not OWNER/NAME", o.Home))
	}
	if semver.Canonical(o.Version) != o.Version || semver.Build(o.Version) != "" {
		problems = append(problems, fmt.Errorf("version %q is not of the form v1.2.3 or v1.2.3-rc.1", o.Version))
	}
	if _, err := name.NewRepository(o.Registry + "/goldenpath"); err != nil || !strings.Contains(o.Registry, "/") {
		problems = append(problems, fmt.Errorf("registry %q is not HOST/OWNER", o.Registry))
	}
	if o.Base != "" {
		if _, err := name.NewDigest(o.Base); err != nil {
			problems = append(problems, fmt.Errorf("base %q is not an image with a digest: write NAME@sha256:…, because a tag can move", o.Base))
		}
	}
	for _, p := range o.Platforms {
		if platform, err := v1.ParsePlatform(p); err != nil || platform.OS != "linux" || platform.Architecture == "" || platform.Variant != "" {
			problems = append(problems, fmt.Errorf("platform %q is not linux/ARCH", p))
		}
	}
	if len(o.Platforms) == 0 {
		problems = append(problems, errors.New("no platform: pass --platforms linux/amd64"))
	}
	for _, b := range o.Build {
		if !slices.ContainsFunc(products, func(p product) bool { return p.name == b }) {
			problems = append(problems, fmt.Errorf("--build %s is not a program of goldenpath", b))
		}
	}
	if o.Until != "" && !slices.ContainsFunc(steps, func(s step) bool { return s.name == o.Until }) {
		problems = append(problems, fmt.Errorf("--until %s is not a step", o.Until))
	}
	return errors.Join(problems...)
}

// baseArgument matches the base image in a Dockerfile.
var baseArgument = regexp.MustCompile(`(?m)^ARG BASE_IMAGE=(\S+@sha256:[0-9a-f]{64})$`)

// base returns the base image by digest.
func (r *release) base(ctx context.Context) (string, error) {
	if r.o.Base != "" {
		return r.o.Base, nil
	}
	text, err := r.file(ctx, r.source.id, "Dockerfile")
	if err != nil {
		return "", err
	}
	m := baseArgument.FindSubmatch(text)
	if m == nil {
		return "", errors.New("Dockerfile has no ARG BASE_IMAGE with a digest: pass --base")
	}
	return string(m[1]), nil
}

// prebuilt returns the file of a prebuilt binary, or "".
func (o Options) prebuilt(p product, platform v1.Platform) string {
	if o.Binaries == "" {
		return ""
	}
	file := filepath.Join(o.Binaries, strings.Join([]string{p.name, platform.OS, platform.Architecture}, "-"))
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}

// inside returns the path of the binary in the image.
func (p product) inside() string { return path.Join("usr/local/bin", p.name) }
