//go:build e2e

package workflows

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/e2e/names"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// onServer replaces the cluster of the configuration by a server.
func onServer(host, key, domain string) string {
	at := fmt.Sprintf("target: server, server: {host: %s, host-key: %q}", host, key)
	preview := regexp.MustCompile(`(?s)  target: kubernetes\n.*?  ready:`)
	text := preview.ReplaceAllString(configuration, "  target: server\n  server: {host: "+host+", host-key: \""+key+"\"}\n  url: http://pr-{number}."+domain+"\n  ready:")
	text = regexp.MustCompile(`  staging: .*\n`).ReplaceAllString(text, "  staging: {"+at+", url: \"http://staging."+domain+"\"}\n")
	return regexp.MustCompile(`(?s)    target: kubernetes\n.*?    from:`).ReplaceAllString(text, "    target: server\n    server: {host: "+host+", host-key: \""+key+"\"}\n    url: http://www."+domain+"\n    from:")
}

// TestServer takes a pull request and two releases through the workflows to a plain Linux
// server, and rolls one back (GP-PATH-13).
func TestServer(t *testing.T) {
	b := newBench(t)
	const name, domain = "flow-podman", "flow.test"
	script := filepath.Join(top(t), "internal/e2e/server/host.sh")
	up := exec.Command(script, "up", name, "podman")
	up.Stderr = os.Stderr
	out, err := up.Output()
	if err != nil {
		if up.ProcessState.ExitCode() == 2 {
			t.Skip("no server can run here")
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { output(t, "", script, "down", name) })
	address := strings.TrimSpace(string(out))
	folder := os.Getenv("GOLDENPATH_SERVER")
	if folder == "" {
		folder = filepath.Join(top(t), ".cache/server")
	}
	folder = filepath.Join(folder, name)
	names.Resolve(t, address, "pr-7."+domain, "staging."+domain, "www."+domain)

	b.clone()
	key := strings.Join(strings.Fields(read(t, filepath.Join(folder, "host_key.pub")))[:2], " ")
	write(t, filepath.Join(b.repo, ".goldenpath.yml"), onServer(address, key, domain))
	b.sign()
	b.git("add", "--all")
	output(t, b.repo, filepath.Join(top(t), "bin/goldenpath"), "host", "bootstrap", "--yes", "root@"+address,
		"--ssh-option", "IdentityFile="+filepath.Join(folder, "key"), "--ssh-option", "UserKnownHostsFile="+filepath.Join(folder, "known_hosts"), "--ssh-option", "IdentitiesOnly=yes")
	keys := filepath.Join(b.repo, ".git/goldenpath/keys")
	b.secrets["SSH_KEY"], b.secrets["PREVIEW_SSH_KEY"] = read(t, filepath.Join(keys, "ssh-releases")), read(t, filepath.Join(keys, "ssh-previews"))
	if err := os.RemoveAll(keys); err != nil {
		t.Fatal(err)
	}
	main := b.push("main", "W2E-1: polls")

	b.git("switch", "--quiet", "--create", "feature")
	head := b.push("feature", "W2E-2: votes")
	b.open(head)
	r := b.act("s1-opened", "goldenpath.yml", "pull_request", b.pullRequest("opened", main, head))
	b.succeeded("opened", r)
	b.summarized(r, "pr-7 is ready at http://pr-7."+domain, "recorded for pr-7: seed")
	serves(t, "pr-7."+domain, head)
	head = b.push("feature", "W2E-2: votes count")
	b.open(head)
	r = b.act("s2-synchronize", "goldenpath.yml", "pull_request", b.pullRequest("synchronize", main, head))
	b.succeeded("synchronize", r)
	serves(t, "pr-7."+domain, head)
	b.hub.SetPull(githubtest.Pull{Number: number, Head: head, Branch: "feature", Author: "ann", State: "closed", Merged: true, Closed: time.Now()})
	r = b.act("s3-closed", "goldenpath.yml", "pull_request", b.pullRequest("closed", main, head))
	b.succeeded("closed", r)
	if left := output(t, "", script, "ssh", name, "ls /var/lib/goldenpath/state/environments"); left != "" {
		t.Errorf("left: %s", left)
	}

	var released []string
	for i, message := range []string{"W2E-2: votes", "W2E-3: results"} {
		before := b.git("rev-parse", "HEAD")
		commit := b.push("main", message)
		run := fmt.Sprintf("s%d-released", 4+i)
		r = b.act(run, "goldenpath.yml", "push", map[string]any{
			"ref": "refs/heads/main", "before": before, "after": commit, "head_commit": map[string]any{"id": commit}, "repository": repositoryPayload(),
		})
		b.succeeded(run, r)
		b.summarized(r, "passed its soak")
		serves(t, "staging."+domain, commit)
		serves(t, "www."+domain, commit)
		released = append(released, commit)
	}
	r = b.act("s6-rollback", "goldenpath-rollback.yml", "workflow_dispatch", map[string]any{
		"inputs": map[string]any{"release": "previous", "environment": "production", "reason": "results are slow", "dry-run": "false"}, "repository": repositoryPayload(),
	})
	b.succeeded("rollback", r)
	serves(t, "www."+domain, released[0])
	r = b.act("s7-sweep", "goldenpath-sweep.yml", "schedule", map[string]any{"schedule": "17 */6 * * *", "repository": repositoryPayload()})
	b.succeeded("sweep", r)
}

// serves fails unless a name answers with a commit.
func serves(t *testing.T, name, commit string) {
	t.Helper()
	res, err := http.Get("http://" + name + "/version")
	if err != nil {
		t.Error(err)
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(body), commit) {
		t.Errorf("%s answers %s %s (%v), want %s", name, res.Status, body, err, commit)
	}
}
