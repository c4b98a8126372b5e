package github_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// times fails the first n requests.
func times(n int, f githubtest.Fault) githubtest.Fault {
	return func(r *http.Request) (int, http.Header, string, bool) {
		if n--; n < 0 {
			return 0, nil, "", false
		}
		return f(r)
	}
}

func always(status int, header http.Header, body string) githubtest.Fault {
	return func(*http.Request) (int, http.Header, string, bool) { return status, header, body, true }
}

func TestBurstOfFailures(t *testing.T) {
	for name, fault := range map[string]githubtest.Fault{
		"502": always(502, nil, "<html>"), "503 with no body": always(503, nil, ""), "a connection reset": always(0, nil, ""), "an empty answer": always(200, nil, ""),
	} {
		t.Run(name, func(t *testing.T) {
			s, g, c := start(t, "job")
			s.SetPull(pull())
			s.Break(times(3, fault))
			if _, err := g.PullRequest(t.Context(), 12); err != nil {
				t.Errorf("three failures: %v", err)
			}
			for i, d := range c.slept {
				if full := 500 * time.Millisecond << i; d < full/2 || d > full {
					t.Errorf("wait %d is %s, want %s to %s", i, d, full/2, full)
				}
			}
			s.Break(fault)
			n := len(s.Requests())
			_, err := g.PullRequest(t.Context(), 12)
			var d *github.Denied
			if err == nil || errors.As(err, &d) || errors.Is(err, github.ErrNotFound) || !strings.Contains(err.Error(), "read pull request 12") {
				t.Errorf("a failure without end: %v", err)
			}
			// Go's own transport repeats a request once when a connection breaks that
			// had been idle.
			if n = len(s.Requests()) - n; n < 4 || n > 5 {
				t.Errorf("%d tries, want 4", n)
			}
		})
	}
}

// TestNothingTwice: a write that was carried out though its answer was lost is
// not made again.
func TestNothingTwice(t *testing.T) {
	for name, lost := range map[string]int{"GP-PREV-9 one answer lost": 1, "GP-PREV-9 every answer to a write lost": 1000} {
		t.Run(name, func(t *testing.T) {
			s, g, _ := start(t, "job")
			s.SetPull(pull())
			left := lost
			s.Lose(func(r *http.Request) bool {
				left--
				return r.Method == http.MethodPost && r.URL.Path != "/graphql" && left >= 0
			})
			id, o, err := g.Deploy(t.Context(), deployment("success"))
			if err != nil || !o.Done {
				t.Errorf("deploy: %+v, %v", o, err)
			}
			if d := s.Deployments(environment); len(d) != 1 || d[0].ID != id || len(d[0].Statuses) != 1 {
				t.Errorf("deployments: %+v, id %d", d, id)
			}
			left = lost
			o, err = g.Comment(t.Context(), 12, "pr-12", says("x"))
			if err != nil || !o.Done || o.Link == "" || len(s.Comments(12)) != 1 {
				t.Errorf("comment: %+v, %v, %v", o, err, bodies(s))
			}
		})
	}
	t.Run("one that cannot be verified is not made again", func(t *testing.T) {
		s, g, _ := start(t, "job")
		s.SetPull(pull())
		lost := false
		s.Lose(func(r *http.Request) bool { lost = lost || r.Method == http.MethodPost; return lost })
		if o, err := g.Comment(t.Context(), 12, "pr-12", says("x")); err == nil || o.Done || len(s.Comments(12)) != 1 {
			t.Errorf("%+v, %v, %v", o, err, bodies(s))
		}
		lost = false
		if _, o, err := g.Deploy(t.Context(), deployment("success")); err == nil || o.Done || len(s.Deployments(environment)) != 1 {
			t.Errorf("%+v, %v, %v", o, err, s.Deployments(environment))
		}
	})
	t.Run("one that was not taken is made again", func(t *testing.T) {
		s, g, _ := start(t, "job")
		s.SetPull(pull())
		s.Break(times(2, func(r *http.Request) (int, http.Header, string, bool) {
			return 502, nil, "", r.Method == http.MethodPost
		}))
		if o, err := g.Comment(t.Context(), 12, "pr-12", says("x")); err != nil || !o.Done || len(s.Comments(12)) != 1 {
			t.Errorf("%+v, %v, %v", o, err, bodies(s))
		}
		s.Break(func(r *http.Request) (int, http.Header, string, bool) {
			return 502, nil, "", r.Method == http.MethodPost
		})
		if _, o, err := g.Deploy(t.Context(), deployment("success")); err == nil || o.Done || len(s.Deployments(environment)) != 0 {
			t.Errorf("a failure without end: %+v, %v", o, err)
		}
		if n := sent(s, "POST", "/deployments"); n != 4 {
			t.Errorf("%d tries, want 4", n)
		}
	})
}

