package origin

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// What a server answers becomes one line that has the same text for every repository.
func TestOpenExplains(t *testing.T) {
	for name, tt := range map[string]struct {
		serve http.HandlerFunc
		want  string
	}{
		"private": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", "Basic")
			w.WriteHeader(401)
		}, errAbsent.Error()},
		"absent":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, errAbsent.Error()},
		"limited":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, "The requested URL returned error: 429"},
		"no git":    {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("\x1b[31mhello")) }, "no branch and no tag"},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "ftp://127.0.0.1/x", 302) }, "ftp"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(tt.serve)
			defer s.Close()
			_, err := (&Repositories{Server: s.URL}).Open(t.Context(), "acme/x")
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestOpenStopsInTime(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer s.Close()
	late := errors.New("it took longer than that")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, late)
	defer cancel()
	if _, err := (&Repositories{Server: s.URL}).Open(ctx, "acme/x"); !errors.Is(err, late) {
		t.Errorf("%v", err)
	}
}

func TestOpenRefusesNames(t *testing.T) {
	for _, name := range []string{"", "a", "a/b/c", "../x", "a/..", "a b/c", "-u/x\n", "${{ x }}/y"} {
		if _, err := (&Repositories{Server: "https://127.0.0.1:1"}).Open(t.Context(), name); err == nil || !strings.Contains(err.Error(), "not the name") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestContains reads a repository over HTTP, as GitHub serves it: a commit that only a
// pull request leads to is there for everyone who asks for it, and in no branch.
func TestContains(t *testing.T) {
	dir := t.TempDir()
	work := filepath.Join(dir, "acme", "x")
	if err := os.MkdirAll(work, 0o755); err != nil {
		t.Fatal(err)
	}
	repo := git.Own(work)
	do := func(line string) string {
		t.Helper()
		out, err := repo.Run(t.Context(), strings.Fields(line)...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	commit := func() string {
		do("-c user.name=a -c user.email=a@example.com commit -q --allow-empty -m x")
		return do("rev-parse HEAD")
	}
	do("init -q -b main")
	do("config uploadpack.allowFilter true")
	do("config uploadpack.allowAnySHA1InWant true")
	first, tip := commit(), commit()
	do("checkout -q --detach")
	fork := commit()
	do("update-ref refs/pull/1/head HEAD")
	do("checkout -q main")
	backend, err := githubtest.Repositories(dir, "t")
	if err != nil {
		t.Fatal(err)
	}
	var asked bytes.Buffer
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the request has credentials")
		}
		asked.WriteString(r.URL.Path + "\n")
		r.SetBasicAuth("x", "t")
		backend.ServeHTTP(w, r)
	}))
	defer s.Close()
	all := &Repositories{Server: s.URL}
	r, err := all.Open(t.Context(), "acme/x")
	if err != nil {
		t.Fatal(err)
	}
	before := asked.Len()
	for _, c := range []struct {
		id   string
		want bool
	}{{tip, true}, {first, true}, {fork, false}, {strings.Repeat("0", 40), false}} {
		if got, err := r.Contains(t.Context(), c.id); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", c.id, got, err)
		}
		if c.id == tip && asked.Len() != before {
			t.Error("the tip of a branch needs no request")
		}
	}
	clone := asked.Len()
	if again, err := all.Open(t.Context(), "acme/x"); err != nil || again != r || asked.Len() != clone {
		t.Errorf("read again: %v", err)
	}
}

func TestSizeIsBounded(t *testing.T) {
	maxHistory = 1000
	t.Cleanup(func() { maxHistory = 256 << 20 })
	err := (&Repository{}).with(t.Context(), func(ctx context.Context, dir string) error {
		if err := os.WriteFile(filepath.Join(dir, "pack"), make([]byte, 2000), 0o600); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Second):
			return nil
		}
	})
	if err == nil || !strings.Contains(err.Error(), "its history has more than") {
		t.Errorf("%v", err)
	}
}
