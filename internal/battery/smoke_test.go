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

// TestAnyAnswer: the start page of an app with a health path of its own must not be an error
// of the server; an API may have none, or ask for a login.
func TestAnyAnswer(t *testing.T) {
	for status, want := range map[int]report.State{200: report.OK, 401: report.OK, 404: report.OK, 500: report.Failed, 503: report.Failed} {
		app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		if got := smoke(t.Context(), app.URL, config.Smoke{Get: "/", Status: config.AnyAnswer, Redirects: true}).check; got.State != want {
			t.Errorf("status %d: %v, want %s", status, got, want)
		}
		app.Close()
	}
}
