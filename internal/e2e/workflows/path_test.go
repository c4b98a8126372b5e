//go:build e2e

package workflows

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// number is the number of the pull request.
const number = 7

const configuration = `version: 1
app: where2eat
artifact:
  image: localhost:5001/where2eat-workflows
  build: CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.commit=$GOLDENPATH_COMMIT" -o dist/app/where2eat .
  pack: dist/app
  entrypoint: [/where2eat]
  port: 8080
checks:
  unit: {run: go run ./internal/junit -o reports/unit/unit.xml -- . ./internal/..., junit: reports/unit/*.xml}
battery:
  smoke: [{get: /healthz, status: 200}, {get: /version, status: 200}]
  contract: {run: go run ./internal/junit -o reports/contract/contract.xml -- -count=1 ./contract, junit: reports/contract/*.xml}
preview:
  target: kubernetes
  chart: charts/where2eat
  replace-image: ghcr.io/acme/where2eat
  set: {service.type: NodePort}
  ready: {path: /healthz, version-path: /version, timeout: 1m}
  seed: go run ./internal/seed
environments:
  staging: {target: kubernetes, chart: charts/where2eat, replace-image: ghcr.io/acme/where2eat, set: {service.type: NodePort}}
  production:
    target: kubernetes
    chart: charts/where2eat
    replace-image: ghcr.io/acme/where2eat
    set: {service.type: NodePort}
    from: staging
    soak: {for: 5s, at-least: 20, slo: {availability: 99, p95: 1s}}
# A push is examined completely, and the runner of this test cannot reach osv.dev.
gate: {fail-on: high, missing-database: warn, waivers: .goldenpath/waivers.yml, exclude: [go.mod]}
scorecard: {requirements: docs/requirements, migrations: db/migrations, must: [tests, security]}
`

// TestPath runs a team's month in a few minutes: the pull request is opened, updated
// and closed; its commit goes to staging and production; the next one is rolled back;
// and a sweep finds a preview that no event has removed (GP-PATH-1, 3, GP-PREV-5, 9,
// GP-PROM-1, 8).
func TestPath(t *testing.T) {
	b := newBench(t)
	b.clone()
	write(t, filepath.Join(b.repo, ".goldenpath.yml"), configuration)
	b.sign()
	b.cluster()
	main := b.push("main", "W2E-1: polls")

	b.git("switch", "--quiet", "--create", "feature")
	head := b.push("feature", "W2E-2: votes")
	b.open(head)
	r := b.act("1-opened", "goldenpath.yml", "pull_request", b.pullRequest("opened", main, head))
	b.succeeded("opened", r)
	b.summarized(r, "pr-7 is ready at", "recorded for pr-7: seed")
	first := b.address()
	b.answers(first, head)
	if c := b.hub.Comments(number); len(c) != 1 || !strings.Contains(c[0].Body, first) || !strings.Contains(c[0].Body, "security-gate") {
		t.Errorf("want one comment with the address and the gate, have %d", len(c))
	}

	head = b.push("feature", "W2E-2: votes count")
	b.open(head)
	r = b.act("2-synchronize", "goldenpath.yml", "pull_request", b.pullRequest("synchronize", main, head))
	b.succeeded("synchronize", r)
	if len(r.jobs) > 5 {
		t.Errorf("a push starts %d jobs, and at most 5 were promised: %v", len(r.jobs), r.jobs)
	}
	b.answers(b.address(), head)
	if c := b.hub.Comments(number); len(c) != 1 || c[0].Edited == 0 {
		t.Errorf("the comment was not edited: %d", len(c))
	}

	b.hub.SetPull(githubtest.Pull{Number: number, Head: head, Branch: "feature", Author: "ann", State: "closed", Merged: true, Closed: time.Now()})
	r = b.act("3-closed", "goldenpath.yml", "pull_request", b.pullRequest("closed", main, head))
	b.succeeded("closed", r)
	if left := namespaces(t); strings.Contains(left, "where2eat-pr-7") {
		t.Errorf("left: %s", left)
	}

	one := b.release("4-merged", "W2E-2: votes")
	two := b.release("5-next", "W2E-3: results")
	if one == two {
		t.Errorf("two commits have one artifact: %s", one)
	}
	r = b.act("6-rollback", "goldenpath-rollback.yml", "workflow_dispatch", map[string]any{
		"inputs": map[string]any{"release": "previous", "environment": "production", "reason": "results are slow; $(touch /artifacts/owned)", "dry-run": "false"}, "repository": repositoryPayload(),
	})
	b.succeeded("rollback", r)
	if digest := running(t, "production"); !strings.Contains(digest, one) {
		t.Errorf("production runs %s, want %s", digest, one)
	}
	if _, err := os.Stat(filepath.Join(b.dir, "artifacts/owned")); err == nil {
		t.Error("the reason was executed")
	}
	b.leak()
	r = b.act("7-sweep", "goldenpath-sweep.yml", "schedule", map[string]any{"schedule": "17 */6 * * *", "repository": repositoryPayload()})
	b.succeeded("sweep", r)
	if left := namespaces(t); strings.Contains(left, "where2eat-pr-7") {
		t.Errorf("after the sweep, left: %s", left)
	}
}

// release pushes a commit to main and takes it to production.
func (b *bench) release(name, message string) (digest string) {
	b.t.Helper()
	before := b.git("rev-parse", "HEAD")
	commit := b.push("main", message)
	r := b.act(name, "goldenpath.yml", "push", map[string]any{
		"ref": "refs/heads/main", "before": before, "after": commit, "head_commit": map[string]any{"id": commit}, "repository": repositoryPayload(),
	})
	b.succeeded(name, r)
	if len(r.jobs) > 7 {
		b.t.Errorf("%s: a release starts %d jobs, and at most 7 were promised: %v", name, len(r.jobs), r.jobs)
	}
	b.summarized(r, "passed its soak")
	digest = running(b.t, "staging")
	if live := running(b.t, "production"); live != digest {
		b.t.Errorf("%s: staging runs %s and production %s", name, digest, live)
	}
	return digest
}

