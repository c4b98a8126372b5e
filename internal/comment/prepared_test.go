package comment

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestPrepared proves GP-PREV-12: what a job without credentials has seeded is found in the
// comment by the next deployment, for this generation only, and the comment shows the same.
func TestPrepared(t *testing.T) {
	const generation = "1@2026-11-21T12:00:00Z"
	s, hub := connect(t, githubtest.Pull{})
	p := Previews{Hub: hub, App: "shop"}
	seeded := func() string {
		t.Helper()
		got, err := p.Seeded(t.Context(), 12)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	record := func(generation string) report.Verdict {
		t.Helper()
		r, err := p.Prepared(t.Context(), "pr-12", 12, generation, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return r.Verdict
	}
	if got := seeded(); got != "" || len(s.Comments(12)) != 0 {
		t.Errorf("before there is a comment: %q, %d comments", got, len(s.Comments(12)))
	}
	if v := record(generation); v != report.Skip || len(s.Comments(12)) != 0 {
		t.Errorf("recorded without a preview: %s", v)
	}
	up := created()
	up.Set("generation", generation)
	p.Created(t.Context(), up, "pr-12", 12, commitA)
	if got := seeded(); got != "" {
		t.Errorf("it was not seeded yet: %q", got)
	}
	if v := record("1@2020-01-01T00:00:00Z"); v != report.Skip || seeded() != "" {
		t.Errorf("another generation was recorded: %s", v)
	}
	before := the(t, s)
	if v := record(generation); v != report.Pass || seeded() != generation {
		t.Errorf("%s, %q", v, seeded())
	}
	if after := the(t, s); strings.Replace(after, `,"seeded":true`, "", 1) != before {
		t.Errorf("more than the marker was changed:\n%s\n%s", before, after)
	}
	p.Created(t.Context(), created(), "pr-12", 12, commitB)
	if got := seeded(); got != "" {
		t.Errorf("after the next deployment: %q", got)
	}
	if got, err := (Previews{}).Seeded(t.Context(), 12); got != "" || err != nil {
		t.Errorf("without GitHub: %q, %v", got, err)
	}
}
