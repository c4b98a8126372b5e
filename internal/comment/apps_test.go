package comment

import (
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestApps (GP-PATH-10): each app of a repository has its own part of the one comment, and a
// report of one app leaves the parts of the others as they are.
func TestApps(t *testing.T) {
	const commit = "3f9c2d1e5a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1d"
	part := func(app string, v report.Verdict) Part {
		return Part{Section: "security-gate", App: app, Trusted: true, Report: &report.Report{Name: "security-gate", Verdict: v, Title: "of " + app, Commit: commit}}
	}
	comment := Edit("", commit, part("web", report.Pass), part("api", report.Fail))
	comment = Edit(comment, commit, part("web", report.Warn))
	d := parse(comment)
	if len(d.sections) != 2 || d.sections[0].name != "security-gate/api" || d.sections[1].marker.Verdict != report.Warn {
		t.Fatalf("sections %+v", d.sections)
	}
	for _, want := range []string{"✗ blocked · 1 of 2 must be fixed", "| api: security |", "| web: security |", "- api: security-gate: of api", "<b>web: security-gate</b>"} {
		if !strings.Contains(comment, want) {
			t.Errorf("no %q in\n%s", want, comment)
		}
	}
	for _, name := range []string{"security-gate/", "security-gate/Web", "security-gate/a/b", "/web"} {
		if _, ok := sectionName(begin(name)); ok {
			t.Errorf("%q is a section", name)
		}
	}
}