// sign creates the team's key: the secret half for the jobs, the public half committed.
func (b *bench) sign() {
	b.t.Helper()
	output(b.t, b.repo, filepath.Join(top(b.t), "bin/goldenpath"), "key")
	keys := filepath.Join(b.repo, ".git/goldenpath/keys")
	b.secrets["GOLDENPATH_KEY"] = read(b.t, filepath.Join(keys, "key.pem"))
	// The runner copies the clone, and a checkout on GitHub has no key.
	if err := os.RemoveAll(keys); err != nil {
		b.t.Fatal(err)
	}
}

// cluster gives the jobs their kubeconfigs, and removes every environment at the end.
func (b *bench) cluster() {
	b.t.Helper()
	text := read(b.t, os.Getenv("KUBECONFIG"))
	b.secrets["KUBECONFIG"], b.secrets["PREVIEW_KUBECONFIG"] = text, text
	b.t.Cleanup(func() {
		for _, ns := range strings.Fields(namespaces(b.t)) {
			if strings.HasPrefix(ns, "where2eat-staging") || strings.HasPrefix(ns, "where2eat-production") || strings.HasPrefix(ns, "where2eat-pr-7-") {
				kubectl(b.t, "delete", "namespace", ns, "--wait=false")
			}
		}
	})
}

func (b *bench) open(head string) {
	b.hub.SetPull(githubtest.Pull{Number: number, Head: head, Branch: "feature", Author: "ann", Title: "W2E-2: votes"})
}

func repositoryPayload() map[string]any {
	return map[string]any{"full_name": repository, "name": "where2eat", "owner": map[string]any{"login": "acme"}, "private": true, "default_branch": "main"}
}

func (b *bench) pullRequest(action, main, head string) map[string]any {
	side := func(ref, sha string) map[string]any {
		return map[string]any{"ref": ref, "sha": sha, "repo": map[string]any{"full_name": repository, "fork": false}}
	}
	return map[string]any{
		"action": action, "number": number, "repository": repositoryPayload(),
		"pull_request": map[string]any{
			"number": number, "title": "W2E-2: votes", "user": map[string]any{"login": "ann"}, "base": side("main", main), "head": side("feature", head),
		},
	}
}

// summarized asserts that the summaries contain each text.
func (b *bench) summarized(r *run, texts ...string) {
	b.t.Helper()
	var all strings.Builder
	for _, s := range r.summaries {
		all.WriteString(s.text)
	}
	for _, text := range texts {
		if !strings.Contains(all.String(), text) {
			b.t.Errorf("no summary contains %q", text)
		}
	}
}

var ready = regexp.MustCompile(`pr-7 is ready at .?(http://[0-9.:]+)`)

// address returns the address of the preview, as published in the comment.
func (b *bench) address() string {
	b.t.Helper()
	for _, c := range b.hub.Comments(number) {
		if m := ready.FindStringSubmatch(c.Body); m != nil {
			return m[1]
		}
	}
	b.t.Fatal("no comment has the preview's address")
	return ""
}

func (b *bench) answers(url, commit string) {
	b.t.Helper()
	res, err := http.Get(url + "/version")
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	var text strings.Builder
	if _, err := io.Copy(&text, io.LimitReader(res.Body, 1<<20)); err != nil || !strings.Contains(text.String(), commit) {
		b.t.Errorf("%s answers %q, want %s (%v)", url, text.String(), commit, err)
	}
}

// leak creates a preview of a closed pull request that no event will remove.
func (b *bench) leak() {
	b.t.Helper()
	head := b.git("rev-parse", "HEAD")
	b.open(head)
	digest := strings.TrimPrefix(running(b.t, "staging"), "localhost:5001/where2eat-workflows@")
	cmd := exec.Command(filepath.Join(top(b.t), "bin/goldenpath"), "preview", "up", "--name", "pr-7", "--digest", digest, "--head", head, "--registry", "remote", "--ledger-remote", "origin")
	cmd.Dir = b.repo
	cmd.Env = append(os.Environ(), "GITHUB_ACTIONS=true", "GITHUB_SERVER_URL="+b.server, "GITHUB_TOKEN="+b.token, "GITHUB_API_URL="+b.hub.URL, "GITHUB_REPOSITORY="+repository)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.t.Fatalf("%v\n%s", err, out)
	}
	b.hub.SetPull(githubtest.Pull{Number: number, Head: head, Branch: "feature", Author: "ann", State: "closed", Closed: time.Now()})
}

// running returns the image of an environment.
func running(t *testing.T, environment string) string {
	t.Helper()
	return deployed(t, "where2eat-"+environment)
}

// deployed returns the image of the app in a namespace.
func deployed(t *testing.T, namespace string) string {
	t.Helper()
	return kubectl(t, "get", "deployment", "--namespace", namespace, "-o", "jsonpath={.items[0].spec.template.spec.containers[0].image}")
}

func namespaces(t *testing.T) string {
	t.Helper()
	return kubectl(t, "get", "namespaces", "-o", "jsonpath={.items[*].metadata.name}")
}

func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	name := "kubectl"
	if dir := os.Getenv("GOLDENPATH_CLUSTER_TOOLS"); dir != "" {
		name = filepath.Join(dir, "kubectl")
	}
	return output(t, "", name, args...)
}
