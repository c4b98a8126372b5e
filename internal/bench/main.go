// Command bench compares goldenpath with what a team would run instead, alternating
// between the two on the same input, and prints the ratios of the medians.
package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// rounds is how often each side is measured.
const rounds = 7

func main() {
	if err := run(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, upstream string) error {
	if upstream == "minutes" {
		return benchMinutes(".cache/workflows")
	}
	dir, err := os.MkdirTemp("", "goldenpath-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	app := filepath.Join(dir, "where2eat")
	if err := os.CopyFS(app, os.DirFS("testdata/where2eat")); err != nil {
		return err
	}
	for _, line := range []string{
		"rm -rf dist reports e2e && git init -q -b main && git add -A && git -c user.name=b -c user.email=b@example.com commit -qm bench",
		"CGO_ENABLED=0 go build -trimpath -buildvcs=false -o dist/app/where2eat .",
	} {
		if _, err := shell(ctx, app, line); err != nil {
			return err
		}
	}
	switch {
	case upstream == "preview":
		return benchPreview(ctx, app)
	case os.Getenv("BENCH_REPOS") != "":
		return benchGate(ctx, upstream, dir)
	}
	if err := benchPack(ctx, filepath.Join(app, "dist/app"), dir); err != nil {
		return err
	}
	return benchGate(ctx, upstream, dir)
}

// side is one of the two that are compared.
type side struct {
	name string
	once func() error
	took []time.Duration
}

// compare measures sides in turns and prints medians and their ratio.
func compare(what string, ours, theirs *side) error {
	for range rounds {
		for _, s := range []*side{ours, theirs} {
			start := time.Now()
			if err := s.once(); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			s.took = append(s.took, time.Since(start))
		}
	}
	a, b := median(ours.took), median(theirs.took)
	fmt.Printf("%-28s %-22s %8.0f ms   %-42s %8.0f ms   ratio %.2f\n", what, ours.name, ms(a), theirs.name, ms(b), ms(a)/ms(b))
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func median(d []time.Duration) time.Duration {
	s := slices.Sorted(slices.Values(d))
	return s[len(s)/2]
}

// benchPack packs the sample's folder and pushes it into a registry in a folder,
// against docker build of the same files FROM scratch.
func benchPack(ctx context.Context, folder, dir string) error {
	ours := &side{name: "pack and push", once: func() error {
		registry, err := artifact.OpenRegistry(filepath.Join(dir, fmt.Sprintf("registry-%d", time.Now().UnixNano())))
		if err != nil {
			return err
		}
		repo, err := registry.Repository("app")
		if err != nil {
			return err
		}
		p, err := artifact.Pack(ctx, artifact.PackOptions{Dir: folder, Entrypoint: []string{"/where2eat"}, Scratch: dir})
		if err != nil {
			return err
		}
		defer p.Close()
		_, err = repo.Push(ctx, p.Index)
		return err
	}}
	if _, err := shell(ctx, dir, "docker info"); err != nil {
		fmt.Printf("%-28s docker build: not measured: no Docker engine answers here\n", "packing the sample")
		return nil
	}
	dockerfile := filepath.Join(dir, "Dockerfile")
	if err := os.WriteFile(dockerfile, []byte("FROM scratch\nCOPY . /\nENTRYPOINT [\"/where2eat\"]\n"), 0o644); err != nil {
		return err
	}
	theirs := &side{name: "docker build --no-cache, FROM scratch", once: func() error {
		_, err := shell(ctx, folder, "docker build --no-cache --quiet --file "+dockerfile+" .")
		return err
	}}
	return compare("packing the sample", ours, theirs)
}

func emptyZip(name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(zip.NewWriter(f).Close(), f.Close())
}

func shell(ctx context.Context, dir, line string) (string, error) {
	if _, err := exec.LookPath("sh"); err != nil {
		return "", err
	}
	res, err := tool.Command{Argv: tool.Shell(line), Dir: dir}.Run(ctx)
	return strings.TrimSpace(string(res.Stdout)), err
}
