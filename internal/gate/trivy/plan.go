package trivy

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"

	helm "github.com/aquasecurity/trivy/pkg/iac/scanners/helm/parser"
	"golang.org/x/sync/errgroup"

	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// jobs are functions that each check one file, one chart or all Terraform files. The
// jobs are independent.
type jobs []func(context.Context) (result, error)

// plan makes the jobs: it assigns a file to its chart or, outside charts, to the checks
// that trivy would run on the file.
func (s *Scanner) plan(root *os.Root, all []gate.File) (jobs, error) {
	var out jobs
	add := func(job func(context.Context) result) {
		out = append(out, func(ctx context.Context) (result, error) { return job(ctx), nil })
	}
	charts := chartsIn(all)
	parts := map[string][]string{}
	modules := newFiles()
	for _, f := range all {
		chart := chartOf(f.Path, charts)
		if chart != "" {
			parts[chart] = append(parts[chart], f.Path)
			if below := below(f.Path, chart); strings.HasPrefix(below, "templates/") || strings.HasPrefix(below, "charts/") {
				continue
			}
		}
		switch sortOf(f.Path) {
		case dockerfile:
			add(func(ctx context.Context) result { return s.dockerfile(ctx, root, f.Path) })
		case manifest:
			add(func(ctx context.Context) result { return s.manifest(ctx, root, f.Path) })
		case archive:
			if chart == "" {
				add(func(ctx context.Context) result { return s.archive(ctx, root, f.Path) })
			}
		case terraform:
			text, err := files.Read(root, f.Path, maxTerraform)
			if err != nil {
				add(func(context.Context) result { return failed("Terraform file", f.Path, err) })
			} else if err := modules.add(f.Path, text); err != nil {
				return nil, err
			}
		case other:
		}
	}
	for _, chart := range slices.Sorted(maps.Keys(parts)) {
		add(func(ctx context.Context) result { return s.folder(ctx, root, chart, parts[chart]) })
	}
	if modules.count > 0 {
		out = append(out, func(ctx context.Context) (result, error) {
			found, err := s.terraformChecks.scan(ctx, modules)
			if err != nil {
				return result{}, fmt.Errorf("check Terraform: %w", err)
			}
			return result{noun: "Terraform file", findings: found, files: modules.count}, nil
		})
		slices.Reverse(out) // Terraform takes longest and starts first
	}
	return out, nil
}

// run runs the jobs, one per processor at a time.
func (j jobs) run(ctx context.Context) ([]result, error) {
	results := make([]result, len(j))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, job := range j {
		group.Go(func() (err error) {
			// The gate recovers panics only in its own goroutine.
			defer func() {
				if p := recover(); p != nil {
					err = fmt.Errorf("panic: %v", p)
				}
			}()
			if ctx.Err() != nil {
				return ctx.Err()
			}
			results[i], err = job(ctx)
			return cmp.Or(ctx.Err(), err)
		})
	}
	return results, group.Wait()
}

// archive checks a chart in an archive.
func (s *Scanner) archive(ctx context.Context, root *os.Root, name string) result {
	text, err := files.Read(root, name, maxArchive)
	if err != nil {
		file, openErr := root.Open(name)
		if openErr != nil {
			return failed("Helm chart", name, openErr)
		}
		defer file.Close()
		if errors.Is(err, files.ErrTooLarge) && !holdsChart(file) {
			return result{}
		}
		return failed("Helm chart", name, err)
	}
	if !holdsChart(bytes.NewReader(text)) {
		return result{}
	}
	if holdsBomb(name, text) {
		return failed("Helm chart", "Helm chart "+name, errBomb)
	}
	packed := newFiles()
	if err := packed.add(name, text); err != nil {
		return failed("Helm chart", name, err)
	}
	return s.chart(ctx, name+":", func(p *helm.Parser) ([]helm.Manifest, error) { return p.ParseArchive(ctx, packed, name) })
}

// folder checks a chart in a folder.
func (s *Scanner) folder(ctx context.Context, root *os.Root, chart string, names []string) result {
	unpacked := newFiles()
	var gaps []gate.Gap
	for _, name := range names {
		text, err := files.Read(root, name, maxChartFile)
		if err != nil {
			// A file that is not rendered, such as a picture, may be of any size.
			if !errors.Is(err, files.ErrTooLarge) || rendered(below(name, chart)) {
				gaps = append(gaps, unread(name, err))
			}
			continue
		}
		if rendered(below(name, chart)) && holdsBomb(name, text) {
			return failed("Helm chart", "Helm chart "+chart, fmt.Errorf("%s: %w", name, errBomb))
		}
		if err := unpacked.add(name, text); err != nil {
			return failed("Helm chart", "Helm chart "+chart, err)
		}
		if unpacked.size > maxChart {
			return failed("Helm chart", "Helm chart "+chart, errTooLarge)
		}
	}
	a := s.chart(ctx, chart, func(p *helm.Parser) ([]helm.Manifest, error) { return p.ParseFS(ctx, unpacked, chart) })
	a.gaps = append(a.gaps, gaps...)
	return a
}

// rendered reports whether a file of a chart affects the rendered manifests. below is
// its path in the chart.
func rendered(below string) bool {
	top, _, nested := strings.Cut(below, "/")
	if !nested {
		return sortOf(below) == manifest
	}
	return slices.Contains([]string{"templates", "charts", "crds"}, top)
}

// below returns the path of a file in its chart.
func below(name, chart string) string {
	if chart == "." {
		return path.Clean(name)
	}
	return strings.TrimPrefix(name, chart+"/")
}
