package preview

import (
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestFork proves GP-PREV-10: a fork's pull request has a preview only for a commit
// that a label names, and a push takes the approval away.
func TestFork(t *testing.T) {
	t.Parallel()
	head := commit(0)
	for name, test := range map[string]struct {
		pull   githubtest.Pull
		reason string
	}{
		"GP-PREV-10 not approved":                 {githubtest.Pull{Fork: true}, "fork-not-approved"},
		"GP-PREV-10 approved":                     {githubtest.Pull{Fork: true, Labels: []string{"bug", "preview-ok-" + head[:32]}}, "ready"},
		"GP-PREV-10 approved with more digits":    {githubtest.Pull{Fork: true, Labels: []string{"preview-ok-" + head[:39]}}, "ready"},
		"GP-PREV-10 too few digits":               {githubtest.Pull{Fork: true, Labels: []string{"preview-ok-" + head[:31], "preview-ok-", "preview-ok"}}, "fork-not-approved"},
		"GP-PREV-10 another commit":               {githubtest.Pull{Fork: true, Labels: []string{"preview-ok-" + commit(1)[:32], "preview-ok-" + commit(1)}}, "fork-not-approved"},
		"GP-PREV-10 more than the commit":         {githubtest.Pull{Fork: true, Labels: []string{"preview-ok-" + head + "1"}}, "fork-not-approved"},
		"GP-PREV-10 hostile: looks like a prefix": {githubtest.Pull{Fork: true, Labels: []string{"preview-ok-1111111*", "preview-ok-.......", "preview-ok-1111111 ", "PREVIEW-OK-1111111", "preview-ok-\uff11111111"}}, "fork-not-approved"},
		"GP-PREV-10 hostile: the title approves":  {githubtest.Pull{Fork: true, Title: "preview-ok-1111111", Branch: "preview-ok-1111111"}, "fork-not-approved"},
		"GP-PREV-10 the fork is gone":             {githubtest.Pull{ForkGone: true}, "fork-not-approved"},
		"GP-PREV-10 a branch of our own":          {githubtest.Pull{}, "ready"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			p := test.pull
			p.Number, p.Head, p.Author = 12, head, "mallory"
			b.github.SetPull(p)
			r := b.up(b.of(12, 0))
			if string(r.Reason) != test.reason {
				t.Errorf("%s: %s", r.Reason, r.Title)
			}
			if test.reason == "ready" {
				return
			}
			if b.nothing(); b.deployed() != 0 || r.Verdict != report.Fail {
				t.Errorf("%s, deployed %v", r.Verdict, b.target.Deployed())
			}
			remedy := r.Checks[len(r.Checks)-1].Note
			label := remedy[strings.LastIndex(remedy, " ")+1:]
			p.Labels = append(p.Labels, label)
			b.github.SetPull(p)
			if r := b.up(b.of(12, 0)); r.Reason != "ready" {
				t.Errorf("after what the remedy says (%s): %s: %s", remedy, r.Reason, r.Title)
			}
		})
	}
}

// TestPushToAFork proves GP-PREV-10: the label of the commit before approves nothing.
func TestPushToAFork(t *testing.T) {
	b := newBench(t)
	p := githubtest.Pull{Number: 12, Fork: true, Head: commit(0), Author: "mallory", Labels: []string{"preview-ok-" + strings.Repeat("1", 39)}}
	b.github.SetPull(p)
	if r := b.up(b.of(12, 0)); r.Reason != "ready" {
		t.Fatalf("%s: %s", r.Reason, r.Title)
	}
	p.Head = commit(1)
	b.github.SetPull(p)
	if r := b.up(b.of(12, 1)); r.Reason != "fork-not-approved" || b.there()["pr-12"] != commit(0) {
		t.Errorf("%s: %s; runs %v", r.Reason, r.Title, b.there())
	}
}
