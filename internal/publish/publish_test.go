package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
)

// TestRelease proves GP-SAFE-4 and -5 for goldenpath itself, as far as one machine
// can: what the tag names is what the registry has, it is built from the commit
// that it says, and a second run on another machine makes the same.
func TestRelease(t *testing.T) {
	l := newLab(t)
	o := l.options("v0.1.0")
	o.Binaries, o.Platforms = "", []string{"linux/amd64", "linux/arm64"} // build
	o.Output, o.Notes = filepath.Join(t.TempDir(), "release.json"), filepath.Join(t.TempDir(), "notes.md")
	source := l.git(l.repo, "rev-parse", "HEAD")
	first := l.publish(o)
	t.Log(first)

	var made result
	read(t, o.Output, &made)
	if got := l.git(l.origin, "rev-parse", "v0.1.0", "v0.1.0^", "release/v0.1^"); got != strings.Join([]string{made.Release, source, made.Release}, "\n") {
		t.Errorf("v0.1.0, source and the branch's parent are\n%s", got)
	}
	if refs := l.refs(); strings.Contains(refs, "refs/tags/v0\n") {
		t.Errorf("v0 moved before the release was published:\n%s", refs)
	}
	for action, image := range map[string]string{"action.yml": "goldenpath", "actions/promote/action.yml": "goldenpath", "actions/security-gate/action.yml": "security-gate"} {
		name := l.registry + "/" + image
		want := "  image: docker://" + name + ":v0.1.0@" + made.Images[name]
		if text := l.at("v0.1.0", action); !strings.HasSuffix(text, want) {
			t.Errorf("%s is\n%s\nwant %s", action, text, want)
		}
	}
	if got := l.git(l.origin, "diff", "--name-only", source, "v0.1.0"); got != "CHANGELOG.md\naction.yml\nactions/promote/action.yml\nactions/security-gate/action.yml" {
		t.Errorf("the tag changes\n%s", got)
	}
	if got := l.git(l.origin, "diff", "--name-only", "v0.1.0", "release/v0.1"); got != "actions/promote/README.md\nworkflows/pull-request.yml" {
		t.Errorf("the branch changes\n%s", got)
	}
	if got, want := l.at("release/v0.1", "workflows/pull-request.yml"), "uses: seed-b235b314/goldenpath/.github/workflows/pull-request.yml@"+made.Release+" # v0.1.0"; got != want {
		t.Errorf("starter %q, want %q", got, want)
	}
	if text := l.at("v0.1.0", "CHANGELOG.md"); !regexp.MustCompile(`## \[0\.1\.0\] - \d{4}-\d\d-\d\d\n`).MatchString(text) || !strings.Contains(text, "[0.1.1] - unreleased") {
		t.Errorf("changelog\n%s", text)
	}
	l.checkImages(made)
	notes, err := os.ReadFile(o.Notes)
	if err != nil || !strings.HasPrefix(string(notes), "- Everything.\n\n## Pin\n") || !strings.Contains(string(notes), made.Release) {
		t.Errorf("notes %s, %v", notes, err)
	}

	// Again: nothing changes, and it says so.
	before := l.refs()
	again := l.publish(o)
	if l.refs() != before || strings.Count(again, "already") != 6 {
		t.Errorf("the second run says\n%s", again)
	}
	// Another machine: another folder, another registry that is pushed to under the
	// same name, another time.
	elsewhere := filepath.Join(t.TempDir(), "another", "folder")
	l.git(l.repo, "clone", "--quiet", l.origin, elsewhere)
	old := l.git(l.origin, "rev-parse", "main")
	o.Repo, o.Expect, o.DryRun = elsewhere, o.Output, true
	if out := l.publish(o); strings.Contains(out, "would: "+l.registry) || strings.Contains(out, "would: refs") {
		t.Errorf("another machine would do more:\n%s", out)
	}
	if now := l.git(l.origin, "rev-parse", "main"); now != old {
		t.Error("main has moved")
	}
}

