package workflow

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// selfHostedRunner reports a self-hosted runner that runs code of outsiders. Unless the
// runner is ephemeral, it keeps what that code leaves behind; it is also often in a
// private network.
func selfHostedRunner(w *File) []report.Finding {
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
				Message: fmt.Sprintf("job %s runs on a self-hosted runner (%s) on %s: in a public repository anyone can run code on it, and the runner keeps what that code leaves behind", value(j.ID), short(l.Value), strings.Join(events, ", ")),
				Fix:     "use runs-on: ubuntu-latest or an ephemeral runner, and require approval for all outside collaborators",
			})
			break
		}
	}
	return out
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
