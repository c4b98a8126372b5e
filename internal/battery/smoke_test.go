package battery

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestDefaultSmoke: the default request accepts a first page that sends people to its
// login, as readiness does; a declared one gets what the path itself answers.
func TestDefaultSmoke(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/", http.RedirectHandler("/login", http.StatusFound))
	mux.HandleFunc("/login", func(http.ResponseWriter, *http.Request) {})
	app := httptest.NewServer(mux)
	defer app.Close()
	for redirects, want := range map[bool]report.State{true: report.OK, false: report.Failed} {
		s := smoke(t.Context(), app.URL, config.Smoke{Get: "/", Status: 200, Redirects: redirects})
		if s.check.State != want {
			t.Errorf("redirects %v: %v, want %v", redirects, s.check, want)
		}
	}
}
