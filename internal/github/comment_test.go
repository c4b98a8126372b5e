package github_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

const marker = "<!-- goldenpath: pr-12 -->"

var stranger = githubtest.Account{ID: 666, Login: "mallory"}

func says(s string) func(string) string { return func(string) string { return s } }

func bodies(s *githubtest.Server) []string {
	var all []string
	for _, c := range s.Comments(12) {
		all = append(all, c.By.Login+": "+c.Body)
	}
	return all
}

func TestComment(t *testing.T) {
	s, g, _ := start(t, "job")
	s.SetPull(pull())
	steps := []struct {
		name, old, say string
		want           []string
		writes         int
	}{
		{"GP-PREV-9 nothing to say makes nothing", "", "", nil, 0},
		{"GP-PREV-9 the first", "", "up\n", []string{"github-actions[bot]: " + marker + "\nup"}, 1},
		{"GP-PREV-9 edited in place", "up", "down", []string{"github-actions[bot]: " + marker + "\ndown"}, 2},
		{"GP-PREV-9 the same again", "down", " down ", []string{"github-actions[bot]: " + marker + "\ndown"}, 2},
		{"GP-PREV-9 left as it is", "down", "", []string{"github-actions[bot]: " + marker + "\ndown"}, 2},
	}
	for _, tc := range steps {
		t.Run(tc.name, func(t *testing.T) {
			calls := 0
			o, err := g.Comment(t.Context(), 12, "pr-12", func(old string) string {
				calls++
				if old != tc.old {
					t.Errorf("old %q, want %q", old, tc.old)
				}
				return tc.say
			})
			if err != nil || !o.Done || o.Why != "" || calls != 1 || (o.Link != "") != (tc.want != nil) {
				t.Errorf("%+v, %v, edit called %d times", o, err, calls)
			}
			if diff := cmp.Diff(tc.want, bodies(s)); diff != "" {
				t.Error(diff)
			}
			if n := sent(s, "POST", "/comments") + sent(s, "PATCH", "/comments"); n != tc.writes {
				t.Errorf("%d writes so far, want %d", n, tc.writes)
			}
		})
	}
	if n := sent(s, "POST", "/graphql"); n != 1 {
		t.Errorf("asked %d times whose token it is", n)
	}
}

// TestStrangersComment: anyone who can read the marker can write it.
func TestStrangersComment(t *testing.T) {
	person := githubtest.Account{ID: 5, Login: "release-team"}
	for name, by := range map[string]githubtest.Account{"job": githubtest.Actions, "person": person} {
		t.Run("GP-PREV-9 "+name, func(t *testing.T) {
			s, g, _ := start(t, name)
			s.Tokens["person"] = githubtest.Token{Account: person}
			s.SetPull(pull())
			evil := marker + "\nhttps://evil.example"
			for _, a := range []githubtest.Account{stranger, {ID: 7, Login: "github-actions"}, {ID: 8, Login: "other[bot]", Bot: true}} {
				s.AddComment(12, a, evil)
			}
			s.AddComment(12, by, "look: "+marker)                                // not at the start
			s.AddComment(12, by, "<!-- goldenpath: pr-1 -->\nanother's")         // another pull request
			s.AddComment(12, by, marker+"2 -->\nit only begins like the marker") // nor this
			before := s.Comments(12)
			for _, say := range []string{"ours", "ours again"} {
				o, err := g.Comment(t.Context(), 12, "pr-12", func(old string) string {
					if strings.Contains(old, "evil") {
						t.Errorf("a stranger's words were trusted: %q", old)
					}
					return say
				})
				if err != nil || !o.Done {
					t.Fatal(o, err)
				}
			}
			after := s.Comments(12)
			if diff := cmp.Diff(before, after[:len(before)]); diff != "" {
				t.Errorf("touched:\n%s", diff)
			}
			if len(after) != len(before)+1 || after[len(before)].Body != marker+"\nours again" {
				t.Errorf("%+v", after[len(before):])
			}
		})
	}
}

