package trivy

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/render"
)

// jobs are functions that each check one file, chart or kustomization, or all Terraform
// files. The jobs are independent.
type jobs []func(context.Context) (result, error)

// plan makes the jobs: it assigns a file to its chart or, outside charts, to the checks
// that trivy would run on the file.
func (s *Scanner) plan(root *os.Root, tree *render.Tree, all []gate.File) (out jobs) {
	add := func(job func(context.Context) result) {
		out = append(out, func(ctx context.Context) (result, error) { return job(ctx), nil })
	}
	charts := chartsIn(all)
	overlays := kustomizationsIn(tree, all)
	parts := map[string][]string{}
	modules := map[string][]byte{}
	aside := result{gaps: overlays.gaps}
	known := newBuilds(root)
	for _, f := range all {
		chart := chartOf(f.Path, charts)
		if chart != "" {
			parts[chart] = append(parts[chart], f.Path)
			if below := below(f.Path, chart); strings.HasPrefix(below, "templates/") || strings.HasPrefix(below, "charts/") || strings.HasPrefix(below, "crds/") {
				continue
			}
		}
		switch s.sortOf(f.Path) {
		case dockerFile:
			add(func(ctx context.Context) result { return s.dockerfile(ctx, root, f.Path, known) })
		case manifestFile:
			if !overlays.patches(f.Path) {
				add(func(ctx context.Context) result { return s.document(ctx, root, f.Path) })
			}
		case archive:
			if chart == "" {
				add(func(ctx context.Context) result { return s.archive(ctx, root, tree, f.Path) })
			}
		case terraform:
			text, err := files.Read(root, f.Path, maxTerraform)
			if err != nil {
				aside.gaps = append(aside.gaps, unread(f.Path, err))
			} else {
				modules[f.Path] = utf8From(text)
			}
		case foreign:
			what, _ := unexamined(f.Path)
			aside.omit(what, 1)
		case other:
		}
	}
	for _, chart := range slices.Sorted(maps.Keys(parts)) {
		add(func(ctx context.Context) result { return s.folder(ctx, root, tree, chart, parts[chart]) })
	}
	tops, unused := overlays.tops()
	aside.omit(unusedComponent, unused)
	for _, dir := range tops {
		add(func(ctx context.Context) result { return s.kustomization(ctx, overlays, dir) })
	}
	if len(modules) > 0 {
		out = append(out, func(ctx context.Context) (result, error) { return s.terraform(ctx, root, modules) })
		slices.Reverse(out) // Terraform takes longest and starts first
	}
	return append(out, func(context.Context) (result, error) { return aside, nil })
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
