//go:build e2e

package container

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// runnerUser owns the workspace on GitHub's own runners.
const runnerUser = 1001

const repository = "acme/hello"

// stage is the run of a pull request: a checkout that belongs to the runner's user, an
// artifact of its head that has completed the path, GitHub, and its git server.
type stage struct {
	*Job
	t      *testing.T
	hub    *githubtest.Server
	digest string
	base   string
	head   string
	image  bool        // whether the steps run in containers
	reads  atomic.Bool // whether the token is read-only
}

func top(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// images are the ids of the images. A tag is not enough, because another checkout of
// the project may move it during the tests.
var images = sync.OnceValues(func() (map[string]string, error) {
	ids := map[string]string{}
	for _, name := range []string{"goldenpath", "security-gate"} {
		out, err := exec.Command("docker", "image", "inspect", "--format", "{{.Id}}", name+":e2e").CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("no image %s:e2e: %w\n%s\ntry: internal/e2e/docker/docker.sh up && internal/e2e/docker/docker.sh images", name, err, out)
		}
		ids[name] = strings.TrimSpace(string(out))
	}
	return ids, nil
})

// needDocker skips the test, with the reason, if the script that starts these tests
// found that Docker cannot run.
func needDocker(t *testing.T) map[string]string {
	t.Helper()
	if why := os.Getenv("GOLDENPATH_DOCKER_SKIP"); why != "" {
		t.Skip("containers cannot run here: " + why)
	}
	ids, err := images()
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// bridgeAddress returns the address of this machine that a container on the default
// bridge can connect to: the IPv4 address of the bridge's interface. Docker's
// description of the network is not used, because Engine 20.10 leaves the gateway out
// of it before its second start.
func bridgeAddress(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("docker", "network", "inspect", "bridge", "--format", `{{index .Options "com.docker.network.bridge.name"}}`).Output()
	if err != nil {
		t.Fatalf("ask docker for its default bridge: %v", err)
	}
	name := strings.TrimSpace(string(out))
	bridge, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatalf("docker's default bridge is the interface %q: %v", name, err)
	}
	addresses, err := bridge.Addrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
			return p.Addr().String()
		}
	}
	t.Fatalf("%s has no IPv4 address, only %v", name, addresses)
	return ""
}

const config = `version: 1
app: hello
artifact: {pack: built, entrypoint: [/hello]}
preview: {ready: {path: /healthz, timeout: 20s}}
environments: {staging: {soak: {for: 1s, at-least: 5, slo: {availability: 99}}}}
scorecard: {must: []}
`

// completed is a repository whose head has completed the path up to its scorecard, so
// that everything a promotion requires is there. It is built once, and copied.
var completed = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "completed-")
	if err != nil {
		return "", err
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		return "", err
	}
	for name, text := range map[string]string{
		".goldenpath.yml": config, ".gitignore": "reports/\n", "README.md": "# hello\n", "built/.keep": "",
		"reports/unit.xml": `<testsuite name="unit" tests="2"><testcase classname="hello" name="a"/><testcase classname="hello" name="b"/></testsuite>`,
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	script := `
		(cd "$ROOT/testdata/repos/hello" && CGO_ENABLED=0 GOEXPERIMENT= go build -trimpath -buildvcs=false -o "$DIR/built/hello" .)
		cd "$DIR"
		git init --quiet --initial-branch=main
		git add --all && git commit --quiet --message base
		echo more >>README.md
		git commit --quiet --all --message 'README: more'
		"$ROOT/bin/goldenpath" run --until scorecard --security-gate "$ROOT/bin/security-gate"
		"$ROOT/bin/goldenpath" down`
	cmd := exec.Command("bash", "-euc", script)
	cmd.Env = append(os.Environ(), "ROOT="+root, "DIR="+dir, "GITHUB_ACTIONS=", "GIT_AUTHOR_NAME=ann", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_COMMITTER_NAME=ann", "GIT_COMMITTER_EMAIL=ann@example.com")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return dir, nil
})

// TestMain keeps everything that the tests create in one folder, and removes it.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "goldenpath-e2e-")
	if err == nil {
		err = os.Setenv("TMPDIR", dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir) // leave the rest to the system
	os.Exit(code)
}

