package target

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestReadyAfterRedirect: an app whose first page sends people to its login is ready if
// the login answers. A redirect to another host proves nothing about the deployment, and
// one that never ends is not followed.
func TestReadyAfterRedirect(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("another host was requested") }))
	t.Cleanup(elsewhere.Close)
	mux := http.NewServeMux()
	mux.Handle("/", http.RedirectHandler("/login?next=/", http.StatusFound))
	mux.HandleFunc("/login", func(http.ResponseWriter, *http.Request) {})
	mux.Handle("/away", http.RedirectHandler(elsewhere.URL, http.StatusFound))
	mux.Handle("/secure", http.RedirectHandler("https://127.0.0.1/", http.StatusMovedPermanently))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.Handle("/lost", http.RedirectHandler("/login/lost", http.StatusFound))
	mux.Handle("/login/", http.NotFoundHandler())
	app := httptest.NewServer(mux)
	t.Cleanup(app.Close)
	for path, want := range map[string]string{
		"/":       "GET / → /login?next=/: 200",
		"/login":  "GET /login: 200",
		"/away":   `GET /away: 302 to "` + elsewhere.URL + `"`,
		"/secure": `GET /secure: 301 to "https://127.0.0.1/"`,
		"/loop":   `GET /loop: 302 to "/loop"`,
		"/lost":   "GET /lost → /login/lost: 404",
	} {
		t.Run(strings.TrimPrefix(path, "/"), func(t *testing.T) {
			t.Parallel()
			proof, err := WaitReady(t.Context(), app.URL, Ready{Path: path, Timeout: time.Second}, nil, func(error) error { return nil })
			got := proof.Health
			if err != nil {
				got = strings.TrimSuffix(err.Error(), " (not ready after 1s)")
			}
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
