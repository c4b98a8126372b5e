package githubtest

import (
	"net/http"
	"os"
	"slices"
	"sync"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest/openapi"
)

// Description is the variable that names GitHub's own description of its REST
// API. Where it is set, every request and every answer is held to it.
const Description = "GOLDENPATH_GITHUB_OPENAPI"

// described is read once for all servers of a test's process: it takes seconds.
// nil: nothing is held to anything.
var described = sync.OnceValues(func() (*openapi.Description, error) {
	file := os.Getenv(Description)
	if file == "" {
		return nil, nil
	}
	return openapi.Read(file)
})

// Violations returns what arrived, or was answered, otherwise than GitHub's
// description has it. Start fails its test for them; who serves with Serve asks.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

// said is what the server answers. Nothing: a connection that broke, or a fault,
// which is no answer of GitHub's.
type said struct {
	http.ResponseWriter
	status int
	body   []byte
}

func (a *said) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *said) Write(b []byte) (int, error) {
	a.body = append(a.body, b...)
	return a.ResponseWriter.Write(b)
}

// hold holds a request and its answer to the description.
func (s *Server) hold(r *http.Request, sent []byte, a *said) {
	d, err := described()
	switch {
	case err != nil:
		s.violations = []string{err.Error()}
	case d != nil:
		s.violations = append(s.violations, d.Check(openapi.Exchange{Request: r, Sent: sent, Status: a.status, Header: a.Header(), Body: a.body})...)
	}
}