func TestCommentAmong250(t *testing.T) {
	s, g, _ := start(t, "job")
	s.SetPull(pull())
	for i := range 250 {
		body := "a comment"
		if i == 240 {
			body = marker + "\r\nold\r\nlines"
		}
		s.AddComment(12, githubtest.Actions, body)
	}
	o, err := g.Comment(t.Context(), 12, "pr-12", func(old string) string {
		if old != "old\nlines" {
			t.Errorf("old %q", old)
		}
		return "new"
	})
	all := s.Comments(12)
	if err != nil || !o.Done || len(all) != 250 || all[240].Body != marker+"\nnew" {
		t.Errorf("%+v, %v, %d comments", o, err, len(all))
	}
	if n := sent(s, "GET", "/comments"); n != 3 {
		t.Errorf("%d pages read, want 3", n)
	}
}

// TestTwoSticky: two runs at once made one each.
func TestTwoSticky(t *testing.T) {
	s, g, _ := start(t, "job")
	s.SetPull(pull())
	s.AddComment(12, stranger, marker+"\nevil")
	s.AddComment(12, githubtest.Actions, marker+"\nfirst")
	s.AddComment(12, githubtest.Actions, marker+"\nsecond")
	for range 2 {
		if o, err := g.Comment(t.Context(), 12, "pr-12", says("now")); err != nil || !o.Done || !strings.HasSuffix(o.Link, "#issuecomment-1002") {
			t.Fatal(o, err)
		}
	}
	want := []string{
		"mallory: " + marker + "\nevil", "github-actions[bot]: " + marker + "\nnow",
		"github-actions[bot]: Continued in [another comment](#issuecomment-1002).",
	}
	if diff := cmp.Diff(want, bodies(s)); diff != "" {
		t.Error(diff)
	}
	if n := sent(s, "PATCH", ""); n != 2 {
		t.Errorf("%d edits, want 2: the second time nothing is left to do", n)
	}
}

func TestMarkerIsCleaned(t *testing.T) {
	s, g, _ := start(t, "job")
	s.SetPull(pull())
	if o, err := g.Comment(t.Context(), 12, "pr-12 --><script>\n", says("x")); err != nil || !o.Done {
		t.Fatal(o, err)
	}
	want := []string{"github-actions[bot]: <!-- goldenpath: pr-12-----script-- -->\nx"}
	if diff := cmp.Diff(want, bodies(s)); diff != "" {
		t.Error(diff)
	}
}

// TestCommentDenied: what a token may not do is an outcome, with what to do.
func TestCommentDenied(t *testing.T) {
	for name, tc := range map[string]struct {
		may     []string
		number  int
		say     string
		locked  bool
		wantWhy string
	}{
		"GP-PREV-9 a fork's token":     {[]string{"pull-requests: read"}, 12, "x", false, "403 (Resource not accessible by integration): give the job's token `pull-requests: write`; runs for forks"},
		"GP-PREV-9 no such number":     {nil, 13, "x", false, "404 (Not Found): it does not exist, or the token may not see it"},
		"GP-PREV-9 a body too long":    {nil, 12, strings.Repeat("x", 70000), false, "422 (Validation Failed; Body is too long (maximum is 65536 characters))"},
		"GP-PREV-9 a conversation":     {nil, 12, "x", true, "403 (Unable to create comment because issue is locked.): read GitHub's message"},
		"GP-PREV-9 an edit is refused": {[]string{"pull-requests: read"}, 14, "x", false, "`pull-requests: write`"},
	} {
		t.Run(name, func(t *testing.T) {
			s, g, _ := start(t, "job")
			s.Tokens["job"] = githubtest.Token{Account: githubtest.Actions, May: tc.may}
			s.SetPull(pull())
			other := pull()
			other.Number = 14
			s.SetPull(other)
			s.AddComment(14, githubtest.Actions, "<!-- goldenpath: pr-12 -->\nold")
			if tc.locked {
				s.Break(func(r *http.Request) (int, http.Header, string, bool) {
					return 403, nil, `{"message":"Unable to create comment because issue is locked."}`, r.Method == http.MethodPost
				})
			}
			o, err := g.Comment(t.Context(), tc.number, "pr-12", says(tc.say))
			if err != nil || o.Done || !strings.Contains(o.Why, tc.wantWhy) {
				t.Errorf("%+v, %v, want %q", o, err, tc.wantWhy)
			}
		})
	}
}
