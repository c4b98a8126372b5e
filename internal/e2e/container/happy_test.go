//go:build e2e

package container

import (
	"strings"
	"testing"
)

func TestHappy(t *testing.T) {
	for _, name := range []string{"preview-up", "preview-down", "security-gate", "scorecard", "promote"} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, true)
			if name == "preview-down" {
				if r := s.run(s.step("preview-up", s.with("preview-up"))); r.Exit != 0 {
					t.Fatalf("preview-up: exit %d\n%s", r.Exit, r.Said)
				}
			}
			r := s.run(s.step(name, s.with(name)))
			t.Logf("%+v", r)
			if f := s.foreign(); len(f) > 0 {
				t.Errorf("files of another user: %d\n%s", len(f), strings.Join(f, "\n"))
			}
		})
	}
}
