//go:build e2e

package server

import (
	"strings"
	"testing"
)

// TestFromLaptop takes a commit from a person's machine through the whole path to production
// on a server, without GitHub, twice, and goes back.
func TestFromLaptop(t *testing.T) {
	s := start(t, "laptop-podman", "podman")
	a := sample(t, s)
	first := a.commits[1]
	if plan := a.must("run", "--servers", "--dry-run"); strings.Contains(plan, "local-") || s.root("ls /var/lib/goldenpath/state/environments") != "" {
		t.Errorf("the plan of a run with servers:\n%s", plan)
	}
	out := a.must("run", "--servers")
	a.answers("staging", first)
	a.answers("www", first)
	if !strings.Contains(out, a.url("www")) {
		t.Errorf("the run does not say where production is:\n%s", out)
	}
	a.edit("main.go", `const version = "1.0.`, `const version = "1.0.9`)
	a.git("commit", "--quiet", "--all", "--message", "W2E-9")
	second := a.git("rev-parse", "HEAD")
	a.must("run", "--servers")
	a.answers("www", second)
	a.must("rollback", "--reason", "results are slow")
	a.answers("www", first)
	if left := s.root("ls /var/lib/goldenpath/state/environments"); strings.Contains(left, "preview") {
		t.Errorf("previews of the runs are left: %s", left)
	}
}
