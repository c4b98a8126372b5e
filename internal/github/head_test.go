package github_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestOpenPullRequestsOf proves part of GP-PREV-10: the reports of a fork's run are published on its
// own pull request and on no other.
func TestOpenPullRequestsOf(t *testing.T) {
	s, g, _ := start(t, "job")
	fork := func(number int, alter func(*githubtest.Pull)) {
		p := githubtest.Pull{Number: number, Head: commit, Merge: other, Branch: "fix/menu #1", Author: "mallory", Fork: true, Title: "x"}
		if alter != nil {
			alter(&p)
		}
		s.SetPull(p)
	}
	fork(20, nil)
	fork(21, nil) // to another base
	fork(22, func(p *githubtest.Pull) { p.State = "closed" })
	fork(23, func(p *githubtest.Pull) { p.Branch = "fix/menu" })
	fork(24, func(p *githubtest.Pull) { p.From = "mallory/second" })
	fork(25, func(p *githubtest.Pull) { p.Fork = false })
	fork(26, func(p *githubtest.Pull) { p.ForkGone = true })
	fork(27, func(p *githubtest.Pull) { p.Author = "ada" })
	numbers := func(from, branch string) []int {
		t.Helper()
		all, err := g.OpenPullRequestsOf(t.Context(), from, branch)
		if err != nil {
			t.Fatal(err)
		}
		var found []int
		for _, p := range all {
			found = append(found, p.Number)
			if p.Head != commit || p.Merge != other || p.Branch != branch {
				t.Errorf("%+v", p)
			}
		}
		slices.Sort(found)
		return found
	}
	for _, tc := range []struct {
		from, branch string
		want         []int
	}{
		{"mallory/fork", "fix/menu #1", []int{20, 21}},
		{"Mallory/Fork", "fix/menu #1", []int{20, 21}},
		{"mallory/second", "fix/menu #1", []int{24}},
		{"o/where2eat", "fix/menu #1", []int{25}},
		{"mallory/third", "fix/menu #1", nil},
		{"stranger/fork", "main", nil},
	} {
		if got := numbers(tc.from, tc.branch); !slices.Equal(got, tc.want) {
			t.Errorf("%s %s: %v, want %v", tc.from, tc.branch, got, tc.want)
		}
	}
	for _, tc := range [][2]string{{"", "main"}, {"mallory", "main"}, {"a/b/c", "main"}, {"mallory/fork", ""}, {"mallory/fork", strings.Repeat("b", 300)}} {
		var usage *report.UsageError
		if all, err := g.OpenPullRequestsOf(t.Context(), tc[0], tc[1]); !errors.As(err, &usage) || all != nil {
			t.Errorf("%q: %v, %v", tc, all, err)
		}
	}
}

// TestOpenPullRequestsOfAFilterLeftOut: GitHub lists all of them then.
func TestOpenPullRequestsOfAFilterLeftOut(t *testing.T) {
	s, g, _ := start(t, "job")
	for n := 1; n <= 130; n++ {
		s.SetPull(githubtest.Pull{Number: n, Head: other, Branch: "a branch", Author: "ada", Title: "x"})
	}
	s.SetPull(githubtest.Pull{Number: 7, Head: commit, Branch: "fix", Author: "mallory", Fork: true, Title: "x"})
	s.Unfiltered = true
	all, err := g.OpenPullRequestsOf(t.Context(), "mallory/fork", "fix")
	if err != nil || len(all) != 1 || all[0].Number != 7 || !all[0].Fork {
		t.Errorf("%+v, %v", all, err)
	}
	s.Private = true
	s.Tokens["job"] = githubtest.Token{Account: githubtest.Actions, May: []string{}}
	all, err = g.OpenPullRequestsOf(t.Context(), "mallory/fork", "fix")
	var d *github.Denied
	if !errors.As(err, &d) || all != nil || !strings.Contains(err.Error(), "pull-requests: read") {
		t.Errorf("a token that may not read: %v, %v", all, err)
	}
}
