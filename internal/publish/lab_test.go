package main

import (
	"archive/tar"
	"bytes"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// lab is goldenpath in small: its repository with programs that only print their
// version, the bare repository it is pushed to, and a registry with a base.
type lab struct {
	t              *testing.T
	origin, repo   string
	registry, base string
}

const program = `package main

import "github.com/seed-b235b314/goldenpath/internal/command"

func main() { println("NAME", command.Version()) }
`

const linked = `package command

var version, commit string

func Version() string { return version + " " + commit }
`

// small are the files of the repository in small.
func small() map[string]string {
	zeros := strings.Repeat("0", 40)
	return map[string]string{
		"go.mod":                             "module github.com/seed-b235b314/goldenpath\n\ngo 1.26.0\n\ntoolchain " + toolchainOf(runtime.Version()) + "\n",
		"cmd/goldenpath/main.go":             strings.Replace(program, "NAME", "goldenpath", 1),
		"cmd/security-gate/main.go":          strings.Replace(program, "NAME", "security-gate", 1),
		"internal/command/command.go":        linked,
		"action.yml":                         "runs:\n  using: docker\n  image: Dockerfile\n",
		"actions/promote/action.yml":         "runs:\n  using: docker\n  image: ../../Dockerfile\n",
		"actions/security-gate/action.yml":   "runs:\n  using: docker\n  image: ../../Dockerfile.security-gate\n",
		"actions/promote/README.md":          "- uses: seed-b235b314/goldenpath/actions/promote@<commit SHA> # v0\n",
		"workflows/pull-request.yml":         "# In place of the zeros put a commit.\nuses: seed-b235b314/goldenpath/.github/workflows/pull-request.yml@" + zeros + " # v0\n",
		".github/workflows/pull-request.yml": "on: workflow_call\n",
		"CHANGELOG.md":                       "# Changelog\n\n## [0.1.1] - unreleased\n\n- Fixed.\n\n## [0.1.0] - unreleased\n\n- Everything.\n\n## [0.0.9] - 2026-01-02\n\n- Before.\n",
	}
}

// toolchainOf leaves out the experiments that this test was built with.
func toolchainOf(version string) string { return regexp.MustCompile(`^go[0-9.]+`).FindString(version) }

var discard = registry.Logger(log.New(io.Discard, "", 0))

func newLab(t *testing.T) *lab {
	t.Helper()
	dir := t.TempDir()
	l := &lab{t: t, origin: filepath.Join(dir, "origin.git"), repo: filepath.Join(dir, "checkout")}
	server := httptest.NewServer(registry.New(registry.WithReferrersSupport(true), discard))
	t.Cleanup(server.Close)
	l.registry = strings.TrimPrefix(server.URL, "http://") + "/acme"
	l.base = pushBase(t, strings.TrimPrefix(server.URL, "http://")+"/base", "usr/bin/git", "etc/ssl/certs/ca-certificates.crt")
	l.git(dir, "init", "--quiet", "--bare", "--initial-branch=main", l.origin)
	l.git(dir, "clone", "--quiet", l.origin, l.repo)
	l.git(l.repo, "checkout", "--quiet", "-b", "main")
	for name, text := range small() {
		l.write(name, text)
	}
	l.commit("first")
	return l
}

// pushBase pushes an image for two platforms with empty files, and returns it by
// digest.
func pushBase(t *testing.T, repository string, files ...string) string {
	t.Helper()
	index := mutate.IndexMediaType(empty.Index, types.DockerManifestList)
	for _, arch := range []string{"amd64", "arm64"} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, file := range append(files, "arch-"+arch) {
			if err := w.WriteHeader(&tar.Header{Name: file, Mode: 0o755}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
		if err != nil {
			t.Fatal(err)
		}
		img, err := mutate.AppendLayers(empty.Image, layer)
		if err != nil {
			t.Fatal(err)
		}
		// What bases like to have and an action's image must not.
		img, err = mutate.Config(img, v1.Config{User: "65532", WorkingDir: "/git", Cmd: []string{"--help"}, Entrypoint: []string{"git"}, Env: []string{"A=b", "PATH=/usr/bin"}, Volumes: map[string]struct{}{"/git": {}}})
		if err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
	}
	digest, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	reference, err := name.NewDigest(repository + "@" + digest.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(reference, index); err != nil {
		t.Fatal(err)
	}
	return reference.String()
}

func (l *lab) git(dir string, args ...string) string {
	l.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=ann", "-c", "user.email=ann@example.com", "-c", "advice.detachedHead=false"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		l.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (l *lab) write(name, text string) {
	l.t.Helper()
	file := filepath.Join(l.repo, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		l.t.Fatal(err)
	}
}

// commit commits and pushes to main.
func (l *lab) commit(message string) {
	l.t.Helper()
	l.git(l.repo, "add", "--all")
	l.git(l.repo, "commit", "--quiet", "--message", message)
	l.git(l.repo, "push", "--quiet", "origin", "HEAD:main")
}

func (l *lab) options(version string) Options {
	return Options{
		Version: version, Home: "seed-b235b314/goldenpath", Registry: l.registry, Base: l.base, Repo: l.repo, Remote: "origin", Branch: "main",
		Platforms: []string{"linux/amd64"}, Build: []string{"goldenpath", "security-gate"}, Binaries: prebuilt(l.t),
	}
}

// built are the small programs as anybody would build them, once for all tests that
// do not build themselves.
var built struct {
	sync.Once
	dir string
}

func prebuilt(t *testing.T) string {
	t.Helper()
	built.Do(func() {
		dir, err := os.MkdirTemp("", "publish-test-*")
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range small() {
			if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range products {
			for _, arch := range []string{"amd64", "arm64"} {
				cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", p.name+"-linux-"+arch, "./cmd/"+p.name)
				cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			}
		}
		built.dir = dir
	})
	if built.dir == "" {
		t.Fatal("the small programs could not be built: the first test that needs them says why")
	}
	return built.dir
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// publish makes a release and returns what it printed.
func (l *lab) publish(o Options) string {
	l.t.Helper()
	var out bytes.Buffer
	if err := Publish(l.t.Context(), o, &out); err != nil {
		l.t.Fatalf("%v\n%s", err, out.String())
	}
	return out.String()
}

// refuses asserts that no release is made, and why.
func (l *lab) refuses(o Options, why string) {
	l.t.Helper()
	before := l.refs()
	var out bytes.Buffer
	err := Publish(l.t.Context(), o, &out)
	if err == nil || !strings.Contains(err.Error(), why) {
		l.t.Errorf("error %v, want %q\n%s", err, why, out.String())
	}
	if after := l.refs(); after != before {
		l.t.Errorf("refs were\n%s\nand are\n%s", before, after)
	}
}

// refs are those of the bare repository.
func (l *lab) refs() string {
	return l.git(l.origin, "for-each-ref", "--format=%(refname) %(objectname)")
}

func (l *lab) at(ref, file string) string { return l.git(l.origin, "show", ref+":"+file) }
