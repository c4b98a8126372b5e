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

// hold holds a request and its answer to the description. Of a fault, whose
// status is 0, only the request is looked at.
func (s *Server) hold(r *http.Request, sent []byte, status int, body []byte) {
	d, err := described()
	switch {
	case err != nil:
		s.violations = []string{err.Error()}
	case d != nil:
		s.violations = append(s.violations, d.Check(openapi.Exchange{
			Request: r, Sent: sent, Status: status, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, Body: body,
		})...)
	}
}
