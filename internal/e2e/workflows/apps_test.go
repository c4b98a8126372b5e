//go:build e2e

package workflows

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

const appConfiguration = `version: 1
app: APP
artifact:
  image: localhost:5001/where2eat-APP
  build: CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.commit=$GOLDENPATH_COMMIT" -o dist/app/where2eat .
  pack: dist/app
  entrypoint: [/where2eat]
  port: 8080
checks: {whole: test ! -e broken}
battery:
  smoke: [{get: /healthz, status: 200}]
preview: {target: kubernetes, chart: charts/where2eat, replace-image: ghcr.io/acme/where2eat, set: {service.type: NodePort}, ready: {path: /healthz, version-path: /version, timeout: 1m}}
environments:
  staging: {target: kubernetes, chart: charts/where2eat, replace-image: ghcr.io/acme/where2eat, set: {service.type: NodePort}}
  production: {target: kubernetes, chart: charts/where2eat, replace-image: ghcr.io/acme/where2eat, set: {service.type: NodePort}, from: staging, soak: {for: 5s, at-least: 20, slo: {availability: 99, p95: 1s}}}
gate: {fail-on: high, missing-database: warn, waivers: .goldenpath/waivers.yml, exclude: [go.mod]}
scorecard: {must: [security]}
`

// TestApps runs the path of a repository with two apps: a release and a pull request of
// both, side by side; of one of them; a pull request in which one fails; and a rollback of
// one. A check stands for all apps, and the comment has a part for each (GP-PATH-10).
func TestApps(t *testing.T) {
	b := newBench(t)
	b.apps("api", "web")
	b.sign()
	b.cluster()
	main := b.push("main", "W2E-1: two apps")
	release := func(name, file string, apps ...string) {
		t.Helper()
		before := b.git("rev-parse", "HEAD")
		b.write(file, name+"\n")
		main = b.push("main", "W2E-1: "+name)
		r := b.act(name, "goldenpath.yml", "push", map[string]any{
			"ref": "refs/heads/main", "before": before, "after": main, "head_commit": map[string]any{"id": main}, "repository": repositoryPayload(),
		})
		b.succeeded(name, r)
		b.ranApps(r, apps...)
	}

	release("apps-1-released", "shared.txt", "api", "web")
	api, web := deployed(t, "api-production"), deployed(t, "web-production")
	if !strings.Contains(api, "where2eat-api@") || !strings.Contains(web, "where2eat-web@") || api != deployed(t, "api-staging") || web != deployed(t, "web-staging") {
		t.Errorf("production runs %q and %q", api, web)
	}
	recorded := output(t, filepath.Join(b.dir, "git", repository+".git"), "git", "ls-tree", "-d", "-r", "--name-only", "goldenpath-ledger")
	for _, app := range []string{"api", "web"} {
		if !strings.Contains(recorded, "apps/"+app+"/") {
			t.Errorf("the ledger has no release of %s:\n%s", app, recorded)
		}
	}

	change := func(name string, files ...string) *run {
		t.Helper()
		b.git("switch", "--quiet", "--force-create", "feature", main)
		for _, file := range files {
			b.write(file, name+"\n")
		}
		head := b.push("feature", "W2E-2: "+name)
		b.open(head)
		r := b.act(name, "goldenpath.yml", "pull_request", b.pullRequest("synchronize", main, head))
		return r
	}
	r := change("apps-2-one", "apps/web/note.txt")
	b.succeeded("one app", r)
	b.ranApps(r, "web")

	r = change("apps-3-both", "shared.txt")
	b.succeeded("both apps", r)
	b.ranApps(r, "api", "web")
	if c := b.hub.Comments(number); len(c) != 1 || !strings.Contains(c[0].Body, "| api: security |") || !strings.Contains(c[0].Body, "| web: security |") {
		t.Errorf("want one comment with a part for each app, have %d: %+v", len(c), c)
	}
	// From the summaries, because two previews that are deployed at the same moment can lose a row of the comment.
	addresses := map[string]bool{}
	for _, s := range r.summaries {
		for _, m := range ready.FindAllStringSubmatch(s.text, -1) {
			addresses[m[1]] = true
			b.answers(m[1], b.git("rev-parse", "HEAD"))
		}
	}
	if len(addresses) != 2 {
		t.Errorf("want two previews, have %v", addresses)
	}

	// One app passes while the other one fails.
	r = change("apps-4-broken", "apps/api/broken", "apps/web/note.txt")
	b.ranApps(r, "api", "web")
	if r.ok || r.result("required") != "failure" || r.result("checks") != "failure, success" || !strings.Contains(r.log, "their jobs ended with failure") {
		t.Errorf("a broken app passed: %v", r.jobs)
	}
	head := b.git("rev-parse", "HEAD")
	b.hub.SetPull(githubtest.Pull{Number: number, Head: head, State: "closed", Branch: "feature", Author: "ann", Closed: time.Now()})
	b.succeeded("closed", b.act("apps-5-closed", "goldenpath.yml", "pull_request", b.pullRequest("closed", main, head)))
	if left := namespaces(t); strings.Contains(left, "-pr-7") {
		t.Errorf("left: %s", left)
	}

	b.git("switch", "--quiet", "main")
	release("apps-6-one-released", "apps/web/note.txt", "web")
	if got := deployed(t, "api-production"); got != api {
		t.Errorf("a release of web has changed api from %s to %s", api, got)
	}
	if deployed(t, "web-production") == web {
		t.Error("web was not released")
	}
	r = b.act("apps-7-rollback", "goldenpath-rollback.yml", "workflow_dispatch", map[string]any{
		"inputs": map[string]any{"release": "previous", "environment": "production", "reason": "notes are slow", "dry-run": "false"}, "repository": repositoryPayload(),
	})
	b.succeeded("rollback", r)
	if diff := cmp.Diff([]string{api, web}, []string{deployed(t, "api-production"), deployed(t, "web-production")}); diff != "" {
		t.Errorf("after the rollback of web (-want +got):\n%s", diff)
	}
}

