package comment

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// connect returns a GitHub with pull request 12 at commit A, and a client of it.
func connect(t *testing.T, p githubtest.Pull) (*githubtest.Server, *github.Client) {
	t.Helper()
	s := githubtest.Start(t, "acme/hello")
	p.Number, p.Author, p.Branch, p.Title = 12, "ann", "change", "A change"
	if p.Head == "" {
		p.Head = commitA
	}
	s.SetPull(p)
	c, err := github.New(github.Options{Repository: "acme/hello", API: s.URL, Token: "job"})
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

// the returns the text of the only comment.
func the(t *testing.T, s *githubtest.Server) string {
	t.Helper()
	all := s.Comments(12)
	if len(all) != 1 {
		t.Fatalf("%d comments, want 1", len(all))
	}
	return all[0].Body
}

func TestPublish(t *testing.T) {
	ofFork := githubtest.Pull{Fork: true, From: "mallory/fork", Merge: commitB}
	fork := Run{Head: commitA, Repository: "mallory/fork", Branch: "change", URL: "https://github.com/acme/hello/actions/runs/41"}
	own := Run{PullRequest: 12, Head: commitA, URL: "https://github.com/acme/hello/actions/runs/42"}
	for name, tc := range map[string]struct {
		pull    githubtest.Pull
		run     Run
		commit  string // of the report
		denied  bool   // the token may only read
		want    string // verdict and reason
		title   string
		comment string // part of it; "": there is none
	}{
		"GP-PREV-10 of a fork":     {ofFork, fork, commitA, false, "pass commented", "1 report published on pull request 12", "Reported by a run of the fork `mallory/fork`"},
		"about the merge":          {ofFork, fork, commitB, false, "pass commented", "", "| ✓ | test | 9 passed · reported by an untrusted run |"},
		"about another commit":     {ofFork, fork, strings.Repeat("c", 40), false, "warn comment-incomplete", "", ""},
		"its own":                  {githubtest.Pull{}, own, commitA, false, "pass commented", "", "### goldenpath · ✓ nothing blocks · commit `aaaaaaa`"},
		"its own, of a fork":       {ofFork, own, commitA, false, "skip nothing-to-report", "a run of a fork may not comment", ""},
		"its own, moved":           {githubtest.Pull{Head: commitB}, own, commitA, false, "skip head-moved", "pull request 12 has a newer commit than aaaaaaa", ""},
		"follows, moved":           {githubtest.Pull{Fork: true, From: "mallory/fork", Head: commitB}, fork, commitA, false, "skip head-moved", "pull request 12 has a newer commit than aaaaaaa", ""},
		"follows, closed":          {githubtest.Pull{Fork: true, From: "mallory/fork", State: "closed", Closed: time.Now()}, fork, commitA, false, "skip pull-request-closed", "the branch of aaaaaaa has no open pull request", ""},
		"another fork's branch":    {githubtest.Pull{Fork: true, From: "ann/fork"}, fork, commitA, false, "skip pull-request-closed", "", ""},
		"the token may not":        {githubtest.Pull{}, own, commitA, true, "warn comment-incomplete", "not every report was published", ""},
		"there is nothing":         {githubtest.Pull{}, Run{Nothing: "the fork of the run before has been deleted"}, commitA, false, "skip nothing-to-report", "the fork of the run before has been deleted", ""},
		"a follower of our branch": {githubtest.Pull{}, Run{Head: commitA, Repository: "acme/hello", Branch: "change"}, commitA, false, "pass commented", "", "### goldenpath · ? not verified"},
	} {
		t.Run(name, func(t *testing.T) {
			s, hub := connect(t, tc.pull)
			if tc.denied {
				s.Private = true
				s.Tokens["job"] = githubtest.Token{Account: githubtest.Actions, May: []string{"pull-requests: read"}}
			}
			dir := writeFiles(t, map[string]string{"a": encoded(t, &report.Report{Name: "test", Commit: tc.commit, Verdict: report.Pass, Reason: report.ReasonPassed, Title: "9 passed"})})
			rep, err := Publish(t.Context(), hub, tc.run, dir, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if got := string(rep.Verdict) + " " + string(rep.Reason); got != tc.want || !strings.Contains(rep.Title, tc.title) {
				t.Errorf("%s: %s, want %s: %s", got, rep.Title, tc.want, tc.title)
			}
			if tc.comment == "" {
				if n := len(s.Comments(12)); n > 0 {
					t.Errorf("%d comments: %s", n, s.Comments(12)[0].Body)
				}
				return
			}
			if text := the(t, s); !strings.Contains(text, tc.comment) {
				t.Errorf("want %s in\n%s", tc.comment, text)
			}
			if _, err := Publish(t.Context(), hub, tc.run, dir, time.Now()); err != nil || s.Comments(12)[0].Edited != 0 {
				t.Errorf("publishing again edits the comment: %v", err)
			}
		})
	}
}

// TestPublishRefuses: a hostile file fails the command, also if there is no pull request;
// a GitHub that does not answer is an error.
func TestPublishRefuses(t *testing.T) {
	own := Run{PullRequest: 12, Head: commitA}
	s, hub := connect(t, githubtest.Pull{})
	dir := writeFiles(t, map[string]string{"a": "<", "b": encoded(t, &report.Report{Name: "test", Verdict: report.Pass, Title: "9 passed"})})
	rep, err := Publish(t.Context(), hub, own, dir, time.Now())
	if err != nil || rep.Reason != report.ReasonReportsRefused || rep.Verdict != report.Fail || !strings.Contains(the(t, s), "9 passed") {
		t.Errorf("%+v, %v", rep, err)
	}
	if rep, err = Publish(t.Context(), hub, own, t.TempDir(), time.Now()); err != nil || rep.Reason != report.ReasonNothingToReport {
		t.Errorf("an empty folder: %+v, %v", rep, err)
	}
	if _, err = Publish(t.Context(), hub, Run{PullRequest: 99, Head: commitA}, dir, time.Now()); err == nil || !strings.Contains(err.Error(), "99") {
		t.Errorf("an unknown pull request: %v", err)
	}
	s.Break(func(r *http.Request) (int, http.Header, string, bool) {
		return http.StatusServiceUnavailable, nil, "", r.Method == http.MethodGet
	})
	if _, err = Publish(t.Context(), hub, own, dir, time.Now()); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("GitHub is down: %v", err)
	}
}

// TestUntrustedLosesPowers proves GP-SAFE-2: an untrusted report keeps its words and
// loses its links, diagrams, outputs and subject; the trusted one keeps them.
func TestUntrustedLosesPowers(t *testing.T) {
	rep := &report.Report{
		Name: "test", Subject: "pr-99", Digest: "sha256:cafe", Commit: commitA, Verdict: report.Pass, Title: "9 passed", Outputs: []report.Output{{Name: "url", Value: "https://evil.example"}},
		Checks:   []report.Check{{Name: "unit", State: report.OK, Result: "9", Link: "https://evil.example/login"}},
		Sections: []report.Section{{Title: "diagram", Mermaid: "graph TD; a-->b; click a \"https://evil.example\""}},
	}
	p := github.PullRequest{Number: 12, Head: commitB, Fork: true}
	hostile := Edit("", commitB, Run{Head: commitA, Repository: "mallory/fork"}.part(rep, p))
	for _, power := range []string{"](https://evil", "```mermaid", "pr-99", "cafe"} {
		if strings.Contains(hostile, power) {
			t.Errorf("%q in\n%s", power, hostile)
		}
	}
	for _, words := range []string{"unit: https://evil.example/login", "addresses in this report", "graph TD", "`bbbbbbb`"} {
		if !strings.Contains(hostile, words) {
			t.Errorf("%q is not in\n%s", words, hostile)
		}
	}
	trusted := Edit("", commitB, Run{PullRequest: 12, Head: commitA}.part(rep, p))
	for _, power := range []string{"](https://evil.example/login)", "```mermaid", "pr-99"} {
		if !strings.Contains(trusted, power) {
			t.Errorf("%q is not in\n%s", power, trusted)
		}
	}
	if rep.Commit != commitA || rep.Checks[0].Link == "" || rep.Sections[0].Mermaid == "" {
		t.Errorf("the report itself was changed: %+v", rep)
	}
}