func TestRateLimits(t *testing.T) {
	reset := func(after time.Duration) http.Header {
		at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).Add(after)
		return http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {strconv.FormatInt(at.Unix(), 10)}}
	}
	retry := func(s string) http.Header { return http.Header{"Retry-After": {s}} }
	secondary := `{"message":"You have exceeded a secondary rate limit."}`
	for _, tc := range []struct {
		name   string
		fault  githubtest.Fault
		count  int
		waits  time.Duration
		denied string // "": it gets there
	}{
		{"primary, soon over", always(403, reset(20*time.Second), `{"message":"API rate limit exceeded"}`), 1, 20 * time.Second, ""},
		{"primary, as 429", always(429, reset(20*time.Second), ``), 1, 20 * time.Second, ""},
		{"primary, over already", always(403, reset(-time.Hour), ``), 1, time.Second, ""},
		{"primary, long", always(403, reset(40*time.Minute), ``), 1, 0, "the primary rate limit of the token is used up until 2026-11-21T12:40:00Z"},
		{"secondary", always(403, retry("30"), secondary), 1, 30 * time.Second, ""},
		{"secondary, twice a half", always(429, retry("30"), secondary), 2, time.Minute, ""},
		{"secondary, more than a minute in all", always(429, retry("30"), secondary), 3, time.Minute, "the secondary rate limit of the token is used up until 2026-11-21T12:01:30Z"},
		{"secondary, no time named", always(403, nil, secondary), 1, time.Minute, ""},
		{"secondary, a day", always(429, retry("86400"), secondary), 1, 0, "until 2026-11-22T12:00:00Z"},
		{"secondary, ages", always(429, retry("50000000000"), secondary), 1, 0, "until 2030-"},
		{"nonsense", always(429, retry("99999999999999999999"), secondary), 1, time.Minute, ""},
		{"a date", always(429, retry("Sat, 21 Nov 2026 12:00:05 GMT"), secondary), 1, time.Minute, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, g, c := start(t, "job")
			s.SetPull(pull())
			// A write: a request that was refused for a limit was not taken.
			s.Break(times(tc.count, func(r *http.Request) (int, http.Header, string, bool) {
				if r.Method != http.MethodPost {
					t.Errorf("%s %s is asked for while the limit holds", r.Method, r.URL)
				}
				return tc.fault(r)
			}))
			_, o, err := g.Deploy(t.Context(), github.Deployment{Environment: environment, Commit: commit, State: "queued"})
			if err != nil || o.Done != (tc.denied == "") || !strings.Contains(o.Why, tc.denied) {
				t.Errorf("GP-PREV-9 %+v, %v, want %q", o, err, tc.denied)
			}
			if c.total() != tc.waits {
				t.Errorf("waited %v, want %s in all", c.slept, tc.waits)
			}
			if tc.denied == "" {
				return
			}
			n := len(s.Requests())
			_, err = g.PullRequest(t.Context(), 12)
			denied(t, err, "read pull request 12")
			if len(s.Requests()) != n {
				t.Error("asked again before the limit had passed")
			}
			c.now = c.now.Add(10 * 365 * 24 * time.Hour)
			if _, err := g.PullRequest(t.Context(), 12); err != nil {
				t.Errorf("after it: %v", err)
			}
		})
	}
}

