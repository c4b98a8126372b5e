package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/crane"
)

// TestTampered: a version is one commit and one image for ever.
func TestTampered(t *testing.T) {
	t.Run("tag of another commit", func(t *testing.T) {
		l := newLab(t)
		l.publish(l.options("v0.1.0"))
		l.git(l.origin, "update-ref", "refs/tags/v0.1.0", "main")
		l.refuses(l.options("v0.1.0"), "must never change its commit")
	})
	t.Run("tag with another image", func(t *testing.T) {
		l := newLab(t)
		l.publish(l.options("v0.1.0"))
		l.git(l.repo, "fetch", "--quiet", "--tags")
		l.git(l.repo, "checkout", "--quiet", "v0.1.0")
		l.write("action.yml", strings.ReplaceAll(l.at("v0.1.0", "action.yml"), "sha256:", "sha256:0"))
		l.git(l.repo, "commit", "--quiet", "--all", "--amend", "--no-edit")
		l.git(l.repo, "push", "--quiet", "--force", "origin", "HEAD:refs/tags/v0.1.0")
		l.git(l.repo, "checkout", "--quiet", "main")
		l.refuses(l.options("v0.1.0"), "must never change its commit")
	})
	t.Run("image under the version", func(t *testing.T) {
		l := newLab(t)
		if err := crane.Copy(l.base, l.registry+"/goldenpath:v0.1.0"); err != nil {
			t.Fatal(err)
		}
		l.refuses(l.options("v0.1.0"), "must never change its image")
	})
	t.Run("source of another commit", func(t *testing.T) {
		l := newLab(t)
		l.publish(l.options("v0.1.0"))
		l.write("README.md", "more\n")
		l.commit("more")
		l.refuses(l.options("v0.1.0"), "must never change its image")
	})
}

func TestRefusals(t *testing.T) {
	l := newLab(t)
	with := func(edit func(o *Options)) Options {
		o := l.options("v0.1.0")
		edit(&o)
		return o
	}
	bare := pushBase(t, strings.TrimSuffix(l.registry, "/acme")+"/bare", "etc/ssl/cert.pem")
	for _, tt := range []struct {
		name string
		o    Options
		why  string
	}{
		{"version", with(func(o *Options) { o.Version = "0.1" }), "not of the form v1.2.3"},
		{"version with build", with(func(o *Options) { o.Version = "v0.1.0+x" }), "not of the form"},
		{"registry", with(func(o *Options) { o.Registry = "ghcr.io" }), "HOST/OWNER"},
		{"base by tag", with(func(o *Options) { o.Base = "alpine:3" }), "not an image with a digest"},
		{"base that is not there", with(func(o *Options) { o.Base = l.registry + "/x@sha256:" + strings.Repeat("0", 64) }), "image not found"},
		{"base without git", with(func(o *Options) { o.Base = bare }), "git is missing (usr/bin/git, bin/git)"},
		{"platform", with(func(o *Options) { o.Platforms = []string{"windows/amd64"} }), "linux/ARCH"},
		{"platform that the base has not", with(func(o *Options) { o.Platforms = []string{"linux/s390x"} }), "no manifest for linux/s390x"},
		{"program", with(func(o *Options) { o.Build = []string{"x"} }), "is not a program of goldenpath"},
		{"nothing to take", with(func(o *Options) { o.Build, o.Binaries = nil, l.repo }), "no binary of goldenpath for any platform"},
		{"step", with(func(o *Options) { o.Until = "x" }), "is not a step"},
		{"changelog", with(func(o *Options) { o.Version = "v0.2.0" }), `no heading "## [0.2.0] - unreleased"`},
		{"base of the Dockerfile", with(func(o *Options) { o.Base = "" }), "Dockerfile"},
		{"scan", with(func(o *Options) { o.Scan = `test "$NAME" = goldenpath` }), "security-gate@sha256"},
		{"expected", with(func(o *Options) { o.Expect = filepath.Join(l.repo, "go.mod") }), "go.mod"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := *l
			l.t = t
			l.refuses(tt.o, tt.why)
		})
	}
	t.Run("not clean", func(t *testing.T) {
		l := newLab(t)
		l.write("left.txt", "")
		l.refuses(l.options("v0.1.0"), "left.txt")
	})
	t.Run("not pushed", func(t *testing.T) {
		l := newLab(t)
		l.git(l.repo, "commit", "--quiet", "--allow-empty", "--message", "mine")
		l.refuses(l.options("v0.1.0"), "is on neither main nor release/v0.1 of origin")
	})
	t.Run("another program", func(t *testing.T) {
		o := l.options("v0.1.0")
		o.Binaries = t.TempDir()
		for from, to := range map[string]string{"goldenpath-linux-amd64": "goldenpath-linux-arm64", "security-gate-linux-amd64": "goldenpath-linux-amd64"} {
			if err := copyFile(filepath.Join(prebuilt(t), from), filepath.Join(o.Binaries, to)); err != nil {
				t.Fatal(err)
			}
		}
		l.refuses(o, `/cmd/security-gate", want "`+module+`/cmd/goldenpath"`)
	})
	if refs := l.refs(); strings.Contains(refs, "tags") || strings.Contains(refs, "release") {
		t.Errorf("a refusal has left\n%s", refs)
	}
}
