//go:build e2e

package e2e

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	released = "v0.1.0"
	upstream = "seed-b235b314/goldenpath"
)

// rehearsal is a release of this commit to a registry and a bare repository of its own.
// Goldenpath is built for both platforms as in a release. security-gate is the one in
// bin, for this machine's platform only, because building it for another takes ten
// minutes.
type rehearsal struct {
	t                            *testing.T
	dir, publish, origin, source string // source is a checkout
	registry, base, binaries     string
	home, platforms              string // repository that makes the release, and for which platforms
}

// TestRelease rehearses a release and proves GP-SAFE-4 and part of GP-SAFE-5. The
// release is killed and run again, and so is that of a fork; a caller who pins it gets the
// bytes that the source builds to; the commands of docs/verifying.md work as printed; and a
// tampered release is rejected.
func TestRelease(t *testing.T) {
	r := newRehearsal(t)
	r.fork()
	r.killedAt("push")
	if refs := r.refs(); strings.Contains(refs, "tags") {
		t.Fatalf("killed before the first tag, it left\n%s", refs)
	}
	first := filepath.Join(r.dir, "first.json")
	t.Log(r.run(r.source, "--output", first))
	var made struct {
		Source, Release, Starters string
		Images                    map[string]string
	}
	b, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &made); err != nil {
		t.Fatal(err)
	}
	if at := git(t, r.origin, "rev-parse", released, released+"^"); at != made.Release+"\n"+made.Source {
		t.Errorf("the tag is\n%s\nwant %s, of %s", at, made.Release, made.Source)
	}
	// v0 moves when the release is published, and not before.
	if refs := r.refs(); strings.Contains(refs, "refs/tags/v0 ") {
		t.Errorf("a draft moved v0:\n%s", refs)
	}
	r.run(r.source, "--move")
	if at := git(t, r.origin, "rev-parse", "v0"); at != made.Release {
		t.Errorf("v0 is %s, want %s", at, made.Release)
	}
	r.caller(made.Release, made.Source, made.Images)
	r.starters(made.Release)

	// Another machine: another folder, and only the scanners are prebuilt.
	refs := r.refs()
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	git(t, r.dir, "clone", "--quiet", r.origin, elsewhere)
	again := r.run(elsewhere, "--expect", first)
	if r.refs() != refs || strings.Count(again, "already") != 6 {
		t.Errorf("the same release again printed\n%s", again)
	}
	r.documented()
	r.tampered()
}

