//go:build e2e

package server

import (
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/evidence"
)

// TestSeveral: production on two servers gets one digest or none.
func TestSeveral(t *testing.T) {
	one, two := start(t, "several-a-podman", "podman"), start(t, "several-b-podman", "podman")
	a := sample(t, one, two)
	for version := range 2 {
		a.attest(version, staged...)
		a.pass(a.promote("staging", version))
		a.attest(version, evidence.Scorecard, evidence.Battery)
		if version == 1 {
			break
		}
		a.pass(a.promote("production", version))
	}
	for _, s := range a.servers {
		if got := s.version("www." + one.name + ".test"); !strings.Contains(got, a.commits[0]) {
			t.Errorf("%s serves %q", s.name, got)
		}
	}
	// The second server cannot start anything: nothing is switched on the first.
	two.root("chmod -x /usr/bin/podman")
	code, out := a.promote("production", 1)
	if code == 0 {
		t.Errorf("a promotion to a broken server passes:\n%s", out)
	}
	for _, s := range a.servers {
		if got := s.version("www." + one.name + ".test"); !strings.Contains(got, a.commits[0]) {
			t.Errorf("after a failed promotion %s serves %q", s.name, got)
		}
	}
	two.root("chmod +x /usr/bin/podman")
	a.pass(a.promote("production", 1))
	for _, s := range a.servers {
		if got := s.version("www." + one.name + ".test"); !strings.Contains(got, a.commits[1]) {
			t.Errorf("%s serves %q", s.name, got)
		}
	}
}

// version asks a server for what it serves under a name, whatever DNS says.
func (s *server) version(name string) string {
	s.t.Helper()
	return s.root("curl -s --max-time 5 -H 'Host: " + name + "' http://127.0.0.1/version")
}
