package actionlint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// selfHostedRunner reports a machine of one's own that runs code of strangers: it
// keeps what that code leaves behind, and stands in a network.
func selfHostedRunner(w workflow) []report.Finding {
	var out []report.Finding
	for _, j := range w.jobs() {
		events := w.outsiders(j, nil)
		if j.RunsOn == nil || len(events) == 0 {
			continue
		}
		for _, l := range j.RunsOn.Labels {
			own := slices.ContainsFunc(matrixValues(j, l), func(v string) bool {
				return strings.EqualFold(v, "self-hosted") || slices.Contains(w.labels, v)
			})
			if !own {
				continue
			}
			out = append(out, report.Finding{
				Rule: "self-hosted-runner", Severity: report.Low, At: w.at(l.Pos),
				Message: fmt.Sprintf("job %s runs on a machine of your own (%s) on %s: in a public repository that is code of anybody, on a machine that keeps what it leaves", value(j.ID), short(l.Value), strings.Join(events, ", ")),
				Fix:     "runs-on: ubuntu-latest for what strangers cause, or a runner that is thrown away after one job, and approval for all outside collaborators",
			})
			break
		}
	}
	return out
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
