//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// position is the purpose of a request.
type position string

const (
	asking     position = "asking"     // whether a pull request is open: an action cannot continue without the response
	publishing position = "publishing" // a comment or a deployment: an action can continue without it
)

func (p position) matches(r *http.Request) bool {
	return (p == asking) == strings.Contains(r.URL.Path, "/pulls")
}

// bound is how long an action may take, whatever GitHub does: a minute for rate limits
// or for missing responses, one more attempt, and its own work.
const bound = 110 * time.Second

// apiFault is one way in which GitHub's API fails.
type apiFault struct {
	name     string
	first    int    // how many requests fail; 0: all
	gets     bool   // the action succeeds in the end
	reported string // what the log and the summary report about it
	slow     bool   // it takes a minute, so it is not tried for every action
	serve    func(l *apiLab, w http.ResponseWriter, r *http.Request)
}

func refuses(status int, header map[string]string, message string) func(*apiLab, http.ResponseWriter, *http.Request) {
	return func(_ *apiLab, w http.ResponseWriter, r *http.Request) {
		drain(r)
		for k, v := range header {
			if after, ok := strings.CutPrefix(v, "now+"); ok {
				d, err := time.ParseDuration(after)
				if err != nil {
					panic(err)
				}
				v = strconv.FormatInt(time.Now().Add(d).Unix(), 10)
			}
			w.Header().Set(k, v)
		}
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"message": %q, "documentation_url": "https://docs.github.com/rest"}`, message)
	}
}

// mangles carries out the request and corrupts the response.
func mangles(spoil func(l *apiLab, w http.ResponseWriter, answer *httptest.ResponseRecorder)) func(*apiLab, http.ResponseWriter, *http.Request) {
	return func(l *apiLab, w http.ResponseWriter, r *http.Request) { spoil(l, w, l.answer(r)) }
}

const secondary = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."

var apiFaults = []apiFault{
	{name: "primary limit, reset in 1 s", first: 1, gets: true, serve: refuses(403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "now+1s"}, "API rate limit exceeded")},
	{name: "primary limit, reset in 1 h", reported: "primary rate limit of the token is used up until", serve: refuses(403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "now+1h"}, "API rate limit exceeded")},
	{name: "secondary limit, retry after 1 s", first: 1, gets: true, serve: refuses(403, map[string]string{"Retry-After": "1"}, secondary)},
	{name: "secondary limit, no time named", slow: true, reported: "secondary rate limit of the token is used up until", serve: refuses(403, nil, secondary)},
	{name: "429", reported: "secondary rate limit of the token is used up until", serve: refuses(429, map[string]string{"Retry-After": "3600"}, secondary)},
	{name: "404 as for a private repository", reported: "404 (Not Found): it does not exist, or the token may not see it", serve: refuses(404, nil, "Not Found")},
	{name: "401", reported: "401 (Bad credentials): the token is missing, wrong or expired", serve: refuses(401, nil, "Bad credentials")},
	{name: "409", reported: "409 (Conflict)", serve: refuses(409, nil, "Conflict")},
	{name: "410", reported: "410 (Issues are disabled): this feature is disabled in the repository", serve: refuses(410, nil, "Issues are disabled")},
	{name: "422, too long", reported: "422 (Body is too long (maximum is 65536 characters))", serve: refuses(422, nil, "Body is too long (maximum is 65536 characters)")},
	{name: "422", reported: "422 (Validation Failed)", serve: refuses(422, nil, "Validation Failed")},
	{name: "502, three times", first: 3, gets: true, serve: refuses(502, nil, "Bad Gateway")},
	{name: "503 without end", reported: "GitHub responded with status 503", serve: refuses(503, nil, "Service Unavailable")},
	{name: "truncated JSON", reported: "unexpected EOF", serve: mangles(func(_ *apiLab, w http.ResponseWriter, a *httptest.ResponseRecorder) {
		w.WriteHeader(a.Code)
		_, _ = w.Write(a.Body.Bytes()[:a.Body.Len()/2])
	})},
	{name: "an empty body", reported: "GitHub's response is empty", serve: mangles(func(_ *apiLab, w http.ResponseWriter, a *httptest.ResponseRecorder) { w.WriteHeader(a.Code) })},
	{name: "a page of HTML", reported: "invalid character", serve: mangles(func(_ *apiLab, w http.ResponseWriter, a *httptest.ResponseRecorder) {
		w.WriteHeader(a.Code)
		fmt.Fprint(w, "<html><body>Sign in to the network</body></html>")
	})},
	{name: "a byte each second", slow: true, reported: "deadline exceeded", serve: mangles(func(_ *apiLab, w http.ResponseWriter, a *httptest.ResponseRecorder) {
		w.Header().Set("Content-Length", strconv.Itoa(a.Body.Len()))
		w.WriteHeader(a.Code)
		for tick := time.NewTicker(time.Second); ; <-tick.C {
			if _, err := w.Write([]byte(" ")); err != nil {
				return
			}
			w.(http.Flusher).Flush()
		}
	})},
	{name: "reset in the middle", reported: "read the response", serve: mangles(func(_ *apiLab, w http.ResponseWriter, a *httptest.ResponseRecorder) {
		w.Header().Set("Content-Length", strconv.Itoa(a.Body.Len()))
		w.WriteHeader(a.Code)
		_, _ = w.Write(a.Body.Bytes()[:a.Body.Len()/2])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})},
	{name: "redirected to another host", reported: "to another host, which goldenpath does not follow", serve: func(l *apiLab, w http.ResponseWriter, r *http.Request) {
		drain(r)
		http.Redirect(w, r, l.otherHost.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}},
	{name: "renamed repository", gets: true, serve: func(l *apiLab, w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("renamed") {
			l.hub.ServeHTTP(w, withoutMark(r))
			return
		}
		drain(r)
		to := *r.URL
		to.RawQuery = strings.TrimPrefix(to.RawQuery+"&renamed", "&")
		http.Redirect(w, r, l.api.URL+to.RequestURI(), http.StatusTemporaryRedirect)
	}},
	{name: "40 MB", reported: "GitHub's response is larger than 32 MiB", serve: mangles(func(_ *apiLab, w http.ResponseWriter, a *httptest.ResponseRecorder) {
		w.WriteHeader(a.Code)
		blank := []byte(strings.Repeat(" ", 1<<20))
		for range 40 {
			_, _ = w.Write(blank)
		}
	})},
}

// withoutMark is the request without the mark, as the hub expects it.
func withoutMark(r *http.Request) *http.Request {
	out := r.Clone(r.Context())
	q := out.URL.Query()
	q.Del("renamed")
	out.URL.RawQuery = q.Encode()
	return out
}

// TestAPIFaults runs whole actions. If a question gets no response, the action exits
// with 3 and changes nothing. If a comment cannot be published, the summary mentions it
// and the action succeeds. Nothing is created twice, the token goes to no other host,
// and the action ends in time (GP-PREV-9, GP-PREV-5, GP-SAFE-2).
func TestAPIFaults(t *testing.T) {
	t.Parallel()
	for _, f := range apiFaults {
		for _, at := range []position{asking, publishing} {
			for name, action := range map[string]func(*apiLab, apiFault, position){"preview-up": faultyUp, "preview-down": faultyDown, "preview-down due": faultyDue} {
				if f.slow && (name == "preview-down" || name == "preview-down due" && at == publishing) {
					continue
				}
				t.Run(name+"/"+string(at)+"/"+f.name, func(t *testing.T) {
					t.Parallel()
					l := newAPILab(t)
					action(l, f, at)
					if l.leaked != nil {
						t.Errorf("another host was asked: %q", l.leaked)
					}
				})
			}
		}
	}
}

func (l *apiLab) up() step { return l.step("preview", "up", "--digest", l.digest) }

// judge compares the result of a step with what is expected: the exit code, what the
// log or the summary reports about the fault, and the duration.
func (l *apiLab) judge(s step, f apiFault, code int, where string) {
	l.t.Helper()
	if s.code != code || s.took > bound {
		l.t.Errorf("exit %d after %s, want %d\n%s", s.code, s.took, code, s.log)
	}
	if !f.gets && !strings.Contains(where, f.reported) {
		l.t.Errorf("it does not report %q:\n%s", f.reported, where)
	}
	if l.arrived == 0 {
		l.t.Error("no request failed")
	}
}

var unpublished = regexp.MustCompile(`(?m)^\| – \| (comment|comments|deployment) \| skip: .*not (?:published|updated)`)

func (l *apiLab) gaps(s step, want bool) {
	l.t.Helper()
	if got := unpublished.MatchString(s.summary); got != want {
		l.t.Errorf("the summary states a gap: %v, want %v\n%s", got, want, s.summary)
	}
}

func faultyUp(l *apiLab, f apiFault, at position) {
	l.breakAPI(&f, at)
	s := l.up()
	if at == asking && !f.gets {
		l.judge(s, f, 3, s.log)
		l.once(0, 0)
		if l.running() || len(l.hub.Comments(12)) > 0 || len(l.hub.Deployments("preview/pr-12")) > 0 {
			l.t.Errorf("something was created or published\n%s", s.log)
		}
		return
	}
	l.judge(s, f, 0, s.summary+s.log)
	if !l.running() || !strings.Contains(s.summary, "pr-12 is ready at") || !strings.Contains(s.outputs, "url") {
		l.t.Errorf("the preview does not exist, or was not published\n%s\n%s", s.summary, s.log)
	}
	l.gaps(s, !f.gets)
	if f.gets {
		l.once(1, 1)
	} else {
		l.once(0, 0)
	}
	// Running it again fixes it, and creates nothing twice.
	l.breakAPI(nil, at)
	if s := l.up(); s.code != 0 || unpublished.MatchString(s.summary) {
		l.t.Errorf("again: exit %d\n%s", s.code, s.log)
	}
	n := 0
	for _, d := range l.hub.Deployments("preview/pr-12") {
		if d.State() == "success" {
			n++
		}
	}
	comments := 0
	for _, c := range l.hub.Comments(12) {
		if section.MatchString(c.Body) {
			comments++
		}
	}
	if n != 1 || comments != 1 {
		l.t.Errorf("again: %d deployments are shown and %d comments, want 1 and 1", n, comments)
	}
}

// createClosed creates a preview and closes its pull request.
func (l *apiLab) createClosed() {
	l.t.Helper()
	if s := l.up(); s.code != 0 {
		l.t.Fatalf("preview up: exit %d\n%s", s.code, s.log)
	}
	l.pull("closed")
}

func faultyDown(l *apiLab, f apiFault, at position) {
	l.createClosed()
	l.breakAPI(&f, at)
	s := l.step("preview", "down")
	l.once(1, 1)
	if at == asking && !f.gets {
		l.judge(s, f, 3, s.log)
		if !l.running() {
			l.t.Errorf("it was removed although the state of its pull request is unknown\n%s", s.log)
		}
		return
	}
	l.judge(s, f, 0, s.summary+s.log)
	if l.running() || !strings.Contains(s.summary, "pr-12 is removed") {
		l.t.Errorf("it still exists, or its removal was not published\n%s", s.log)
	}
	l.gaps(s, !f.gets)
}

func faultyDue(l *apiLab, f apiFault, at position) {
	l.createClosed()
	l.occur("schedule", `{}`)
	l.breakAPI(&f, at)
	s := l.step("preview", "down", "--due", "true")
	l.once(1, 1)
	if at == asking && !f.gets {
		l.judge(s, f, 3, s.summary+s.log)
		if !l.running() || !strings.Contains(s.outputs, "sweep-incomplete") {
			l.t.Errorf("it was removed although the state of its pull request is unknown\n%s", s.log)
		}
		return
	}
	l.judge(s, f, 0, s.summary+s.log)
	if l.running() || !strings.Contains(s.summary, "1 preview removed") {
		l.t.Errorf("it still exists, or its removal was not published\n%s", s.log)
	}
	l.gaps(s, !f.gets)
}

// TestAPIOverRefusedTLS: an API with an untrusted certificate receives no request.
func TestAPIOverRefusedTLS(t *testing.T) {
	t.Parallel()
	l := newAPILab(t)
	l.api.Close()
	asked := 0
	l.api = httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	s := l.up()
	if s.code != 3 || asked > 0 || l.running() || s.took > bound || !strings.Contains(s.log, "certificate") {
		t.Errorf("exit %d after %s, asked %d times\n%s", s.code, s.took, asked, s.log)
	}
}

// TestAPINotAsked: two actions send GitHub no requests, so a failure of its API neither
// delays nor fails them. The third, security-gate, links no client at all, which
// internal/house tests.
func TestAPINotAsked(t *testing.T) {
	t.Parallel()
	l := newAPILab(t)
	never := apiFault{serve: func(_ *apiLab, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}
	for name, args := range map[string][]string{
		"promote": {"promote", "--environment", "staging", "--digest", l.digest}, "scorecard": {"scorecard"},
	} {
		whole := l.step(args...)
		for _, at := range []position{asking, publishing} {
			l.breakAPI(&never, at)
			s := l.step(args...)
			if s.code != whole.code || s.code > 1 || l.arrived > 0 || s.took > bound {
				t.Errorf("%s: exit %d after %s with %d requests, want %d and none\n%s", name, s.code, s.took, l.arrived, whole.code, s.log)
			}
		}
		l.breakAPI(nil, asking)
	}
	for _, r := range l.hub.Requests() {
		t.Errorf("GitHub was asked %s %s", r.Method, r.Path)
	}
}
