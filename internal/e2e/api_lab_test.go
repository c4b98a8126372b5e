//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// jobToken has the format of a job's token.
const jobToken = "ghs_15368_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ0ZXN0In0.c2lnbmF0dXJlLW9mLWEtam9icy10b2tlbg-_"

// apiLab is a repository with an artifact, a pull request on a fake GitHub, and a proxy
// between the two that can fail.
type apiLab struct {
	t         *testing.T
	dir       string
	temp      string // RUNNER_TEMP, and the files that a step writes
	head      string
	base      string
	digest    string
	hub       *githubtest.Server
	api       *httptest.Server
	event     string
	arrived   int // requests that the fault failed
	otherHost *httptest.Server
	leaked    []string // what another host received

	mu    sync.Mutex
	fault *apiFault
	at    position
}

// apiPacked is the artifact, built once.
var apiPacked struct {
	sync.Once
	dir    string
	digest string
}

func newAPILab(t *testing.T) *apiLab {
	t.Helper()
	apiPacked.Do(func() {
		dir, err := os.MkdirTemp("", "goldenpath-api-*")
		if err != nil {
			t.Fatal(err)
		}
		apiPacked.dir = filepath.Join(dir, "hello")
		if err := os.CopyFS(apiPacked.dir, os.DirFS(filepath.Join(root(t), "testdata/repos/hello"))); err != nil {
			t.Fatal(err)
		}
		git(t, apiPacked.dir, "init", "--quiet", "--initial-branch=main")
		git(t, apiPacked.dir, "add", "--all")
		commit(t, apiPacked.dir, "base")
		commit(t, apiPacked.dir, "change")
		apiPacked.digest = packageHead(t, apiPacked.dir)
	})
	if apiPacked.digest == "" {
		t.Fatal("the service could not be packaged: the first test that needs it reports why")
	}
	l := &apiLab{t: t, dir: filepath.Join(t.TempDir(), "hello"), temp: t.TempDir(), digest: apiPacked.digest}
	if out, err := exec.Command("cp", "-a", apiPacked.dir, l.dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l.head, l.base = git(t, l.dir, "rev-parse", "HEAD"), git(t, l.dir, "rev-parse", "HEAD~1")
	l.hub = githubtest.New("acme/hello")
	l.hub.Private = true
	l.hub.Tokens = map[string]githubtest.Token{jobToken: {Account: githubtest.Actions}}
	l.api = httptest.NewServer(l)
	l.hub.URL = l.api.URL
	l.otherHost = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.leaked = append(l.leaked, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
	}))
	t.Cleanup(func() {
		run(t, l.dir, "down")
		l.api.CloseClientConnections()
		l.api.Close()
		l.otherHost.Close()
		for _, v := range l.hub.Violations() {
			t.Error(v)
		}
	})
	l.pull("open")
	l.occur("pull_request", fmt.Sprintf(`{"action": "synchronize", "number": 12, "pull_request": {"head": {"sha": %q}, "base": {"sha": %q}}}`, l.head, l.base))
	return l
}

func (l *apiLab) pull(state string) {
	p := githubtest.Pull{Number: 12, Head: l.head, Branch: "change", Author: "ann", Title: "A change", State: state}
	if state == "closed" {
		p.Closed = time.Now()
	}
	l.hub.SetPull(p)
}

// occur sets the event that starts the run.
func (l *apiLab) occur(event, payload string) {
	l.event = event
	write(l.t, filepath.Join(l.temp, "event.json"), payload)
}

// breakAPI makes requests at a position fail; nil ends that.
func (l *apiLab) breakAPI(f *apiFault, at position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault, l.at, l.arrived = f, at, 0
}

func (l *apiLab) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	f := l.fault
	if f != nil && !l.at.matches(r) {
		f = nil
	}
	if f != nil {
		l.arrived++
		if f.first > 0 && l.arrived > f.first {
			f = nil
		}
	}
	l.mu.Unlock()
	if f == nil {
		l.hub.ServeHTTP(w, r)
		return
	}
	f.serve(l, w, r)
}

// step is the result of a command that ran as a step of a job.
type step struct {
	code    int
	log     string
	summary string
	outputs string
	took    time.Duration
}

// step runs a command with the environment that GitHub's runner sets.
func (l *apiLab) step(args ...string) step {
	l.t.Helper()
	cmd, out := command(l.t, l.dir, args...)
	for _, name := range []string{"summary.md", "outputs"} {
		write(l.t, filepath.Join(l.temp, name), "")
	}
	cmd.Env = append(os.Environ(),
		"GITHUB_ACTIONS=true", "CI=true", "GITHUB_EVENT_NAME="+l.event, "GITHUB_EVENT_PATH="+l.temp+"/event.json", "GITHUB_API_URL="+l.api.URL,
		"GITHUB_TOKEN="+jobToken, "GITHUB_REPOSITORY=acme/hello", "GITHUB_SERVER_URL=https://github.com", "GITHUB_RUN_ID=42",
		"GITHUB_STEP_SUMMARY="+l.temp+"/summary.md", "GITHUB_OUTPUT="+l.temp+"/outputs", "RUNNER_TEMP="+l.temp, "GITHUB_WORKSPACE="+l.dir,
	)
	began := time.Now()
	err := cmd.Run()
	if cmd.ProcessState == nil {
		l.t.Fatal(err)
	}
	s := step{code: cmd.ProcessState.ExitCode(), log: out.String(), took: time.Since(began), summary: read(l.t, l.temp+"/summary.md"), outputs: read(l.t, l.temp+"/outputs")}
	// GP-GATE-7, GP-SAFE-2: no output contains the token, and neither do the reports
	// and the state.
	if all, err := exec.Command("grep", "-rlaF", jobToken[16:40], l.temp, filepath.Join(l.dir, ".git/goldenpath")).Output(); err == nil {
		l.t.Errorf("the token is in %s", all)
	}
	if strings.Contains(s.log, jobToken[16:40]) {
		l.t.Errorf("the token is in the log:\n%s", s.log)
	}
	return s
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var section = regexp.MustCompile(`goldenpath-section: preview`)

// once checks how many comments and deployments there are, and that none is there
// twice.
func (l *apiLab) once(comments, deployments int) {
	l.t.Helper()
	n := 0
	for _, c := range l.hub.Comments(12) {
		if section.MatchString(c.Body) {
			n++
		}
	}
	if all := l.hub.Deployments("preview/pr-12"); n > max(1, comments) || len(all) > max(1, deployments) || n < comments || len(all) < deployments {
		l.t.Errorf("%d comments and %d deployments, want %d and %d", n, len(all), comments, deployments)
	}
}

// running reports whether the preview is there.
func (l *apiLab) running() bool {
	found, err := os.ReadDir(filepath.Join(l.dir, ".git/goldenpath/environments"))
	return err == nil && len(found) > 0
}

// answer carries out the request and returns the hub's own response.
func (l *apiLab) answer(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	l.hub.ServeHTTP(rec, r)
	return rec
}

func drain(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) } // the rest of the body is not needed