// newStage creates a stage. Its steps run in containers if image is set, otherwise on
// this machine.
func newStage(t *testing.T, image bool) *stage {
	t.Helper()
	address := "127.0.0.1"
	if image {
		needDocker(t)
		address = bridgeAddress(t)
	}
	from, err := completed()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := &stage{t: t, image: image, Job: &Job{Workspace: filepath.Join(dir, "work/hello/hello"), Temp: filepath.Join(dir, "work/_temp")}}
	for _, d := range []string{filepath.Dir(s.Workspace), s.Temp, filepath.Join(dir, "server/acme")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.sh("cp", "-a", from, s.Workspace)
	s.base, s.head = s.git("rev-parse", "HEAD~1"), s.git("rev-parse", "HEAD")
	s.digest = s.packed()
	s.git("clone", "--quiet", "--bare", ".", filepath.Join(dir, "server", repository+".git"))
	s.sh("git", "-C", filepath.Join(dir, "server", repository+".git"), "config", "http.receivepack", "true")
	s.hub = githubtest.New(repository)
	stop, err := s.hub.Serve(address + ":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stop() })
	server := s.gitServer(address, filepath.Join(dir, "server"))
	s.git("remote", "add", "origin", server+"/"+repository+".git")
	s.hub.SetPull(githubtest.Pull{Number: 12, Head: s.head, Branch: "change", Author: "ann", Title: "README: more"})
	s.GitHub = map[string]string{
		"action": "__self", "actor": "ann", "api_url": s.hub.URL, "event_name": "pull_request", "repository": repository, "repository_owner": "acme",
		"run_id": "42", "run_number": "7", "server_url": server, "sha": s.head, "token": "job", "ref": "refs/pull/12/merge", "ref_name": "12/merge",
		"head_ref": "change", "base_ref": "main", "job": "preview", "workflow": "pull request",
	}
	s.event(map[string]any{"action": "opened"})
	s.Secrets = []string{"job"}
	if image && os.Getuid() == 0 {
		s.sh("chown", "-R", fmt.Sprintf("%d:%d", runnerUser, runnerUser), filepath.Join(dir, "work"))
	}
	return s
}

// event returns the payload; more overrides the fields of a pull request.
func (s *stage) event(more map[string]any) {
	payload := map[string]any{
		"action": "opened", "number": 12,
		"pull_request": map[string]any{"number": 12, "head": map[string]any{"sha": s.head, "ref": "change"}, "base": map[string]any{"sha": s.base, "ref": "main"}},
	}
	for k, v := range more {
		payload[k] = v
	}
	var err error
	if s.Event, err = json.Marshal(payload); err != nil {
		s.t.Fatal(err)
	}
}

// packed returns the digest that the path has recorded.
func (s *stage) packed() string {
	s.t.Helper()
	out := s.sh("bash", "-c", `cat "$1"/.git/goldenpath/runs/*/summary.json`, "bash", s.Workspace)
	_, rest, _ := strings.Cut(out, `"sha256:`)
	digest, _, ok := strings.Cut(rest, `"`)
	if !ok {
		s.t.Fatalf("the state of the run names no digest:\n%s", out)
	}
	return "sha256:" + digest
}

func (s *stage) sh(name string, args ...string) string {
	s.t.Helper()
	cmd := exec.Command(name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("%s %v: %v\n%s%s", name, args, err, out, &stderr)
	}
	return strings.TrimSpace(string(out))
}

// git runs git in the workspace, regardless of its owner.
func (s *stage) git(args ...string) string {
	s.t.Helper()
	return s.sh("git", append([]string{"-C", s.Workspace, "-c", "safe.directory=*", "-c", "user.name=ann", "-c", "user.email=ann@example.com"}, args...)...)
}

// write puts a file into the workspace, as the runner's user would.
func (s *stage) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.Workspace, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
	s.own()
}

// own gives the whole workspace to the runner's user. Without containers the tests
// themselves run as that user.
func (s *stage) own() {
	s.t.Helper()
	if s.image && os.Getuid() == 0 {
		s.sh("chown", "-R", fmt.Sprintf("%d:%d", runnerUser, runnerUser), s.Workspace)
	}
}

// foreign returns the files that the runner's user does not own: a later step, or the
// runner's cleanup, would fail on each of them.
func (s *stage) foreign() []string {
	s.t.Helper()
	uid, _, err := owner(s.Workspace)
	if err != nil {
		s.t.Fatal(err)
	}
	var found []string
	for _, root := range []string{s.Workspace, s.Temp} {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err == nil && int(info.Sys().(*syscall.Stat_t).Uid) != uid {
				found = append(found, name)
			}
			return err
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	return found
}

// step returns a step that uses one of the actions.
func (s *stage) step(name string, with map[string]string) Step {
	binary := "goldenpath"
	if name == "security-gate" {
		binary = name
	}
	step := Step{Dir: filepath.Join(top(s.t), "actions", name), With: with}
	if s.image {
		step.Image = needDocker(s.t)[binary]
	} else {
		step.Binary = filepath.Join(top(s.t), "bin", binary)
	}
	return step
}

// with returns the inputs that a workflow gives to an action.
func (s *stage) with(name string) map[string]string {
	return map[string]map[string]string{
		"preview-up":    {"digest": s.digest},
		"preview-down":  {"even-open": "true"},
		"security-gate": {"offline": "true", "missing-database": "warn"},
		"scorecard":     {"junit": "reports/*.xml", "digest": s.digest},
		"promote":       {"environment": "staging", "digest": s.digest},
	}[name]
}

// run runs a step to its end.
func (s *stage) run(step Step) *Result {
	s.t.Helper()
	r, err := s.Run(s.t.Context(), step)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}
