package artifact

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// TestHTTPSOnly: credentials for a registry are never sent over plain HTTP, not even
// when HTTPS does not work.
func TestHTTPSOnly(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Method+" "+r.URL.String()+" "+r.Header.Get("Authorization"))
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer proxy.Close()
	dir := t.TempDir()
	auth := base64.StdEncoding.EncodeToString([]byte("user:secret"))
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"auths":{"registry.example.com":{"auth":"`+auth+`"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	r, err := OpenRegistry("")
	if err != nil {
		t.Fatal(err)
	}
	repo, err := r.Repository("registry.example.com/acme/app")
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"sha256:" + strings.Repeat("0", 64), "latest"} {
		if _, err := repo.Resolve(t.Context(), ref, v1.Platform{}); err == nil {
			t.Errorf("%s was resolved", ref)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(seen) > 0 {
		t.Errorf("requests without TLS: %q", seen)
	}
}
