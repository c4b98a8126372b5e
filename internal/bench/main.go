// Command bench measures goldenpath against what a team would run instead, in
// turns on the same input, and prints ratios of medians.
package main

import (
	"archive/zip"
	"context"
	"encoding/json"
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
		"rm -rf dist reports && git init -q -b main && git add -A && git -c user.name=b -c user.email=b@example.com commit -qm bench",
		"CGO_ENABLED=0 go build -trimpath -buildvcs=false -o dist/app/where2eat .",
	} {
		if _, err := shell(ctx, app, line); err != nil {
			return err
		}
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

// benchGate runs the gate against the four commands one after the other, each as
// its own documentation says, on the same checkout and advisories.
func benchGate(ctx context.Context, upstream, dir string) error {
	databases := filepath.Join(dir, "databases")
	gate, err := filepath.Abs("bin/security-gate")
	if err != nil {
		return err
	}
	vulndb, err := shell(ctx, ".", "go mod download -json golang.org/x/vulndb@v0.0.0-20260813214354-9de686e1fb00")
	if err != nil {
		return err
	}
	var module struct{ Dir string }
	if err := json.Unmarshal([]byte(vulndb), &module); err != nil {
		return err
	}
	if _, err := shell(ctx, ".", gate+" database --from "+module.Dir+"/data/osv --to "+databases); err != nil {
		return err
	}
	// osv-scanner looks up nothing at all when an ecosystem has no advisories: it
	// gets empty ones for npm.
	if err := emptyZip(filepath.Join(databases, "osv-scalibr", "npm", "all.zip")); err != nil {
		return err
	}
	// This project itself: workflows, charts, Terraform, two modules, history.
	checkout := filepath.Join(dir, "checkout")
	if _, err := shell(ctx, ".", "git clone -q . "+checkout); err != nil {
		return err
	}
	ours := &side{name: "security-gate", once: func() error {
		return scan(ctx, checkout, gate+" scan --offline --missing-database warn --databases "+databases, 1)
	}}
	theirs := &side{name: "the four commands, one after the other", once: func() error {
		for _, line := range []string{
			"gitleaks git --no-banner --log-level error", "gitleaks dir --no-banner --log-level error",
			"osv-scanner scan source --offline --no-call-analysis=all --recursive .",
			"trivy config --quiet --skip-check-update --cache-dir " + filepath.Join(dir, "trivy") + " .", "actionlint",
		} {
			// Their exit codes for findings differ; a crash is none of these.
			if err := scan(ctx, checkout, "OSV_SCANNER_LOCAL_DB_CACHE_DIRECTORY="+databases+" "+upstream+"/"+line, 1); err != nil {
				return err
			}
		}
		return nil
	}}
	return compare("gating goldenpath itself", ours, theirs)
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

func scan(ctx context.Context, dir, line string, most int) error {
	out, err := shell(ctx, dir, line)
	var exit *tool.ExitError
	if errors.As(err, &exit) && exit.Code <= most {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

func shell(ctx context.Context, dir, line string) (string, error) {
	if _, err := exec.LookPath("sh"); err != nil {
		return "", err
	}
	res, err := tool.Command{Argv: tool.Shell(line), Dir: dir}.Run(ctx)
	return strings.TrimSpace(string(res.Stdout)), err
}