// checkImages asserts what each image is, by platform, and that its binary is the
// one that the source makes.
func (l *lab) checkImages(made result) {
	l.t.Helper()
	registry, err := artifact.OpenRegistry("")
	if err != nil {
		l.t.Fatal(err)
	}
	for _, p := range products {
		in, err := registry.Repository(l.registry + "/" + p.name)
		if err != nil {
			l.t.Fatal(err)
		}
		for _, arch := range []string{"amd64", "arm64"} {
			a, err := in.Resolve(l.t.Context(), "v0.1.0", v1.Platform{OS: "linux", Architecture: arch})
			if err != nil {
				l.t.Fatal(err)
			}
			if a.Digest != made.Images[l.registry+"/"+p.name] || a.Commit() != made.Source || a.Labels["org.opencontainers.image.version"] != "v0.1.0" {
				l.t.Errorf("%s: %s of %s, %v", p.name, a.Digest, a.Commit(), a.Labels)
			}
			file, err := a.Image.ConfigFile()
			if err != nil {
				l.t.Fatal(err)
			}
			want := v1.Config{
				Entrypoint: []string{"/usr/local/bin/" + p.name}, Labels: a.Labels,
				Env: []string{"PATH=/usr/bin"},
			}
			if diff := cmp.Diff(want, file.Config); diff != "" {
				l.t.Errorf("%s %s: configuration (-want +got)\n%s", p.name, arch, diff)
			}
			text := unpack(l.t, a.Image, "usr/local/bin/"+p.name)
			if got := l.version(text, arch); got != "" && got != p.name+" v0.1.0 "+made.Source {
				l.t.Errorf("%s says %q", p.name, got)
			}
		}
		boms, err := in.Referrers(l.t.Context(), made.Images[l.registry+"/"+p.name], sbomType)
		if err != nil || len(boms) != 1 || !bytes.Contains(boms[0], []byte(`"pkg:golang/stdlib@`)) {
			l.t.Errorf("%s: %d SBOMs %s, %v", p.name, len(boms), boms, err)
		}
	}
}

