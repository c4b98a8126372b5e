package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/tool"
)

const module = "github.com/seed-b235b314/goldenpath"

// binary is one program for one platform.
type binary struct {
	product  product
	platform v1.Platform
	file     string
	size     int64
	info     *buildinfo.BuildInfo
}

// buildBinaries builds from an export of the commit, without any other file.
func buildBinaries(ctx context.Context, r *release) ([]string, error) {
	src := filepath.Join(r.scratch, "source")
	if err := r.export(ctx, src); err != nil {
		return nil, err
	}
	chain, err := toolchain(filepath.Join(src, "go.mod"))
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, p := range products {
		for _, text := range r.o.Platforms {
			platform, err := v1.ParsePlatform(text)
			if err != nil {
				return lines, err
			}
			b := binary{product: p, platform: *platform, file: r.o.prebuilt(p, *platform)}
			how := "prebuilt, taken as it is"
			if b.file == "" && !slices.Contains(r.o.Build, p.name) {
				lines = append(lines, fmt.Sprintf("%s %s is left out: it is not built, and %s has none", p.name, text, r.o.Binaries))
				continue
			}
			if b.file == "" {
				how = "built with " + chain
				b.file = filepath.Join(r.scratch, "bin", text, p.name)
				if err := r.build(ctx, src, chain, b); err != nil {
					return lines, err
				}
			}
			if err := b.read(); err != nil {
				return lines, err
			}
			lines = append(lines, fmt.Sprintf("%s %s, %s, %s", p.name, text, humanize.Bytes(uint64(b.size)), how))
			r.binaries = append(r.binaries, b)
		}
		if len(r.binaries) == 0 || r.binaries[len(r.binaries)-1].product != p {
			return lines, fmt.Errorf("no binary of %s for any platform\n  try: --build %s, or put it into the folder of --binaries", p.name, p.name)
		}
	}
	return lines, nil
}

// export writes the files of the source commit to a folder.
func (r *release) export(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	archive := filepath.Join(r.scratch, "source.tar")
	if _, err := r.git(ctx, "archive", "--format=tar", "--output="+archive, r.source.id); err != nil {
		return err
	}
	_, err := tool.Command{Argv: []string{"tar", "-xf", archive, "-C", dir}}.Run(ctx)
	return errors.Join(err, os.Remove(archive))
}

var toolchainLine = regexp.MustCompile(`(?m)^toolchain (go[0-9.]+)$`)

// toolchain returns the toolchain in go.mod. Another toolchain would build different bytes.
func toolchain(mod string) (string, error) {
	text, err := os.ReadFile(mod)
	if err != nil {
		return "", err
	}
	m := toolchainLine.FindSubmatch(text)
	if m == nil {
		return "", errors.New("go.mod does not name a toolchain: add the line toolchain go1.x.y, so that everyone builds with the same toolchain")
	}
	return string(m[1]), nil
}

// build builds a binary whose bytes depend only on the source, the toolchain, the version,
// and the names of the repository and of the image.
func (r *release) build(ctx context.Context, src, chain string, b binary) error {
	vars := module + "/internal/command."
	_, err := tool.Command{
		Argv: []string{
			"go", "build", "-trimpath", "-buildvcs=false", "-o", b.file,
			"-ldflags", fmt.Sprintf("-s -w -X %sversion=%s -X %scommit=%s -X %simage=%s -X %s/workflows.repository=%s", vars, r.o.Version, vars, r.source.id, vars, r.o.image(products[0]), module, r.o.Home),
			"./cmd/" + b.product.name,
		},
		Dir: src,
		Env: []string{
			"GOOS=" + b.platform.OS, "GOARCH=" + b.platform.Architecture, "GOAMD64=v1", "GOARM64=v8.0", "CGO_ENABLED=0",
			"GOTOOLCHAIN=" + chain, "GOEXPERIMENT=jsonv2", "GOFLAGS=-mod=readonly", "GOWORK=off", "GOENV=off",
		},
	}.Run(ctx)
	if err != nil {
		return fmt.Errorf("cannot build %s for %s: %w", b.product.name, b.platform, err)
	}
	return nil
}

// read checks that the file is the product's program for the platform.
func (b *binary) read() error {
	stat, err := os.Stat(b.file)
	if err != nil {
		return err
	}
	b.size = stat.Size()
	if b.info, err = buildinfo.ReadFile(b.file); err != nil {
		return fmt.Errorf("cannot read %s: %w", b.file, err)
	}
	got := map[string]string{"path": b.info.Path}
	for _, s := range b.info.Settings {
		got[s.Key] = s.Value
	}
	want := map[string]string{"path": module + "/cmd/" + b.product.name, "GOOS": b.platform.OS, "GOARCH": b.platform.Architecture, "CGO_ENABLED": "0"}
	var wrong bytes.Buffer
	for _, key := range []string{"path", "GOOS", "GOARCH", "CGO_ENABLED"} {
		if got[key] != want[key] {
			fmt.Fprintf(&wrong, " %s %q, want %q;", key, got[key], want[key])
		}
	}
	if wrong.Len() > 0 {
		return fmt.Errorf("%s is not the expected program:%s", b.file, strings.TrimSuffix(wrong.String(), ";"))
	}
	return nil
}
