package scaffold

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
)

// configuration is .goldenpath.yml. It is read as every command reads it: one that
// goldenpath refuses is never written.
func configuration(f *Facts) (text, not string, err error) {
	lines := []string{"version: 1", "app: " + scalar(f.App, false)}
	lines = append(lines, f.artifact.lines...)
	if steps := f.steps(); len(steps) > 0 {
		lines = append(lines, "checks: # run in this order, on every commit")
		for _, s := range steps {
			line := scalar(s.run, false)
			if s.junit != "" {
				line = fmt.Sprintf("{run: %s, junit: %s}", scalar(s.run, true), scalar(s.junit, true))
			}
			lines = append(lines, "  "+s.name+": "+line)
		}
	}
	if len(f.artifact.how) > 0 {
		lines = append(lines, f.environments()...)
	}
	lines = append(lines, f.graded())
	text = strings.Join(lines, "\n") + "\n"
	if _, err := config.Parse([]byte(text)); err != nil {
		return "", "", fmt.Errorf("what it would say is refused, which is a mistake of goldenpath's: %w: report it, and write the file by hand", err)
	}
	return text, "", nil
}

// environments are where the artifact runs. A chart or a kustomization that is the
// only one is what is deployed everywhere; of several none is taken.
func (f *Facts) environments() []string {
	source := ""
	switch {
	case len(f.Charts) == 1:
		source = "target: kubernetes, chart: " + scalar(f.Charts[0], true)
	case len(f.Charts) == 0 && len(f.Kustomizations) == 1:
		source = "target: kubernetes, kustomize: " + scalar(f.Kustomizations[0], true)
	}
	ready := "  ready: {path: " + cmp.Or(f.Health, "/") + "}"
	if f.Health == "" {
		ready += " # check: no health path was found"
	} else {
		ready += " # check: from " + f.HealthIn
	}
	lines := []string{"preview:"}
	if source != "" {
		target, what, _ := strings.Cut(source, ", ")
		lines = append(lines, "  "+target, "  "+what+" # check: url, or a Service of type NodePort")
	}
	lines = append(lines, ready)
	if source == "" {
		return append(lines, "environments:", "  staging: {}", "  production: {from: staging}")
	}
	return append(lines, "environments:", "  staging: {"+source+"}", "  production: {"+source+", from: staging}")
}

// graded is what the scorecard asks for: tests only where something writes their
// results.
func (f *Facts) graded() string {
	migrations, must := "", "[tests, security]"
	if f.Migrations != "" {
		migrations = "migrations: " + scalar(f.Migrations, true) + ", "
	}
	if f.proven() {
		return "scorecard: {" + migrations + "must: " + must + "}"
	}
	return "scorecard: {" + migrations + "must: [security]} # add tests, once a check writes JUnit (junit: reports/*.xml)"
}
