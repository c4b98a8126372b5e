//go:build e2e

package workflows

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// Everything that an outsider can choose; none of it may be executed anywhere.
const (
	hostileTitle  = "$(touch /artifacts/owned) `touch /artifacts/owned` ${{ github.token }} ::error::x\"; touch /artifacts/owned; #"
	hostileBranch = "x$(touch${IFS}/artifacts/owned)`touch${IFS}/artifacts/owned`"
)

// TestFork: a fork's pull request gets everything that needs no credential, in a run
// whose token is read-only. A second run, which runs trusted code only, publishes the
// result (GP-PREV-10, GP-SAFE-2, 3).
func TestFork(t *testing.T) {
	b := newBench(t)
	b.clone()
	write(t, filepath.Join(b.repo, ".goldenpath.yml"), configuration)
	b.sign()
	delete(b.secrets, "GOLDENPATH_KEY") // a fork's run has no secret
	main := b.push("main", "W2E-1: polls")
	b.git("switch", "--quiet", "--create", "change")
	head := b.push("refs/pull/7/head", "W2E-2: votes")
	b.hub.Tokens["reads"] = githubtest.Token{Account: githubtest.Actions, May: []string{"contents: read", "pull-requests: read"}}
	b.hub.SetPull(githubtest.Pull{Number: number, Head: head, Fork: true, From: "mallory/where2eat", Branch: hostileBranch, Author: "mallory", Title: hostileTitle})

	b.secrets["GITHUB_TOKEN"] = "reads"
	payload := b.pullRequest("opened", main, head)
	pull := payload["pull_request"].(map[string]any)
	pull["title"], pull["body"] = hostileTitle, hostileTitle
	pull["user"] = map[string]any{"login": "mallory"}
	pull["head"] = map[string]any{"ref": hostileBranch, "sha": head, "repo": map[string]any{"full_name": "mallory/where2eat", "fork": true}}
	r := b.act("8-fork", "goldenpath.yml", "pull_request", payload)
	b.succeeded("fork", r)
	for _, job := range []string{"preview", "battery"} {
		if strings.Contains(r.log, "["+job+"/") {
			t.Errorf("job %s ran for a fork", job)
		}
	}
	if c := b.hub.Comments(number); len(c) != 0 {
		t.Errorf("the fork's own run commented: %v", c)
	}

	b.secrets["GITHUB_TOKEN"] = b.token
	r = b.follow("9-comment", "goldenpath-comment.yml", "workflow_run", map[string]any{
		"action": "completed", "repository": repositoryPayload(),
		"workflow_run": map[string]any{
			"id": 41, "event": "pull_request", "conclusion": "success", "head_sha": head, "head_branch": hostileBranch,
			"head_repository": map[string]any{"full_name": "mallory/where2eat", "owner": map[string]any{"login": "mallory"}},
			"repository":      repositoryPayload(), "html_url": b.server + "/" + repository + "/actions/runs/41",
		},
	})
	b.succeeded("comment", r)
	c := b.hub.Comments(number)
	if len(c) != 1 {
		t.Fatalf("%d comments, want one", len(c))
	}
	for _, want := range []string{"Reported by a run of the fork `mallory/where2eat`", "goldenpath security-gate", "goldenpath scorecard"} {
		if !strings.Contains(c[0].Body, want) {
			t.Errorf("the comment does not contain %q:\n%s", want, c[0].Body)
		}
	}
	if _, err := os.Stat(filepath.Join(b.dir, "artifacts/owned")); err == nil {
		t.Error("untrusted input was executed")
	}
	if left := namespaces(t); strings.Contains(left, "where2eat-pr-7") {
		t.Errorf("a preview of a fork: %s", left)
	}
}
