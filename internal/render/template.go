package render

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
)

// template renders the chart and adds the objects, one file after the other.
func (r *Result) template(dir string, c *chart.Chart, values map[string]any, rel Release) error {
	able, err := rel.capabilities()
	if err != nil {
		return err
	}
	if err := rel.fits(c, able); err != nil {
		return err
	}
	if err := chartutil.ProcessDependencies(c, values); err != nil {
		return err
	}
	all, err := util.ToRenderValuesWithSchemaValidation(c, values, rel.options(c), able, true)
	if err != nil {
		return err
	}
	if !rel.Inspect {
		if own, ok := all["Values"].(common.Values); ok {
			if err := conform(c, own); err != nil {
				return err
			}
		}
	}
	called := calls{}
	renderer := engine.Engine{CustomTemplateFuncs: functions(rel.Inspect, called), LintMode: rel.Partial}
	texts, err := renderer.Render(c, all)
	for tries := 0; err != nil && rel.Partial && tries < maxDropped; tries++ {
		name := dropFailing(c, err)
		if name == "" {
			break
		}
		_, short, _ := strings.Cut(name, "/")
		r.Gaps = append(r.Gaps, Gap{What: path.Join(dir, short), Why: Reason(err), Remedy: "repair the template"})
		texts, err = renderer.Render(c, all)
	}
	if err != nil {
		return err
	}
	r.Varying = slices.Sorted(maps.Keys(called))
	size := 0
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if size += len(texts[name]); size > maxOutput {
			return fmt.Errorf("the output of the chart is larger than %d bytes", maxOutput)
		}
		if strings.HasSuffix(name, "NOTES.txt") {
			continue
		}
		_, short, _ := strings.Cut(name, "/") // the name of the chart
		file := path.Join(dir, short)
		for _, one := range documents(texts[name]) {
			r.add(file, []byte(one), false)
		}
	}
	before := len(r.Objects)
	for _, crd := range c.CRDObjects() {
		_, short, _ := strings.Cut(crd.Filename, "/")
		r.add(path.Join(dir, short), crd.File.Data, true)
	}
	r.CRDs = len(r.Objects) - before
	return nil
}

// documents splits a rendered text as Helm does, which differs from YAML.
func documents(text string) (out []string) {
	parts := releaseutil.SplitManifests(text)
	keys := slices.Collect(maps.Keys(parts))
	sort.Sort(releaseutil.BySplitManifestsOrder(keys))
	for _, k := range keys {
		out = append(out, parts[k])
	}
	return out
}
