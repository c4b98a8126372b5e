package github_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

func TestPullRequest(t *testing.T) {
	s, g, c := start(t, "job")
	closed := c.Now().Add(-time.Hour)
	for name, tc := range map[string]struct {
		alter func(*githubtest.Pull)
		want  func(*github.PullRequest)
	}{
		"open":    {func(*githubtest.Pull) {}, func(*github.PullRequest) {}},
		"draft":   {func(p *githubtest.Pull) { p.Draft = true }, func(p *github.PullRequest) { p.Draft = true }},
		"no name": {func(p *githubtest.Pull) { p.Labels = nil }, func(p *github.PullRequest) { p.Labels = nil }},
		"closed":  {func(p *githubtest.Pull) { p.State, p.Closed = "closed", closed }, func(p *github.PullRequest) { p.State, p.Closed = "closed", closed }},
		"merged": {
			func(p *githubtest.Pull) { p.State, p.Merged, p.Closed = "closed", true, closed },
			func(p *github.PullRequest) { p.State, p.Merged, p.Closed = "closed", true, closed },
		},
		"GP-PREV-10 a fork":                  {func(p *githubtest.Pull) { p.Fork = true }, func(p *github.PullRequest) { p.Fork = true }},
		"GP-PREV-10 a fork that was deleted": {func(p *githubtest.Pull) { p.ForkGone = true }, func(p *github.PullRequest) { p.Fork = true }},
	} {
		t.Run(name, func(t *testing.T) {
			p := pull()
			tc.alter(&p)
			s.SetPull(p)
			want := github.PullRequest{
				Number: 12, State: "open", Head: commit, Branch: "menu", Author: "ada", Title: "Show the menu", Labels: []string{"preview"}, Updated: c.Now(),
			}
			tc.want(&want)
			got, err := g.PullRequest(t.Context(), 12)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if open, err := g.OpenPullRequests(t.Context()); err != nil || len(open) == 1 != (want.State == "open") {
				t.Errorf("open: %v, %v", open, err)
			}
		})
	}
}

// TestMissing: GP-PREV-5: only what certainly is not there is "not found", for
// what is not found is removed.
func TestMissing(t *testing.T) {
	s, g, c := start(t, "job")
	if _, err := g.PullRequest(t.Context(), 99); !errors.Is(err, github.ErrNotFound) {
		t.Errorf("GP-PREV-5 no such number: %v, want ErrNotFound", err)
	}
	s.Private = true
	s.Tokens["narrow"] = githubtest.Token{Account: githubtest.Actions, May: []string{"deployments: write"}}
	s.SetPull(pull())
	for name, token := range map[string]string{"a private repository without a token": "", "a token without the permission": "narrow", "a token that expired": "old"} {
		t.Run("GP-PREV-5 "+name, func(t *testing.T) {
			one, err := client(t, s, token, c).PullRequest(t.Context(), 12)
			denied(t, err, "pull request 12")
			if errors.Is(err, github.ErrNotFound) || one.Number != 0 {
				t.Errorf("%+v, %v: taken for one that does not exist", one, err)
			}
			all, err := client(t, s, token, c).OpenPullRequests(t.Context())
			denied(t, err, "list open pull requests")
			if all != nil {
				t.Errorf("a list without an answer: %v", all)
			}
		})
	}
}

// denied checks for a refusal that names what was asked for and a remedy.
func denied(t *testing.T, err error, want string) {
	t.Helper()
	var d *github.Denied
	if !errors.As(err, &d) || !strings.Contains(d.What, want) || d.Why == "" || d.Remedy == "" {
		t.Errorf("%#v (%v), want a refusal of %q", err, err, want)
	}
}

func TestOpenPullRequestsOverPages(t *testing.T) {
	s, g, _ := start(t, "job")
	for n := 1; n <= 250; n++ {
		p := pull()
		p.Number = n
		if n%50 == 0 {
			p.State = "closed"
		}
		s.SetPull(p)
	}
	open, err := g.OpenPullRequests(t.Context())
	if err != nil || len(open) != 245 {
		t.Fatalf("%d open, %v, want 245", len(open), err)
	}
	if n := sent(s, "GET", "/pulls"); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

// TestEndlessPages: a list that never ends is an error.
func TestEndlessPages(t *testing.T) {
	s, g, _ := start(t, "job")
	s.Break(func(r *http.Request) (int, http.Header, string, bool) {
		return 200, http.Header{"Link": {`<` + s.URL + `/x?page=2>; rel="next"`}}, `[]`, true
	})
	all, err := g.OpenPullRequests(t.Context())
	denied(t, err, "list open pull requests")
	if all != nil || len(s.Requests()) != 100 {
		t.Errorf("%v after %d requests", all, len(s.Requests()))
	}
}

func TestHostilePullRequest(t *testing.T) {
	s, g, _ := start(t, "job")
	bad := strings.Repeat("$(rm -rf /) `x` \x1b[2J\x1b]8;;http://e\x07 ::error::\n\u202e -->\xff é", 90)
	p := pull()
	p.Title, p.Branch, p.Author, p.Labels = bad, bad, bad, make([]string, 300)
	for i := range p.Labels {
		p.Labels[i] = "preview-keep" + bad
	}
	s.SetPull(p)
	got, err := g.PullRequest(t.Context(), 12)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Labels) != 100 || len(got.Title) > 1024 || len(got.Branch) > 255 || len(got.Author) > 100 {
		t.Errorf("not bounded: %d labels, title %d, branch %d, author %d", len(got.Labels), len(got.Title), len(got.Branch), len(got.Author))
	}
	for _, s := range append(got.Labels, got.Title, got.Branch, got.Author) {
		if strings.ContainsFunc(s, unicode.IsControl) || !utf8.ValidString(s) || !strings.HasSuffix(s, "…") {
			t.Errorf("not clean, or cut without a mark: %q", s)
		}
	}
	p.Head = "$(rm -rf /)"
	s.SetPull(p)
	if got, err := g.PullRequest(t.Context(), 12); err == nil {
		t.Errorf("head %q was taken for a commit", got.Head)
	}
	if got, err := g.OpenPullRequests(t.Context()); err == nil {
		t.Errorf("%v: head was taken for a commit", got)
	}
}

// TestAnotherNumber: an answer about something else is none.
func TestAnotherNumber(t *testing.T) {
	s, g, _ := start(t, "job")
	s.Break(func(*http.Request) (int, http.Header, string, bool) {
		return 200, nil, `{"number":13,"state":"closed","head":{"sha":"` + commit + `"}}`, true
	})
	if p, err := g.PullRequest(t.Context(), 12); err == nil || p.Number != 0 {
		t.Errorf("%+v, %v", p, err)
	}
	s.Break(func(*http.Request) (int, http.Header, string, bool) {
		return 200, nil, `{"number":12,"state":"open","head":{"sha":"` + commit + `"}}`, true
	})
	if p, err := g.PullRequest(t.Context(), 12); err != nil || !p.Fork {
		t.Errorf("GP-PREV-10 an answer that does not say where the branch is: %+v, %v", p, err)
	}
}
