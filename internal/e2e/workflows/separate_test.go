//go:build e2e

package workflows

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSeparateActions runs the path of a pull request with the popular separate actions, in
// the same runner and on the same cluster as TestPath, so that make bench can compare the
// minutes of both. Its actions are stand-ins with the commands of the real ones.
func TestSeparateActions(t *testing.T) {
	upstream := filepath.Join(top(t), ".cache/upstream")
	for _, name := range []string{"gitleaks", "osv-scanner", "trivy"} {
		if _, err := os.Stat(filepath.Join(upstream, name)); err != nil {
			t.Skip("the separate scanners are not built: internal/bench/upstream.sh .cache/upstream builds them")
		}
	}
	b := newBench(t)
	docker, err := exec.LookPath("docker")
	if err != nil {
		t.Fatal(err)
	}
	// Without advisories there is no answer at all.
	databases := filepath.Join(b.dir, "databases")
	var none bytes.Buffer
	if err := zip.NewWriter(&none).Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(databases, "osv-scalibr/Go/all.zip"), none.String())
	b.binds = append(b.binds, upstream+":/upstream:ro", databases+":/databases", docker+":/usr/local/bin/docker:ro")
	for _, name := range []string{"helm", "kubectl"} {
		b.binds = append(b.binds, filepath.Join(os.Getenv("GOLDENPATH_CLUSTER_TOOLS"), name)+":/usr/local/bin/"+name+":ro")
	}
	b.clone()
	text := b.translate("separate.yml", read(t, filepath.Join("testdata", "separate.yml")))
	b.replace(text)
	b.write(".github/workflows/separate.yml", text)
	b.cluster()
	main := b.push("main", "W2E-1: polls")
	b.git("switch", "--quiet", "--create", "feature")
	head := b.push("feature", "W2E-2: votes")
	b.open(head)
	t.Cleanup(func() {
		kubectl(t, "delete", "namespace", fmt.Sprintf("where2eat-separate-%d", number), "--ignore-not-found", "--wait=false")
	})
	r := b.act("separate", "separate.yml", "pull_request", b.pullRequest("opened", main, head))
	b.succeeded("separate", r)
	comments := b.hub.Comments(number)
	if len(comments) != 1 {
		t.Fatalf("%d comments, want one", len(comments))
	}
	_, address, _ := strings.Cut(comments[0].Body, "The preview is ")
	b.answers(address, head)
}