// version runs a binary of this machine's platform.
func (l *lab) version(text []byte, arch string) string {
	l.t.Helper()
	if arch != runtime.GOARCH {
		return ""
	}
	file := filepath.Join(l.t.TempDir(), "program")
	if err := os.WriteFile(file, text, 0o755); err != nil {
		l.t.Fatal(err)
	}
	out, err := exec.Command(file).CombinedOutput()
	if err != nil {
		l.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func unpack(t *testing.T, img v1.Image, name string) []byte {
	t.Helper()
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	r, err := layers[len(layers)-1].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			t.Fatalf("no %s", name)
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Name == name {
			b, err := io.ReadAll(tr)
			if err != nil || h.Mode != 0o755 || h.Uid != 0 || h.ModTime.Unix() != 0 {
				t.Errorf("%+v, %v", h, err)
			}
			return b
		}
	}
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

// TestResume stops after every step, and goes on: the release is the same.
func TestResume(t *testing.T) {
	l := newLab(t)
	o := l.options("v0.1.0")
	var last string
	for i, s := range steps {
		if i < 4 { // what these do is in memory
			continue
		}
		o.Until = s.name
		l.publish(o)
		if refs := l.refs(); s.name == "refs" {
			last = refs
		} else if last == "" && strings.Contains(refs, "tags") {
			t.Errorf("after %s there are refs\n%s", s.name, refs)
		}
	}
	o.Until = ""
	l.publish(o)
	if refs := l.refs(); refs != last {
		t.Errorf("refs were\n%s\nand are\n%s", last, refs)
	}
}

func TestDryRun(t *testing.T) {
	l := newLab(t)
	o := l.options("v0.1.0")
	o.DryRun = true
	before := l.refs()
	plan := l.publish(o)
	if l.refs() != before {
		t.Error("a dry run has pushed refs")
	}
	o.DryRun = false
	done := l.publish(o)
	// The plan is the run, but for what would be done.
	strip := func(s string) string {
		s = strings.ReplaceAll(s, "publish, dry run: nothing is pushed, committed or tagged", "publish")
		return strings.ReplaceAll(s, "would: ", "")
	}
	if diff := cmp.Diff(strip(done), strip(plan)); diff != "" {
		t.Errorf("done (-) and planned (+) differ:\n%s", diff)
	}
}

// TestPatches: a branch only grows, and the moving tag only moves forward.
func TestPatches(t *testing.T) {
	l := newLab(t)
	first := l.git(l.repo, "rev-parse", "HEAD")
	l.write("internal/command/more.go", "package command\n")
	l.commit("fix")
	l.publish(l.options("v0.1.1"))
	patched := l.git(l.origin, "rev-parse", "v0.1.1")
	move := func(version string) string {
		o := l.options(version)
		o.Move = true
		return l.publish(o)
	}
	if out := move("v0.1.1"); !strings.Contains(out, "refs/tags/v0 new → ") {
		t.Errorf("moved: %s", out)
	}
	if out := move("v0.1.1"); !strings.Contains(out, "already") {
		t.Errorf("moved again: %s", out)
	}
	// The version before, released late from the commit before.
	l.git(l.repo, "checkout", "--quiet", first)
	l.publish(l.options("v0.1.0"))
	if out := move("v0.1.0"); !strings.Contains(out, "v0 stays: a newer release exists") {
		t.Errorf("moved back: %s", out)
	}
	if got := l.git(l.origin, "rev-parse", "v0"); got != patched {
		t.Errorf("v0 is %s, want that of v0.1.1", got)
	}
	for _, tag := range []string{"v0.1.0", "v0.1.1"} {
		l.git(l.origin, "merge-base", "--is-ancestor", tag, "release/v0.1")
	}
	if got := l.git(l.origin, "rev-parse", "v0.1.0^1"); got != first {
		t.Errorf("v0.1.0 is made from %s", got)
	}
	before := l.refs()
	l.publish(l.options("v0.1.0"))
	if l.refs() != before {
		t.Errorf("refs were\n%s\nand are\n%s", before, l.refs())
	}
}

// TestMoveRefused: only an existing release moves the tag, and no candidate.
func TestMoveRefused(t *testing.T) {
	l := newLab(t)
	o := l.options("v0.1.0")
	o.Move = true
	l.refuses(o, "has no tag v0.1.0")
	l.git(l.origin, "tag", "v0.2.0-rc.1", "main")
	o.Version = "v0.2.0-rc.1"
	if out := l.publish(o); !strings.Contains(out, "is a candidate") {
		t.Errorf("%s", out)
	}
}

// TestFork: a fork releases under its own name: images, labels, pins and the notes name it.
func TestFork(t *testing.T) {
	l := newLab(t)
	o := l.options("v0.1.0")
	o.Home, o.Output, o.Notes = "Acme-Corp/goldenpath", filepath.Join(t.TempDir(), "release.json"), filepath.Join(t.TempDir(), "notes.md")
	l.publish(o)
	if text := l.at("release/v0.1", "workflows/pull-request.yml"); !strings.HasPrefix(text, "uses: Acme-Corp/goldenpath/.github/workflows/pull-request.yml@") {
		t.Errorf("starter %q", text)
	}
	if notes, err := os.ReadFile(o.Notes); err != nil || !strings.Contains(string(notes), "uses: Acme-Corp/goldenpath/") || strings.Contains(string(notes), "seed-b235b314") {
		t.Errorf("%s, %v", notes, err)
	}
	var made result
	read(t, o.Output, &made)
	registry, err := artifact.OpenRegistry("")
	if err != nil {
		t.Fatal(err)
	}
	in, err := registry.Repository(l.registry + "/goldenpath")
	if err != nil {
		t.Fatal(err)
	}
	a, err := in.Resolve(t.Context(), made.Images[l.registry+"/goldenpath"], v1.Platform{OS: "linux", Architecture: "amd64"})
	if got := a.Labels["org.opencontainers.image.source"]; err != nil || got != "https://github.com/Acme-Corp/goldenpath" {
		t.Errorf("source %q, %v", got, err)
	}
	if got := (Options{Home: o.Home}).complete().Registry; got != "ghcr.io/acme-corp" {
		t.Errorf("registry %q", got)
	}
	o.Home = "acme"
	l.refuses(o, `--home "acme" is not OWNER/NAME`)
}
