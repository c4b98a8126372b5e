// Package githubtest is an in-memory GitHub for tests: it keeps pull requests, comments,
// deployments and settings, and responds like GitHub's REST API.
package githubtest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Token is the account and the permissions of a token.
type Token struct {
	Account Account
	// May lists permissions such as "pull-requests: write". nil: all of them.
	May []string
}

// Account is the author of comments and pull requests.
type Account struct {
	ID    int64
	Login string
	Bot   bool
}

// Actions is the account that comments with a job's token.
var Actions = Account{ID: 41898282, Login: "github-actions[bot]", Bot: true}

// Request is a received request. Its header contains the token.
type Request struct {
	Method string
	Path   string // with the query
	Header http.Header
	Body   string
}

// Fault responds to a request instead of the server. For a request that the fault does
// not affect, ok is false. Status 0 breaks the connection.
type Fault func(*http.Request) (status int, header http.Header, body string, ok bool)

// Server is one repository on GitHub. Set its fields before using it.
type Server struct {
	URL        string // GITHUB_API_URL
	Repository string // owner/name
	Private    bool
	Tokens     map[string]Token // by token; without one, what is public can be read
	Now        func() time.Time
	Settings   Settings
	Unfiltered bool // lists of pull requests ignore the head filter

	Git           string // bare repository that the calls for git change; "": they do not exist
	SignedCommits bool   // a rule requires signed commits in Git

	Packages map[string][]*Image // versions of container packages, by owner/name

	mu          sync.Mutex
	fault       Fault
	lose        func(*http.Request) bool
	requests    []Request
	ids         int64
	pulls       map[int]*Pull
	comments    map[int][]*Comment
	deployments []*Deployment
	violations  []string
	signed      []string // commits of Git
}

// New returns an empty repository with one token, "job", which may do everything. It is an
// http.Handler.
func New(repository string) *Server {
	return &Server{
		Repository: repository, Now: time.Now, ids: 1000,
		Tokens: map[string]Token{"job": {Account: Actions}},
		pulls:  map[int]*Pull{}, comments: map[int][]*Comment{},
	}
}

// Start creates a repository and serves it until the test ends.
func Start(t testing.TB, repository string) *Server {
	t.Helper()
	s := New(repository)
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		h.Close()
		for _, v := range s.Violations() {
			t.Error(v)
		}
	})
	s.URL = h.URL
	return s
}

// Serve serves on an address such as 127.0.0.1:0, sets URL, and returns a function that stops
// the server.
func (s *Server) Serve(address string) (stop func() error, err error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	s.URL = "http://" + l.Addr().String()
	h := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = h.Serve(l) }() // it always returns an error, http.ErrServerClosed after a stop
	return h.Close, nil
}

// Break makes the server respond with a fault. Break(nil) ends it.
func (s *Server) Break(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Lose makes the server carry out the requests for which the function which returns
// true, and break the connection instead of responding. Lose(nil) ends this.
func (s *Server) Lose(which func(*http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lose = which
}

// Requests returns the requests received so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ServeHTTP implements http.Handler. It handles one request at a time.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{r.Method, r.URL.RequestURI(), r.Header.Clone(), string(body)})
	said := &said{ResponseWriter: w}
	defer func() { s.hold(r, body, said) }()
	if s.fault != nil {
		if status, header, text, ok := s.fault(r); ok {
			if status == 0 {
				panic(http.ErrAbortHandler)
			}
			for k, v := range header {
				w.Header()[http.CanonicalHeaderKey(k)] = v
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text) // the client may have disconnected
			return
		}
	}
	a := s.route(r, body)
	if s.lose != nil && s.lose(r) {
		panic(http.ErrAbortHandler)
	}
	w = said
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-GitHub-Api-Version-Selected", "2022-11-28")
	h.Set("X-RateLimit-Limit", "1000")
	h.Set("X-RateLimit-Remaining", strconv.Itoa(max(1, 1000-len(s.requests))))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(s.Now().Add(time.Hour).Unix(), 10))
	if a.link != "" {
		h.Set("Link", a.link)
	}
	write(w, r, a)
}

// answer is a status and a body for JSON.
type answer struct {
	status int
	body   any
	link   string
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

func refuse(status int, format string, args ...any) answer {
	return answer{status: status, body: map[string]any{
		"message": fmt.Sprintf(format, args...), "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status),
	}}
}

func invalid(resource, message string) answer {
	return answer{status: http.StatusUnprocessableEntity, body: map[string]any{
		"message": "Validation Failed", "documentation_url": "https://docs.github.com/rest", "status": "422",
		"errors": []any{map[string]string{"resource": resource, "code": "custom", "message": message}},
	}}
}

// page returns the part of a list that the parameters per_page and page select, with
// links to the other pages.
func page[T any](s *Server, r *http.Request, all []T) answer {
	q := r.URL.Query()
	size, n := 30, 1
	if v, err := strconv.Atoi(q.Get("per_page")); err == nil && v > 0 {
		size = min(v, 100)
	}
	if v, err := strconv.Atoi(q.Get("page")); err == nil && v > 0 {
		n = v
	}
	last := max(1, (len(all)+size-1)/size)
	var links []string
	to := func(n int, rel string) {
		q.Set("page", strconv.Itoa(n))
		links = append(links, fmt.Sprintf(`<%s%s?%s>; rel="%s"`, s.URL, r.URL.Path, q.Encode(), rel))
	}
	if n > 1 {
		to(n-1, "prev")
	}
	if n < last {
		to(n+1, "next")
		to(last, "last")
	}
	if n > 1 {
		to(1, "first")
	}
	from := min((n-1)*size, len(all))
	out := append([]T{}, all[from:min(from+size, len(all))]...)
	return answer{status: http.StatusOK, body: out, link: strings.Join(links, ", ")}
}

func escape(s string) string { return url.PathEscape(s) }
