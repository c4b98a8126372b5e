//go:build e2e

package workflows

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// private is a registry that needs a login. The nodes of the cluster have their own, like
// those of a cloud.
type private struct {
	address string // host:port
	token   string // what a token begins with; the name of the job that has it follows
	to      http.Handler

	mu      sync.Mutex
	uses    map[string]bool // "JOB pushes"
	refused []string        // requests without a login; the first one of each client asks how to log in
}

func newPrivate(t *testing.T, token string) *private {
	t.Helper()
	p := &private{token: token, uses: map[string]bool{}, to: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "127.0.0.1:5001"})}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	p.address = strings.Replace(strings.TrimPrefix(s.URL, "http://"), "127.0.0.1", "localhost", 1)
	return p
}

var verbs = map[string]string{
	http.MethodGet: "reads", http.MethodHead: "reads", http.MethodPost: "pushes", http.MethodPut: "pushes", http.MethodPatch: "pushes", http.MethodDelete: "deletes",
}

func (p *private) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	job, known := strings.CutPrefix(password, p.token)
	switch {
	case known && user == "oauth2accesstoken":
		p.mu.Lock()
		p.uses[job+" "+verbs[r.Method]] = true
		p.mu.Unlock()
	case strings.HasPrefix(r.UserAgent(), "containerd/") && verbs[r.Method] == "reads":
	default:
		p.mu.Lock()
		if r.URL.Path != "/v2/" {
			p.refused = append(p.refused, r.Method+" "+r.URL.Path)
		}
		p.mu.Unlock()
		w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	p.to.ServeHTTP(w, r)
}

// used returns which jobs have used the registry since the last call, and for what.
func (p *private) used() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for use := range p.uses {
		all = append(all, use)
	}
	p.uses = map[string]bool{}
	slices.Sort(all)
	return all
}

// TestRegistryInEveryJob: with a registry that needs a login, each job that pushes or reads
// can, with a token of its own, and no other job gets one. The code of the app that runs in
// those others is hostile: its build, tests, seed, migration and battery search for every
// credential of the run, and find none (GP-PATH-9, GP-SAFE-2, GP-PREV-10).
func TestRegistryInEveryJob(t *testing.T) {
	b := newHostile(t)
	want := func(name string, uses ...string) {
		t.Helper()
		if diff := cmp.Diff(uses, b.registry.used()); diff != "" {
			t.Errorf("%s: uses of the registry (-want +got):\n%s", name, diff)
		}
	}
	main := b.push("main", "W2E-1: polls")
	one := b.release("h1-released", "W2E-1: polls for all")
	want("release", "deploy pushes", "deploy reads", "scorecard pushes", "scorecard reads", "staging pushes", "staging reads")
	b.searched("build", "test", "migration", "migration", "battery")

	head := b.pull()
	r := b.act("h2-opened", "goldenpath.yml", "pull_request", b.pullRequest("opened", main, head))
	b.succeeded("opened", r)
	want("pull request", "preview pushes", "preview reads")
	b.searched("build", "test", "migration", "seed", "battery")

	// No event says that it was closed.
	b.close(head)
	r = b.act("h3-sweep", "goldenpath-sweep.yml", "schedule", map[string]any{"schedule": "17 */6 * * *", "repository": repositoryPayload()})
	b.succeeded("sweep", r)
	want("sweep", "sweep deletes", "sweep reads")
	b.searched()

	if two := b.release("h4-next", "W2E-2: votes"); two == one {
		t.Errorf("two commits have one artifact: %s", one)
	}
	b.registry.used()
	b.searched("build", "test", "migration", "migration", "battery")
	r = b.act("h5-rollback", "goldenpath-rollback.yml", "workflow_dispatch", map[string]any{
		"inputs": map[string]any{"release": "previous", "environment": "production", "reason": "results are slow", "dry-run": "false"}, "repository": repositoryPayload(),
	})
	b.succeeded("rollback", r)
	want("rollback", "rollback reads")
	b.searched()
	if len(b.registry.refused) > 0 {
		t.Errorf("requests to the registry without a login: %q", b.registry.refused)
	}
	b.quiet()
}