// fork rehearses the release of a fork, which is killed between the push of the images and
// the commits. Its starters and its init call the fork. One platform is enough, because
// nothing that depends on the platform depends on the owner.
func (r *rehearsal) fork() {
	t, f := r.t, *r
	f.home, f.platforms, f.registry = "Acme-Labs/goldenpath", "linux/"+runtime.GOARCH, strings.TrimSuffix(r.registry, "acme")+"acme-labs"
	f.origin, f.source = filepath.Join(r.dir, "fork.git"), filepath.Join(r.dir, "fork")
	git(t, r.dir, "clone", "--quiet", "--bare", r.origin, f.origin)
	git(t, r.dir, "clone", "--quiet", f.origin, f.source)
	f.killedAt("commits")
	if refs := f.refs(); strings.Contains(refs, "tags") {
		t.Fatalf("killed before the push of refs, it left\n%s", refs)
	}
	f.run(f.source)
	pin := git(t, f.origin, "rev-parse", released+"^{commit}")
	f.starters(pin)
	config, err := crane.Config(f.registry + "/goldenpath:" + released)
	if err != nil || !bytes.Contains(config, []byte(`"org.opencontainers.image.source":"https://github.com/Acme-Labs/goldenpath"`)) {
		t.Errorf("labels of the image: %s, %v", config, err)
	}
	program := filepath.Join(t.TempDir(), "goldenpath")
	if err := os.WriteFile(program, pull(t, f.registry+"/goldenpath:"+released, "goldenpath", runtime.GOARCH), 0o755); err != nil {
		t.Fatal(err)
	}
	app := t.TempDir()
	git(t, app, "init", "--quiet")
	if err := os.WriteFile(filepath.Join(app, "Dockerfile"), []byte("FROM scratch\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "init", "--image", "ghcr.io/acme-labs/app", "--pin", pin)
	cmd.Dir = app
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(app, ".github/workflows/goldenpath.yml"))
	if err != nil || strings.Count(string(text), "uses: "+f.home+"/.github/workflows/") != 2 || bytes.Contains(text, []byte(upstream)) {
		t.Errorf("init of the fork wrote: %v\n%s", err, text)
	}
}

func newRehearsal(t *testing.T) *rehearsal {
	t.Helper()
	dir := t.TempDir()
	r := &rehearsal{
		t: t, dir: dir, publish: filepath.Join(dir, "publish"), origin: filepath.Join(dir, "goldenpath.git"),
		source: filepath.Join(dir, "source"), binaries: filepath.Join(dir, "binaries"), home: upstream, platforms: "linux/amd64,linux/arm64",
	}
	// Like GHCR, this registry has no referrers API: referrers are found by a tag.
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	r.registry = strings.TrimPrefix(server.URL, "http://") + "/acme"
	r.base = pushBase(t, r.registry+"/base")
	build := exec.Command("go", "build", "-o", r.publish, "./internal/publish")
	build.Dir = root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	gate, err := os.ReadFile(filepath.Join(root(t), "bin/security-gate"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(r.binaries, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.binaries, "security-gate-linux-"+runtime.GOARCH), gate, 0o755); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "init", "--quiet", "--bare", "--initial-branch=main", r.origin)
	git(t, root(t), "push", "--quiet", r.origin, "HEAD:refs/heads/main")
	git(t, dir, "clone", "--quiet", r.origin, r.source)
	return r
}

// pushBase builds a base image from nothing: a program named git, and certificates.
func pushBase(t *testing.T, repository string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, file := range []string{"usr/bin/git", "etc/ssl/certs/ca-certificates.crt"} {
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
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, arch := range []string{"amd64", "arm64"} {
		platform := v1.Platform{OS: "linux", Architecture: arch}
		img, err := mutate.AppendLayers(empty.Image, layer)
		if err != nil {
			t.Fatal(err)
		}
		if img, err = mutate.ConfigFile(img, withPlatform(t, img, platform)); err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &platform}})
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

func withPlatform(t *testing.T, img v1.Image, p v1.Platform) *v1.ConfigFile {
	t.Helper()
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = p.OS, p.Architecture
	return file
}

// flags are what a rehearsal needs in addition to the version.
func (r *rehearsal) flags() []string {
	return []string{"--home", r.home, "--platforms", r.platforms, "--registry", r.registry, "--base", r.base, "--binaries", r.binaries, "--build", "goldenpath"}
}

func (r *rehearsal) command(repo string, more ...string) *exec.Cmd {
	args := append([]string{released, "--repo", repo}, r.flags()...)
	return exec.Command(r.publish, append(args, more...)...)
}

func (r *rehearsal) run(repo string, more ...string) string {
	r.t.Helper()
	out, err := r.command(repo, more...).CombinedOutput()
	if err != nil {
		r.t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func (r *rehearsal) refs() string {
	r.t.Helper()
	return git(r.t, r.origin, "for-each-ref", "--format=%(refname) %(objectname)")
}

// killedAt runs until the first line of a step, then kills the run and every process it
// started.
func (r *rehearsal) killedAt(step string) {
	r.t.Helper()
	cmd := r.command(r.source)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	seen := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if !seen && strings.HasPrefix(lines.Text(), "  "+step+" ") {
			seen = true
			if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || !seen {
		r.t.Fatalf("it was not killed at %s: %v", step, err)
	}
}

var imageLine = regexp.MustCompile(`(?m)^  image: docker://(\S+):` + regexp.QuoteMeta(released) + `@(sha256:[0-9a-f]{64})$`)

// caller does what a runner does with a pinned action: it reads the actions of that
// commit and pulls the images that they name.
func (r *rehearsal) caller(pin, source string, images map[string]string) {
	t := r.t
	clone := filepath.Join(t.TempDir(), "actions")
	git(t, r.dir, "init", "--quiet", clone)
	git(t, clone, "fetch", "--quiet", "--depth=1", r.origin, pin)
	git(t, clone, "checkout", "--quiet", "FETCH_HEAD")
	files, err := filepath.Glob(filepath.Join(clone, "actions/*/action.yml"))
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	pulled := map[string][]byte{}
	for _, file := range append(files, filepath.Join(clone, "action.yml")) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte("using: docker")) {
			continue
		}
		m := imageLine.FindSubmatch(text)
		if m == nil {
			t.Errorf("%s does not name an image by digest:\n%s", file, text)
			continue
		}
		image, digest := string(m[1]), string(m[2])
		if images[image] != digest {
			t.Errorf("%s: %s@%s, and %q was pushed", file, image, digest, images[image])
		}
		if there, err := crane.Digest(image + ":" + released); err != nil || there != digest {
			t.Errorf("the registry has %s as %s: %v", there, released, err)
		}
		pulled[filepath.Base(image)] = pull(t, image+"@"+digest, filepath.Base(image), runtime.GOARCH)
	}
	gate, err := os.ReadFile(filepath.Join(r.binaries, "security-gate-linux-"+runtime.GOARCH))
	if err != nil || !bytes.Equal(gate, pulled["security-gate"]) {
		t.Errorf("security-gate in the image differs from the one that was provided: %v", err)
	}
	if got, want := said(t, pulled["goldenpath"]), "goldenpath "+released+" ("+source[:12]+")"; got != want {
		t.Errorf("--version prints %q, want %q", got, want)
	}
	r.rebuilt(source, map[string][]byte{
		"amd64": pull(t, r.registry+"/goldenpath:"+released, "goldenpath", "amd64"),
		"arm64": pull(t, r.registry+"/goldenpath:"+released, "goldenpath", "arm64"),
	})
}

// rebuilt builds by hand, without the release process, and compares the bytes.
func (r *rehearsal) rebuilt(source string, want map[string][]byte) {
	vars := "github.com/seed-b235b314/goldenpath/internal/command."
	for arch, text := range want {
		file := filepath.Join(r.dir, "by-hand-"+arch)
		cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", file,
			"-ldflags", fmt.Sprintf("-s -w -X %sversion=%s -X %scommit=%s -X %simage=%s/goldenpath -X %s/workflows.repository=%s",
				vars, released, vars, source, vars, r.registry, "github.com/"+upstream, r.home), "./cmd/goldenpath")
		cmd.Dir = r.source
		cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0", "GOEXPERIMENT=jsonv2", "GOFLAGS=-mod=readonly", "GOTOOLCHAIN=auto") // the release of go.mod, as anyone's go command takes it
		if out, err := cmd.CombinedOutput(); err != nil {
			r.t.Fatalf("%v\n%s", err, out)
		}
		mine, err := os.ReadFile(file)
		if err != nil || sha256.Sum256(mine) != sha256.Sum256(text) {
			r.t.Errorf("goldenpath for %s differs from a build by hand: %v", arch, err)
		}
	}
}

func pull(t *testing.T, reference, program, arch string) []byte {
	t.Helper()
	img, err := crane.Pull(reference, crane.WithPlatform(&v1.Platform{OS: "linux", Architecture: arch}))
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	if err := crane.Export(img, &all); err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(&all); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			t.Fatalf("%s has no %s", reference, program)
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Name == "usr/local/bin/"+program {
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
	}
}

func said(t *testing.T, program []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, program, 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(file, "--version").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// starters asserts that the starters on the branch pin the release.
func (r *rehearsal) starters(pin string) {
	t := r.t
	names := strings.Fields(git(t, r.origin, "ls-tree", "--name-only", "release/v0.1", "workflows/"))
	if len(names) < 2 {
		t.Fatal(names)
	}
	for _, file := range names {
		if filepath.Ext(file) != ".yml" {
			continue // Go files that embed the starters
		}
		text := git(t, r.origin, "show", "release/v0.1:"+file)
		if strings.Contains(text, strings.Repeat("0", 40)) || !strings.Contains(text, "@"+pin+" # "+released) || strings.Contains(text, "zeros") ||
			strings.Count(text, "uses: "+r.home+"/") != strings.Count(text, "uses: ") {
			t.Errorf("%s does not pin the release:\n%s", file, text)
		}
	}
}

// documented runs the blocks of docs/verifying.md that are marked as rehearsed, as
// printed except for the names of GitHub and its registry.
func (r *rehearsal) documented() {
	t := r.t
	text := git(t, r.origin, "show", released+":docs/verifying.md")
	blocks := regexp.MustCompile("(?s)<!-- rehearsed -->\n```console\n(.*?)```").FindAllStringSubmatch(text, -1)
	if len(blocks) != 3 {
		t.Fatalf("%d blocks are marked as rehearsed, want 3", len(blocks))
	}
	script := "set -euo pipefail\n"
	for _, b := range blocks {
		for line := range strings.Lines(b[1]) {
			command, ok := strings.CutPrefix(line, "$ ")
			if !ok {
				t.Fatalf("%q is not a command", line)
			}
			script += command
		}
	}
	script = strings.NewReplacer(
		"https://github.com/seed-b235b314/goldenpath", r.origin,
		"ghcr.io/seed-b235b314", r.registry,
		"--dry-run", strings.Join(r.flags(), " ")+" --dry-run",
	).Replace(script)
	cmd := exec.Command("bash", "-c", script)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("docs/verifying.md: %v\n%s", err, script)
	}
	for _, want := range []string{git(t, r.origin, "rev-parse", released), "refs/tags/v0.1.0 is ", r.registry + "/goldenpath:v0.1.0 is "} {
		if !strings.Contains(string(out), want) {
			t.Errorf("docs/verifying.md: its commands do not print %q", want)
		}
	}
}

// tampered moves the tag, as anyone with write access to the repository could.
func (r *rehearsal) tampered() {
	t := r.t
	git(t, r.origin, "update-ref", "refs/tags/"+released, "refs/heads/main")
	before := r.refs()
	out, err := r.command(r.source).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "a version must never change its commit") {
		t.Errorf("%v\n%s", err, out)
	}
	if r.refs() != before {
		t.Errorf("refs were\n%s\nand are\n%s", before, r.refs())
	}
}