func TestBrokenAnswers(t *testing.T) {
	s, g, _ := start(t, "job")
	for name, body := range map[string]string{
		"truncated": `{"number":12,"state":"op`, "of another kind": `[1]`, "a page": `<html>`, "no state": `{"number":12,"head":{"sha":"` + commit + `"}}`,
		"of 40 MB": `{"title":"` + strings.Repeat("x", 40<<20) + `"}`,
	} {
		s.Break(always(200, nil, body))
		_, err := g.PullRequest(t.Context(), 12)
		if err == nil || !strings.Contains(err.Error(), "read pull request 12") || len(err.Error()) > 500 {
			t.Errorf("%s: %.600v", name, err)
		}
		if all, err := g.OpenPullRequests(t.Context()); err == nil || all != nil || !strings.Contains(err.Error(), "pull request") {
			t.Errorf("%s: %v, %.600v", name, all, err)
		}
	}
	s.Break(always(200, nil, strings.Repeat(" ", 40<<20)))
	if _, err := g.PullRequest(t.Context(), 12); err == nil || !strings.Contains(err.Error(), "larger than 32 MiB") {
		t.Error(err)
	}
	s.Break(always(200, nil, `{"errors":[{"message":"no"}]}`))
	if o, err := g.Comment(t.Context(), 12, "pr-12", says("x")); err == nil || o.Done {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestRedirects(t *testing.T) {
	var stolen []string
	thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stolen = append(stolen, r.URL.Path+r.Header.Get("Authorization"))
		fmt.Fprintf(w, `{"number":12,"state":"closed","head":{"sha":%q}}`, commit)
	}))
	t.Cleanup(thief.Close)
	s, g, _ := start(t, "job")
	s.SetPull(pull())
	for _, status := range []int{301, 302, 307, 308} {
		s.Break(always(status, http.Header{"Location": {thief.URL + "/x"}}, "{}"))
		if p, err := g.PullRequest(t.Context(), 12); err == nil || !strings.Contains(err.Error(), "another host") {
			t.Errorf("%d: %+v, %v", status, p, err)
		}
		if _, o, err := g.Deploy(t.Context(), deployment("success")); err == nil || o.Done {
			t.Errorf("%d: %+v, %v", status, o, err)
		}
	}
	if stolen != nil {
		t.Errorf("the other host was asked: %q", stolen)
	}
	// A repository that was renamed.
	old, err := github.New(github.Options{Repository: "o/eat", API: s.URL, Token: "job", Sleep: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	for status, works := range map[int]bool{307: true, 301: false} {
		s.Break(func(r *http.Request) (int, http.Header, string, bool) {
			to := strings.Replace(r.URL.RequestURI(), "/o/eat/", "/o/where2eat/", 1)
			return status, http.Header{"Location": {s.URL + to}}, "{}", to != r.URL.RequestURI()
		})
		if p, err := old.PullRequest(t.Context(), 12); err != nil || p.Number != 12 {
			t.Errorf("%d: %+v, %v", status, p, err)
		}
		_, o, err := old.Deploy(t.Context(), deployment("queued"))
		if o.Done != works || !works && (err == nil || !strings.Contains(err.Error(), "renamed")) {
			t.Errorf("%d: a write: %+v, %v", status, o, err)
		}
	}
	s.Break(func(r *http.Request) (int, http.Header, string, bool) {
		return 302, http.Header{"Location": {s.URL + r.URL.Path}}, "{}", true
	})
	if _, err := g.PullRequest(t.Context(), 12); err == nil {
		t.Error("a redirect to itself has an end?")
	}
}

// TestNoTokenInErrors: no response of a server puts the token into an error.
func TestNoTokenInErrors(t *testing.T) {
	const secret = "ghs_15368_secret.secret-secret_0123456789"
	s, _, c := start(t, "job")
	s.Tokens[secret] = githubtest.Token{Account: githubtest.Actions}
	g := client(t, s, secret, c)
	for _, status := range []int{200, 301, 400, 401, 403, 404, 410, 422, 500} {
		s.Break(func(r *http.Request) (int, http.Header, string, bool) {
			back := r.Header.Get("Authorization")
			return status, http.Header{"Location": {"http://" + secret + ".example/" + back}},
				fmt.Sprintf(`{"message":"\u001b[2J\n::error::%s %s","errors":[{"message":"%s"}],"number":12,"state":"%s"}`, back, strings.Repeat("x", 5000), back, secret), true
		})
		_, err := g.PullRequest(t.Context(), 12)
		_, out, err2 := g.Deploy(t.Context(), deployment("success"))
		for _, text := range []string{fmt.Sprint(err), fmt.Sprint(err2), out.Why} {
			if strings.Contains(text, "secret") || strings.ContainsAny(text, "\x1b\n") || len(text) > 1000 {
				t.Errorf("%d: %.2000q", status, text)
			}
		}
		if err == nil {
			t.Errorf("%d: no error", status)
		}
	}
}

func TestCancelled(t *testing.T) {
	s, g, _ := start(t, "job")
	s.Break(always(502, nil, ""))
	why := errors.New("the job was cancelled")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	_, err := g.PullRequest(ctx, 12)
	if !errors.Is(err, why) {
		t.Errorf("%v", err)
	}
	if _, err := g.Comment(ctx, 12, "pr-12", says("x")); !errors.Is(err, why) {
		t.Errorf("%v", err)
	}
	if len(s.Requests()) != 0 {
		t.Errorf("%d requests", len(s.Requests()))
	}
}

// TestServe is how another process meets the fake.
func TestServe(t *testing.T) {
	s := githubtest.New("o/n")
	stop, err := s.Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.SetPull(pull())
	g, err := github.New(github.Options{Repository: "o/n", API: s.URL, Token: "job"})
	if err != nil {
		t.Fatal(err)
	}
	if open, err := g.OpenPullRequests(t.Context()); err != nil || !slices.Equal([]string{open[12].Title}, []string{"Show the menu"}) {
		t.Errorf("%v, %v", open, err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// slow takes the whole time of an attempt, and answers nothing.
type slow struct {
	clock *clock
	hears int             // attempts that are answered nothing; then the others get through
	asked []time.Duration // what each attempt was given
	next  http.RoundTripper
}

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	end, ok := r.Context().Deadline()
	if !ok {
		return nil, errors.New("an attempt without an end")
	}
	if s.hears--; s.hears < 0 {
		return s.next.RoundTrip(r)
	}
	given := time.Until(end).Round(time.Second)
	s.asked = append(s.asked, given)
	_ = s.clock.Sleep(r.Context(), given)
	return nil, context.DeadlineExceeded
}

// TestSlowWithoutEnd: a run waits a minute for answers in all, then hardly at all,
// until there is one again.
func TestSlowWithoutEnd(t *testing.T) {
	s := githubtest.Start(t, "o/where2eat")
	c := &clock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	s.Now = c.Now
	s.SetPull(pull())
	w := &slow{clock: c, hears: 5, next: http.DefaultTransport}
	g, err := github.New(github.Options{Repository: s.Repository, API: s.URL, Token: "job", Now: c.Now, Sleep: c.Sleep, Transport: w})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := g.PullRequest(t.Context(), 12); err == nil {
			t.Error("an answer without one")
		}
	}
	if want := []time.Duration{30 * time.Second, 30 * time.Second, 5 * time.Second, 5 * time.Second, 5 * time.Second}; !slices.Equal(w.asked, want) {
		t.Errorf("waited %v, want %v", w.asked, want)
	}
	if _, err := g.PullRequest(t.Context(), 12); err != nil {
		t.Error(err)
	}
	w.hears, w.asked = 1, nil
	if _, err := g.PullRequest(t.Context(), 12); err != nil || !slices.Equal(w.asked, []time.Duration{30 * time.Second}) {
		t.Errorf("after an answer: waited %v, %v", w.asked, err)
	}
}

// TestEmptyAfterAWrite: a comment whose creation was not confirmed is found again.
func TestEmptyAfterAWrite(t *testing.T) {
	s, g, _ := start(t, "job")
	s.SetPull(pull())
	s.Break(func(r *http.Request) (int, http.Header, string, bool) {
		return 201, nil, "", r.Method == http.MethodPost && r.URL.Path != "/graphql"
	})
	if id, o, err := g.Deploy(t.Context(), deployment("success")); err == nil || o.Done {
		t.Errorf("%d, %+v, %v", id, o, err)
	}
	if o, err := g.Comment(t.Context(), 12, "pr-12", says("x")); err == nil || o.Done {
		t.Errorf("%+v, %v", o, err)
	}
}
