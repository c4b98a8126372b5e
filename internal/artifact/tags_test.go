package artifact

import (
	"encoding/base64"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"
)

// TestTags: GP-SAFE-5: an image gets tags and loses them, and stays under its digest.
func TestTags(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, time.Now(), 0o644)
	packed := pack(t, options(dir))
	repo := registries(t)["network"]("ghcr.io/acme/where2eat")
	a, err := repo.Push(t.Context(), packed.Index)
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"pr-12-3f9c2d1", "pr-12-4aaaaaa", "production-2026.11.21-1"} {
		if err := repo.Tag(t.Context(), a.Digest, tag); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // a missing tag is accepted
		if err := repo.Untag(t.Context(), "pr-12-4aaaaaa"); err != nil {
			t.Fatal(err)
		}
	}
	all, err := repo.Tags(t.Context(), "")
	if slices.Sort(all); err != nil || !cmp.Equal([]string{"pr-12-3f9c2d1", "production-2026.11.21-1"}, all) {
		t.Errorf("tags %q, %v", all, err)
	}
	if ours, err := repo.Tags(t.Context(), "pr-"); err != nil || !cmp.Equal([]string{"pr-12-3f9c2d1"}, ours) {
		t.Errorf("tags %q, %v", ours, err)
	}
	if _, err := repo.Resolve(t.Context(), a.Digest, HostPlatform()); err != nil {
		t.Error(err)
	}
}

// TestLogin: a registry that requires a login gets the one of Docker's configuration, and an
// error about a login names the way out. A registry that deletes no tags is recognised.
func TestLogin(t *testing.T) {
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	refuse := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "robot$shop" || password != "pa:ss" {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.Method == http.MethodDelete && refuse != 0 {
			w.WriteHeader(refuse)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	dir := t.TempDir()
	fill(t, dir, time.Now(), 0o644)
	packed := pack(t, options(dir))
	login := func(password string) *Repository {
		config := t.TempDir()
		auth := base64.StdEncoding.EncodeToString([]byte("robot$shop:" + password))
		if err := os.WriteFile(filepath.Join(config, "config.json"), []byte(`{"auths":{"`+host+`":{"auth":"`+auth+`"}}}`), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("DOCKER_CONFIG", config)
		r, err := OpenRegistryWith("", "a token of GitHub")
		if err != nil {
			t.Fatal(err)
		}
		repo, err := r.Repository(host + "/acme/shop")
		if err != nil {
			t.Fatal(err)
		}
		return repo
	}
	repo := login("pa:ss")
	a, err := repo.Push(t.Context(), packed.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Tag(t.Context(), a.Digest, "pr-1-3f9c2d1"); err != nil {
		t.Fatal(err)
	}
	for status, unsupported := range map[int]bool{http.StatusMethodNotAllowed: true, http.StatusBadRequest: true, http.StatusForbidden: false} {
		refuse = status
		if err := repo.Untag(t.Context(), "pr-1-3f9c2d1"); err == nil || errors.Is(err, ErrUnsupported) != unsupported {
			t.Errorf("status %d: %v", status, err)
		}
	}
	repo = login("old")
	_, pushed := repo.Push(t.Context(), packed.Index)
	_, read := repo.Resolve(t.Context(), a.Digest, HostPlatform())
	for what, err := range map[string]error{"push": pushed, "read": read, "tag": repo.Tag(t.Context(), a.Digest, "x")} {
		if err == nil || !strings.Contains(err.Error(), "log in to "+host) || strings.Contains(err.Error(), "robot") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
