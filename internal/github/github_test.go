package github_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

const (
	commit = "4e1243bd22c66e76c2ba9eddc1f91394e57f9f83"
	other  = "b235b314b235b314b235b314b235b314b235b314"
)

// clock is a time that passes only while somebody sleeps.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slept, c.now = append(c.slept, d), c.now.Add(d)
	return ctx.Err()
}

func (c *clock) total() (d time.Duration) {
	for _, one := range c.slept {
		d += one
	}
	return d
}

func start(t *testing.T, token string) (*githubtest.Server, *github.Client, *clock) {
	t.Helper()
	s := githubtest.Start(t, "o/where2eat")
	c := &clock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	s.Now = c.Now
	return s, client(t, s, token, c), c
}

func client(t *testing.T, s *githubtest.Server, token string, c *clock) *github.Client {
	t.Helper()
	g, err := github.New(github.Options{Repository: s.Repository, API: s.URL, Token: token, Now: c.Now, Sleep: c.Sleep})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// pull is an ordinary one, number 12.
func pull() githubtest.Pull {
	return githubtest.Pull{Number: 12, Head: commit, Branch: "menu", Author: "ada", Title: "Show the menu", Labels: []string{"preview"}}
}

// sent counts what arrived with a method at a path that contains part.
func sent(s *githubtest.Server, method, part string) int {
	n := 0
	for _, r := range s.Requests() {
		if r.Method == method && strings.Contains(r.Path, part) {
			n++
		}
	}
	return n
}

func TestOptions(t *testing.T) {
	good := github.Options{Repository: "o/n", Token: "t"}
	for name, alter := range map[string]func(*github.Options){
		"no repository":           func(o *github.Options) { o.Repository = "" },
		"a path in it":            func(o *github.Options) { o.Repository = "o/../../x" },
		"dots":                    func(o *github.Options) { o.Repository = "o/.." },
		"token with a line break": func(o *github.Options) { o.Token = "secret\nX: y" },
		"clear text":              func(o *github.Options) { o.API = "http://github.example.com/api/v3" },
		"user in the address":     func(o *github.Options) { o.API = "https://secret@github.example.com" },
		"no host":                 func(o *github.Options) { o.API = "https://" },
		"another scheme":          func(o *github.Options) { o.API = "file:///etc" },
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			alter(&o)
			_, err := github.New(o)
			var usage *report.UsageError
			if !errors.As(err, &usage) {
				t.Fatalf("%v, want a usage error", err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the secret is in %q", err)
			}
		})
	}
	for _, api := range []string{"", "https://ghe.example.com/api/v3", "http://127.0.0.1:80", "http://172.17.0.1:8080"} {
		good.API = api
		if _, err := github.New(good); err != nil {
			t.Errorf("%q: %v", api, err)
		}
	}
}

// TestEnterpriseServer: its GraphQL is beside /api/v3, not below it.
func TestEnterpriseServer(t *testing.T) {
	var asked []string
	s := githubtest.Start(t, "o/where2eat")
	s.Break(func(r *http.Request) (int, http.Header, string, bool) {
		asked = append(asked, r.URL.Path)
		if r.Method == http.MethodGet {
			return 200, nil, `[{"id":1,"body":"<!-- goldenpath: pr-12 -->","user":{"login":"x"}}]`, true
		}
		return 200, nil, `{"data":{"viewer":{"login":"x"}}}`, true
	})
	g, err := github.New(github.Options{Repository: "o/where2eat", API: s.URL + "/api/v3", Token: "job"})
	if err != nil {
		t.Fatal(err)
	}
	if o, err := g.Comment(t.Context(), 12, "pr-12", func(string) string { return "" }); err != nil || !o.Done {
		t.Fatal(o, err)
	}
	want := []string{"/api/v3/repos/o/where2eat/issues/12/comments", "/api/graphql"}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}

func TestEveryRequest(t *testing.T) {
	s, g, _ := start(t, "job")
	s.SetPull(pull())
	if _, err := g.PullRequest(t.Context(), 12); err != nil {
		t.Fatal(err)
	}
	h := s.Requests()[0].Header
	got := fmt.Sprint(h.Get("X-GitHub-Api-Version"), " ", h.Get("User-Agent"), " ", h.Get("Authorization"))
	if want := "2022-11-28 goldenpath Bearer job"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
