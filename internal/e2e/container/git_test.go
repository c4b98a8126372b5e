//go:build e2e

package container

import (
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// gitServer serves bare repositories as GitHub does, only to clients with the token. A
// read-only token cannot push.
func (s *stage) gitServer(address, dir string) string {
	s.t.Helper()
	repositories, err := githubtest.Repositories(dir, "job")
	if err != nil {
		s.t.Fatal(err)
	}
	l, err := net.Listen("tcp", address+":0")
	if err != nil {
		s.t.Fatal(err)
	}
	h := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pushes := strings.HasSuffix(r.URL.Path, "/git-receive-pack") || r.URL.Query().Get("service") == "git-receive-pack"
		if _, _, known := r.BasicAuth(); known && pushes && s.reads.Load() {
			http.Error(w, "Permission to "+repository+".git denied to github-actions[bot].", http.StatusForbidden)
			return
		}
		repositories.ServeHTTP(w, r)
	})}
	go func() { _ = h.Serve(l) }() // always returns an error after Close
	s.t.Cleanup(func() { _ = h.Close() })
	return "http://" + l.Addr().String()
}
