package trivy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	kubernetes "github.com/aquasecurity/trivy/pkg/iac/scanners/kubernetes/parser"

	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/manifest"
	"github.com/seed-b235b314/goldenpath/internal/render"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Chart is a chart with the values that it is deployed with.
type Chart struct {
	Path   string   // folder or archive, relative to the repository
	Values []string // files
}

// archive checks a chart in an archive.
func (s *Scanner) archive(ctx context.Context, root *os.Root, tree *render.Tree, name string) result {
	text, err := files.Read(root, name, maxArchive)
	if err != nil {
		file, openErr := root.Open(name)
		if openErr != nil {
			return failed(chartNoun, name, openErr)
		}
		defer file.Close()
		if errors.Is(err, files.ErrTooLarge) && !holdsChart(file) {
			return result{}
		}
		return failed(chartNoun, name, err)
	}
	if !holdsChart(bytes.NewReader(text)) {
		return result{}
	}
	if holdsBomb(name, text) {
		return failed(chartNoun, chartNoun+" "+name, errBomb)
	}
	return s.chart(ctx, tree, name, nil)
}

// folder checks a chart in a folder.
func (s *Scanner) folder(ctx context.Context, root *os.Root, tree *render.Tree, chart string, names []string) result {
	var gaps []gate.Gap
	size := 0
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
			return failed(chartNoun, chartNoun+" "+chart, fmt.Errorf("%s: %w", name, errBomb))
		}
		if size += len(text); size > maxChart {
			return failed(chartNoun, chartNoun+" "+chart, errTooLarge)
		}
	}
	a := s.chart(ctx, tree, chart, names)
	a.gaps = append(a.gaps, gaps...)
	return a
}

const chartNoun = "Helm chart"

// chart renders a chart with the values that it is deployed with, which gate.runtime
// declares, or with its own, and checks the result. A chart that needs further values
// is rendered with those in its folder ci, which helm lint and chart-testing use too;
// without any, as far as possible. Findings have no lines, because lines of rendered
// text do not exist in the file.
func (s *Scanner) chart(ctx context.Context, tree *render.Tree, chart string, names []string) result {
	a := result{noun: chartNoun}
	declared := false
	for _, c := range s.Charts {
		if path.Clean(c.Path) == chart {
			declared = true
			a.gaps = append(a.gaps, s.values(ctx, tree, chart, c.Values, &a)...)
		}
	}
	if declared {
		return a
	}
	for _, name := range names {
		if file := below(name, chart); strings.HasPrefix(file, "values") && file != "values.yaml" && strings.HasSuffix(file, ".yaml") && !strings.Contains(file, "/") {
			a.omit(otherValues, 1)
		}
	}
	missing := s.values(ctx, tree, chart, nil, &a)
	if len(missing) == 0 {
		return a
	}
	a.findings = nil
	for _, name := range names {
		if sample, _ := path.Match("ci/*values.yaml", below(name, chart)); sample && len(s.values(ctx, tree, chart, []string{name}, &a)) == 0 {
			missing = nil
		}
	}
	if len(missing) > 0 {
		a.findings = nil
		a.gaps = append(a.gaps, missing...)
		a.gaps = append(a.gaps, s.render(ctx, tree, chart, nil, true, &a)...)
	}
	return a
}

// values checks a chart with values files, and returns gaps if it cannot be rendered.
func (s *Scanner) values(ctx context.Context, tree *render.Tree, chart string, values []string, a *result) []gate.Gap {
	return s.render(ctx, tree, chart, values, false, a)
}

// render renders a chart and adds the findings. Of a part it reports no gaps: that the
// chart cannot be rendered as a whole is one.
func (s *Scanner) render(ctx context.Context, tree *render.Tree, chart string, values []string, part bool, a *result) (gaps []gate.Gap) {
	const remedy = `name the chart with the values it is deployed with in gate.runtime, commit values that suffice as ci/test-values.yaml in it, commit its dependencies (helm dependency build), or list the folder in gate.exclude if it is not a chart`
	out, err := tree.Render(ctx, render.Source{Chart: chart, Values: values}, render.Release{Inspect: true, Partial: part})
	if err != nil {
		out.Gaps = append(out.Gaps, render.Gap{What: chartNoun + " " + chart, Why: render.Reason(err)})
	}
	if !part {
		for _, g := range out.Gaps {
			gaps = append(gaps, gate.Gap{What: g.What, Why: oneLine(g.Why), Remedy: remedy, Partial: true})
		}
	}
	found, err := s.rendered(ctx, out.Objects, a, func(file string) string { return placeIn(chart, file) })
	a.findings = append(a.findings, found...)
	if err != nil {
		gaps = append(gaps, unread(chartNoun+" "+chart, err))
	}
	return gaps
}

// placeIn returns the name of a rendered file. A file of an archive has the name of the
// archive before it.
func placeIn(chart, file string) string {
	if inner, ok := strings.CutPrefix(file, chart+"/"); ok && sortOf(chart) == archive {
		return chart + ":" + inner
	}
	return file
}

// rendered checks objects that have no lines. place returns the name of the file of an
// object.
func (s *Scanner) rendered(ctx context.Context, objects []manifest.Object, a *result, place func(file string) string) ([]report.Finding, error) {
	var out []report.Finding
	var errs []error
	for _, o := range objects {
		document, err := kubernetes.NewManifest(o.File, placed(o.Map, nil, 0))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		found, err := s.objects(ctx, []*kubernetes.Manifest{document}, a)
		for i := range found {
			found[i].line = 0
		}
		out, errs = append(out, findings(place(o.File), found)...), append(errs, err)
	}
	return out, errors.Join(errs...)
}

// rendered reports whether a file of a chart affects the rendered manifests. below is
// its path in the chart.
func rendered(below string) bool {
	top, _, nested := strings.Cut(below, "/")
	if !nested {
		return sortOf(below) == manifestFile
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
