package workflow

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

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
		if g := j.RunsOn.Group; g != nil && !w.hostedGroup(j) {
			out = append(out, report.Finding{
				Rule: "self-hosted-runner", Severity: report.Low, At: w.at(g.Pos),
				Message: fmt.Sprintf("job %s runs on a runner of the group %s on %s: if it is self-hosted, anyone can run code on it in a public repository, and the runner keeps what that code leaves behind", value(j.ID), short(g.Value), strings.Join(events, ", ")),
				Fix:     "use runs-on: ubuntu-latest or an ephemeral runner, and require approval for all outside collaborators",
			})
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

// hostedGroup reports whether a job asks for a runner of a group by the label of a
// GitHub-hosted one.
func (w *File) hostedGroup(j *actionlint.Job) bool {
	return slices.ContainsFunc(j.RunsOn.Labels, func(l *actionlint.String) bool {
		return strings.HasPrefix(l.Value, "ubuntu-") || strings.HasPrefix(l.Value, "windows-") || strings.HasPrefix(l.Value, "macos-")
	})
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
