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

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// jobs answer about one file or chart each, or about all Terraform, and none needs
// another.
type jobs []func(context.Context) (answer, error)

// plan puts every file where it belongs: into its chart, and where trivy would look
// at it by itself.
func (s *Scanner) plan(root *os.Root, all []gate.File) (jobs, error) {
	var out jobs
	add := func(job func(context.Context) answer) {
		out = append(out, func(ctx context.Context) (answer, error) { return job(ctx), nil })
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
			add(func(ctx context.Context) answer { return s.dockerfile(ctx, root, f.Path) })
		case manifest:
			add(func(ctx context.Context) answer { return s.manifest(ctx, root, f.Path) })
		case archive:
			if chart == "" {
				add(func(ctx context.Context) answer { return s.archive(ctx, root, f.Path) })
			}
		case terraform:
			text, err := read(root, f.Path, maxTerraform)
			if err != nil {
				add(func(context.Context) answer { return failed("Terraform file", f.Path, err) })
			} else if err := modules.add(f.Path, text); err != nil {
				return nil, err
			}
		case other:
		}
	}
	for _, chart := range slices.Sorted(maps.Keys(parts)) {
		add(func(ctx context.Context) answer { return s.folder(ctx, root, chart, parts[chart]) })
	}
	if modules.count > 0 {
		out = append(out, func(ctx context.Context) (answer, error) {
			found, err := s.cloud.scan(ctx, modules)
			if err != nil {
				return answer{}, fmt.Errorf("check Terraform: %w", err)
			}
			return answer{noun: "Terraform file", findings: found, files: modules.count}, nil
		})
		slices.Reverse(out) // the longest first
	}
	return out, nil
}

// run does the jobs, as many at once as there are processors.
func (j jobs) run(ctx context.Context) ([]answer, error) {
	answers := make([]answer, len(j))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, job := range j {
		group.Go(func() (err error) {
			// The gate sees a panic only in the goroutine that it started itself.
			defer func() {
				if p := recover(); p != nil {
					err = fmt.Errorf("panic: %v", p)
				}
			}()
			if ctx.Err() != nil {
				return ctx.Err()
			}
			answers[i], err = job(ctx)
			return cmp.Or(ctx.Err(), err)
		})
	}
	return answers, group.Wait()
}

// archive checks a packed chart.
func (s *Scanner) archive(ctx context.Context, root *os.Root, name string) answer {
	text, err := read(root, name, maxArchive)
	if err != nil {
		file, openErr := root.Open(name)
		if openErr != nil {
			return failed("Helm chart", name, openErr)
		}
		defer file.Close()
		if errors.Is(err, errTooLarge) && !holdsChart(file) {
			return answer{}
		}
		return failed("Helm chart", name, err)
	}
	if !holdsChart(bytes.NewReader(text)) {
		return answer{}
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

// folder checks a chart that is not packed.
func (s *Scanner) folder(ctx context.Context, root *os.Root, chart string, names []string) answer {
	unpacked := newFiles()
	var gaps []gate.Gap
	for _, name := range names {
		text, err := read(root, name, maxChartFile)
		if err != nil {
			// What is no part of the rendering, a picture say, may be as large as it likes.
			if !errors.Is(err, errTooLarge) || rendered(below(name, chart)) {
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

// rendered reports whether the file of a chart matters to what comes out.
func rendered(below string) bool {
	top, _, nested := strings.Cut(below, "/")
	if !nested {
		return sortOf(below) == manifest
	}
	return slices.Contains([]string{"templates", "charts", "crds"}, top)
}

// below is the path of the file in its chart.
func below(name, chart string) string {
	if chart == "." {
		return path.Clean(name)
	}
	return strings.TrimPrefix(name, chart+"/")
}
