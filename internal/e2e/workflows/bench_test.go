//go:build e2e

package workflows

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// bench is a repository of a team, on a fake GitHub.
type bench struct {
	t       *testing.T
	dir     string            // contains everything; on the disk that Docker mounts from
	copy    string            // the version of goldenpath that callers pin
	repo    string            // clone that a person works in
	image   string            // image of the jobs
	own     string            // image of goldenpath's actions
	env     map[string]string // only of the jobs that may ask for the identity of the run
	binds   []string          // folders that every job can access
	local   map[string]string // owner/name@commit → folder
	secrets map[string]string
	token   string // of every job
	hub     *githubtest.Server
	server  string // address of the git server
}

const repository = "acme/where2eat"

func newBench(t *testing.T) *bench {
	t.Helper()
	needDocker(t)
	if os.Getenv("KUBECONFIG") == "" {
		t.Skip("no cluster: make e2e starts one as root on Linux, or set KUBECONFIG")
	}
	return newBenchOf(t, "goldenpath:e2e")
}

func needDocker(t *testing.T) {
	t.Helper()
	if why := os.Getenv("GOLDENPATH_DOCKER_SKIP"); why != "" {
		t.Skip("containers cannot run here: " + why)
	}
}

// newBenchOf is newBench with another image of goldenpath's actions, and without a cluster.
func newBenchOf(t *testing.T, own string) *bench {
	t.Helper()
	// Not below /tmp, because the temporary folders of the jobs are mounted there.
	cache := filepath.Join(top(t), ".cache")
	dir, err := os.MkdirTemp(cache, "workflows-")
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{
		t: t, dir: dir, image: output(t, "", filepath.Join(top(t), "internal/e2e/act/act.sh"), "image"),
		own: own, local: map[string]string{}, secrets: map[string]string{},
	}
	b.token = b.made("token-of-the-job")
	b.secrets["GITHUB_TOKEN"] = b.token
	t.Cleanup(b.clean)
	b.binds = []string{
		filepath.Join(dir, "artifacts") + ":/artifacts", output(t, "", "go", "env", "GOROOT") + ":/usr/local/go:ro",
		output(t, "", "go", "env", "GOMODCACHE") + ":/gomodcache", output(t, "", "go", "env", "GOCACHE") + ":/gocache",
	}
	b.serve()
	b.publish()
	return b
}

// made returns a credential that no other bench has.
func (b *bench) made(what string) string { return "made-up-" + what + "-of-" + filepath.Base(b.dir) }

// serve starts GitHub: its API, and its git server, which requires the token.
func (b *bench) serve() {
	b.t.Helper()
	b.hub = githubtest.New(repository)
	b.hub.Tokens = map[string]githubtest.Token{b.token: {Account: githubtest.Actions}}
	stop, err := b.hub.Serve("127.0.0.1:0")
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = stop() })
	bare := filepath.Join(b.dir, "git", repository+".git")
	output(b.t, "", "git", "init", "--quiet", "--bare", "--initial-branch=main", bare)
	output(b.t, bare, "git", "config", "http.receivepack", "true")
	handler, err := githubtest.Repositories(filepath.Join(b.dir, "git"), b.token)
	if err != nil {
		b.t.Fatal(err)
	}
	s := httptest.NewServer(handler)
	b.t.Cleanup(s.Close)
	b.server = s.URL
}

// clone creates the repository of the sample, with the starters copied as a team would
// copy them.
func (b *bench) clone() {
	b.t.Helper()
	b.repo = filepath.Join(b.dir, "where2eat")
	if err := os.CopyFS(b.repo, os.DirFS(filepath.Join(top(b.t), "testdata/where2eat"))); err != nil {
		b.t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(b.repo, "e2e")); err != nil {
		b.t.Fatal(err)
	}
	starters, err := filepath.Glob(filepath.Join(top(b.t), "workflows/*.yml"))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, file := range starters {
		name := "goldenpath-" + filepath.Base(file)
		if filepath.Base(file) == "goldenpath.yml" {
			name = "goldenpath.yml"
		}
		text := strings.ReplaceAll(read(b.t, file), strings.Repeat("0", 40), release)
		write(b.t, filepath.Join(b.repo, ".github/workflows", name), text)
	}
	b.git("init", "--quiet", "--initial-branch=main")
	b.git("remote", "add", "origin", b.server+"/"+repository+".git")
}

var calls = regexp.MustCompile(`(?m)^    uses: seed-b235b314/goldenpath/\.github/workflows/(pull-request|release|sweep|rollback|promote-production)\.yml@.*\n(    with:\n)?`)

// inputs adds inputs to the calls of the workflows, as a team would.
func (b *bench) inputs(lines ...string) {
	b.t.Helper()
	starters, err := filepath.Glob(filepath.Join(b.repo, ".github/workflows/*.yml"))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, file := range starters {
		write(b.t, file, calls.ReplaceAllStringFunc(read(b.t, file), func(call string) string {
			return strings.TrimSuffix(call, "    with:\n") + "    with:\n      " + strings.Join(lines, "\n      ") + "\n"
		}))
	}
}

func (b *bench) write(name, text string) {
	b.t.Helper()
	write(b.t, filepath.Join(b.repo, name), text)
}

// push commits all changes and pushes them, as a person would.
func (b *bench) push(branch, message string) (commit string) {
	b.t.Helper()
	b.git("add", "--all")
	b.git("commit", "--quiet", "--allow-empty", "--message", message)
	b.git("-c", "http.extraHeader=Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte("x:"+b.token)), "push", "--quiet", "--force", "origin", "HEAD:"+branch)
	return b.git("rev-parse", "HEAD")
}

func (b *bench) git(args ...string) string {
	b.t.Helper()
	return output(b.t, b.repo, "git", append([]string{"-c", "user.name=ann", "-c", "user.email=ann@example.com"}, args...)...)
}

// output runs a program that must succeed.
func output(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// clean removes everything from Docker and the disk. Files that jobs created belong to
// root.
func (b *bench) clean() {
	b.emptyVolumes()
	if err := os.RemoveAll(b.dir); err != nil {
		b.t.Error(fmt.Errorf("remove %s: %w", b.dir, err))
	}
}
