package render

import (
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
)

// maxDropped is the maximum number of templates that are left out of a chart that is
// rendered in part. Each costs another rendering.
const maxDropped = 100

// dropFailing removes the template that an error of the engine names first, which is the
// one that was being rendered, from the chart and its dependencies. It returns the name,
// with those of the charts, or "" if the error names none.
func dropFailing(c *chart.Chart, err error) string {
	text := err.Error()
	first, at := "", len(text)
	each(c, func(one *chart.Chart) {
		for _, t := range one.Templates {
			name := one.ChartFullPath() + "/" + t.Name
			if i := strings.Index(text, name+":"); i >= 0 && i < at {
				first, at = name, i
			} else if i := strings.Index(text, name+")"); i >= 0 && i < at {
				first, at = name, i
			}
		}
	})
	each(c, func(one *chart.Chart) {
		one.Templates = slices.DeleteFunc(one.Templates, func(t *common.File) bool { return one.ChartFullPath()+"/"+t.Name == first })
	})
	return first
}

func each(c *chart.Chart, visit func(*chart.Chart)) {
	visit(c)
	for _, dependency := range c.Dependencies() {
		each(dependency, visit)
	}
}
