package render

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"helm.sh/helm/v4/pkg/chart/v2/loader"

	"github.com/seed-b235b314/goldenpath/internal/manifest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// values merges the chart's values files, a later file over an earlier one, and then
// the values of Set.
func (t *Tree) values(s Source) (map[string]any, error) {
	all := map[string]any{}
	var problems []string
	for i, name := range s.Values {
		name = path.Clean(name)
		at := s.at(fmt.Sprintf("values[%d]", i))
		text, err := t.Read(name, maxFile)
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", at, err))
			continue
		}
		_, err = manifest.Decode(text) // refuses text that would exhaust the memory
		if err == nil {
			var some map[string]any
			if some, err = loader.LoadValues(bytes.NewReader(text)); err == nil {
				all = loader.MergeMaps(all, some)
			}
		}
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s: %s: %s", at, name, Reason(err)))
		}
	}
	problems = append(problems, s.set(all)...)
	if len(problems) > 0 {
		return nil, report.Usage(strings.Join(problems, "\n"))
	}
	return all, nil
}