// apps clones the repository of the sample, and makes an app of each name from it.
func (b *bench) apps(names ...string) {
	b.t.Helper()
	b.clone()
	old, err := os.ReadDir(b.repo)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, entry := range old {
		if name := entry.Name(); name != ".git" && name != ".github" {
			if err := os.RemoveAll(filepath.Join(b.repo, name)); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	starters := filepath.Join(b.repo, ".github/workflows")
	if err := os.Rename(filepath.Join(starters, "goldenpath-apps.yml"), filepath.Join(starters, "goldenpath.yml")); err != nil {
		b.t.Fatal(err)
	}
	b.inputs("app: web", "folder: apps/web") // of the starters that are for one app
	for _, name := range names {
		dir := filepath.Join(b.repo, "apps", name)
		if err := os.CopyFS(dir, os.DirFS(filepath.Join(top(b.t), "testdata/where2eat"))); err != nil {
			b.t.Fatal(err)
		}
		// Without the requirements: no test covers them here.
		for _, name := range []string{"e2e", "docs"} {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				b.t.Fatal(err)
			}
		}
		write(b.t, filepath.Join(dir, ".goldenpath.yml"), strings.ReplaceAll(appConfiguration, "APP", name))
	}
	b.t.Cleanup(func() {
		for _, ns := range strings.Fields(namespaces(b.t)) {
			for _, name := range names {
				if strings.HasPrefix(ns, name+"-") {
					kubectl(b.t, "delete", "namespace", ns, "--wait=false")
				}
			}
		}
	})
}

// ranApps asserts which apps a run was about.
func (b *bench) ranApps(r *run, want ...string) {
	b.t.Helper()
	var ran []string
	for _, app := range []string{"api", "web"} {
		for job, result := range r.jobs {
			// The runner numbers the jobs of a matrix, if there are several.
			if result != "skipped" && (strings.Contains(job, "/"+app+"/") || strings.Contains(job, "/"+app+"-")) {
				ran = append(ran, app)
				break
			}
		}
	}
	if diff := cmp.Diff(want, ran); diff != "" {
		b.t.Errorf("apps that ran (-want +got):\n%s%v", diff, r.jobs)
	}
}
