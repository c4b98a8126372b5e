// Package apptest provides a running where2eat for tests: the deployment at $GOLDENPATH_URL, or a server in this process.
package apptest

import (
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/where2eat/db"
	"example.com/where2eat/internal/store"
	"example.com/where2eat/internal/web"
)

// URL is the address of the service, without a trailing slash.
func URL(t *testing.T) string {
	t.Helper()
	if url := os.Getenv("GOLDENPATH_URL"); url != "" {
		return strings.TrimRight(url, "/")
	}
	return Local(t, web.Options{})
}

// Local serves from this process with an empty database, and fills in missing options.
func Local(t *testing.T, o web.Options) string {
	t.Helper()
	if o.Store == nil {
		s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "where2eat.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		o.Store = s
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Version == "" {
		o.Version, o.Commit = "1.0.0", "unknown"
	}
	server := httptest.NewServer(web.New(o))
	t.Cleanup(server.Close)
	return server.URL
}

// Migration is the version of the newest migration in this repository.
func Migration(t *testing.T) string {
	t.Helper()
	files, err := fs.Glob(db.Migrations, "migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("list migrations: %v, %v", files, err)
	}
	version, _, _ := strings.Cut(path.Base(files[len(files)-1]), "_")
	return version
}

// Answer is a response with its complete body.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Decode reads the body as JSON.
func (a Answer) Decode(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.Body), into); err != nil {
		t.Fatalf("decode %q: %v", a.Body, err)
	}
}

var client = &http.Client{Timeout: 30 * time.Second}

// Get requests a page.
func Get(t *testing.T, url string) Answer {
	t.Helper()
	return Do(t, http.MethodGet, url, "")
}

// Post sends a body: JSON text, or a value that it encodes as JSON.
func Post(t *testing.T, url string, body any) Answer {
	t.Helper()
	text, ok := body.(string)
	if !ok {
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		text = string(encoded)
	}
	return Do(t, http.MethodPost, url, text, "Content-Type", "application/json")
}

// Do sends a request with headers given as name, value, name, value. Any goroutine may call it:
// a request without a response fails the test and returns status 0.
func Do(t *testing.T, method, url, body string, headers ...string) Answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return Answer{}
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := client.Do(request)
	if err != nil {
		t.Error(err)
		return Answer{}
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
		return Answer{}
	}
	return Answer{response.StatusCode, response.Header, string(content)}
}
