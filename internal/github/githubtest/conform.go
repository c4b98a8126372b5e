package githubtest

import (
	"net/http"
	"os"
	"slices"
	"sync"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest/openapi"
)

// Description is the environment variable that names the file with GitHub's own
// description of its REST API. If the variable is set, every request and every response
// must conform to that description.
const Description = "GOLDENPATH_GITHUB_OPENAPI"

// described reads the description once for all servers of a test process, because
// reading takes seconds. It returns nil if the check is off.
var described = sync.OnceValues(func() (*openapi.Description, error) {
	file := os.Getenv(Description)
	if file == "" {
		return nil, nil
	}
	return openapi.Read(file)
})

// Violations returns the requests and responses that do not conform to GitHub's description.
// Start fails its test for them; a caller of Serve must check them itself.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

// said is the response that the server sent. It is empty for a broken connection and for
// a fault, which do not imitate GitHub.
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

// hold checks a request and its response against GitHub's description.
func (s *Server) hold(r *http.Request, sent []byte, a *said) {
	d, err := described()
	switch {
	case err != nil:
		s.violations = []string{err.Error()}
	case d != nil:
		s.violations = append(s.violations, d.Check(openapi.Exchange{Request: r, Sent: sent, Status: a.status, Header: a.Header(), Body: a.body})...)
	}
}
