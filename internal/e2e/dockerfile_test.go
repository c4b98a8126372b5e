//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestDockerfile runs the path on a repository whose Dockerfile builds the image
// (GP-PATH-1). The image is built from this commit and runs, and a failed build reports
// the cause.
func TestDockerfile(t *testing.T) {
	if why := os.Getenv("GOLDENPATH_DOCKER_SKIP"); why != "" {
		t.Skip("no image can be built here: " + why)
	}
	if out, err := exec.Command("docker", "info").CombinedOutput(); err != nil {
		t.Skipf("no Docker engine answers: make e2e starts one as root on Linux\n%s", out)
	}
	dir := hello(t)
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("Dockerfile", "FROM scratch\nARG GOLDENPATH_COMMIT\nLABEL seen=$GOLDENPATH_COMMIT\nCOPY built/hello /hello\nUSER 65532:65532\nENTRYPOINT [\"/hello\"]\n")
	write(".goldenpath.yml", `version: 1
app: hello
artifact:
  build: mkdir -p built && CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-X main.commit=$GOLDENPATH_COMMIT" -o built/hello .
  dockerfile: Dockerfile
preview: {ready: {path: /healthz, timeout: 20s}}
environments: {staging: {}}
scorecard: {must: [security]}
`)
	git(t, dir, "add", "--all")
	commit(t, dir, "a Dockerfile")
	code, out := run(t, dir, "run", "--until", "staging")
	if code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	if !strings.Contains(out, "staging") || !strings.Contains(out, "runs at http://") {
		t.Errorf("it does not run:\n%s", out)
	}
	head := git(t, dir, "rev-parse", "HEAD")
	if out, err := exec.Command("docker", "image", "inspect", "goldenpath-build:"+head).CombinedOutput(); err == nil {
		t.Errorf("the name of the build is left in Docker:\n%s", out)
	}

	write("Dockerfile", "FROM scratch\nCOPY nothing-there /\n")
	git(t, dir, "add", "--all")
	commit(t, dir, "a mistake")
	if code, out = run(t, dir, "run", "--until", "package"); code != 1 || !strings.Contains(out, "docker build failed") || !strings.Contains(out, "nothing-there") {
		t.Errorf("exit %d\n%s", code, out)
	}
}
