//go:build e2e

package workflows

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// TestApps: in a repository with several apps, a pull request runs those that it changes, one
// check stands for all of them, and the comment has a part for each (GP-PATH-10). Nothing is
// deployed, so that the test does not take long.
func TestApps(t *testing.T) {
	needDocker(t)
	b := newBenchOf(t, "goldenpath:e2e")
	b.clone()
	for _, name := range []string{".github/workflows", "apps"} {
		if err := os.RemoveAll(filepath.Join(b.repo, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(b.repo, ".goldenpath.yml")); err != nil {
		t.Fatal(err)
	}
	starter := read(t, filepath.Join(top(t), "workflows/apps.yml"))
	b.write(".github/workflows/goldenpath.yml", strings.ReplaceAll(starter, strings.Repeat("0", 40), release))
	for _, app := range []string{"api", "web"} {
		b.write("apps/"+app+"/.goldenpath.yml", strings.ReplaceAll(`version: 1
app: APP
artifact: {image: localhost:5001/APP, pack: site, entrypoint: [/none]}
checks: {page: grep -q hello site/index.html}
gate: {missing-database: warn}
scorecard: {must: [security]}
`, "APP", app))
		b.write("apps/"+app+"/site/index.html", "hello\n")
	}
	main := b.push("main", "W2E-1: two apps")
	change := func(name, file, text string) *run {
		t.Helper()
		b.git("switch", "--quiet", "--force-create", "feature", main)
		b.write(file, text)
		head := b.push("feature", "W2E-2: "+name)
		b.open(head)
		return b.act(name, "goldenpath.yml", "pull_request", b.pullRequest("synchronize", main, head))
	}
	ran := func(r *run, app string) bool {
		for job, result := range r.jobs {
			if strings.Contains(job, app) && result != "skipped" {
				return true
			}
		}
		return false
	}

	r := change("apps-1-one", "apps/web/site/index.html", "hello, web\n")
	b.succeeded("one app", r)
	if !ran(r, "web") || ran(r, "api") {
		t.Errorf("a change of web ran %v", r.jobs)
	}
	r = change("apps-2-shared", "shared.txt", "shared\n")
	b.succeeded("a shared file", r)
	if !ran(r, "web") || !ran(r, "api") {
		t.Errorf("a change of a shared file ran %v", r.jobs)
	}
	comments := b.hub.Comments(number)
	if len(comments) != 1 || !strings.Contains(comments[0].Body, "api") || !strings.Contains(comments[0].Body, "web") {
		t.Errorf("want one comment with both apps, have %d: %+v", len(comments), comments)
	}
	r = change("apps-3-broken", "apps/api/site/index.html", "goodbye\n")
	if r.ok || !strings.Contains(r.log, "their jobs ended with failure") || ran(r, "web") {
		t.Errorf("a broken app passed: %v", r.jobs)
	}
	b.hub.SetPull(githubtest.Pull{Number: number, State: "closed", Branch: "feature", Author: "ann"})
}
