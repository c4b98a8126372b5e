package github

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	gh "github.com/google/go-github/v74/github"
)

// Commit adds a commit to a branch. parent is the commit at the tip of the branch, or "" if
// the branch does not exist. files holds the new content of files; nil deletes a file. moved
// reports that the branch has another tip, and that nothing was changed.
//
// GitHub signs the commit if the token belongs to an app, as a job's token does, and the
// request names neither an author nor a committer. A commit that GitHub did not sign is an
// error, and then the branch is not changed.
// https://docs.github.com/authentication/managing-commit-signature-verification/about-commit-signature-verification#signature-verification-for-bots
func (c *Client) Commit(ctx context.Context, branch, parent, message string, files map[string][]byte) (moved bool, err error) {
	a := request{"commit to branch " + bounded(branch, 255), "contents: write"}
	base := ""
	if parent != "" {
		at, _, err := c.api.Git.GetCommit(ctx, c.owner, c.name, parent)
		if err := c.judge(ctx, a, err); err != nil {
			return false, err
		}
		base = at.GetTree().GetSHA()
	}
	var entries []*gh.TreeEntry
	for _, name := range slices.Sorted(maps.Keys(files)) {
		e := &gh.TreeEntry{Path: gh.Ptr(name), Mode: gh.Ptr("100644"), Type: gh.Ptr("blob")}
		if content := files[name]; content != nil {
			e.Content = gh.Ptr(string(content))
		}
		entries = append(entries, e)
	}
	tree, _, err := c.api.Git.CreateTree(ctx, c.owner, c.name, base, entries)
	if err := c.judge(ctx, a, err); err != nil {
		return false, err
	}
	commit := &gh.Commit{Message: gh.Ptr(message), Tree: tree}
	if parent != "" {
		commit.Parents = []*gh.Commit{{SHA: gh.Ptr(parent)}}
	}
	made, _, err := c.api.Git.CreateCommit(ctx, c.owner, c.name, commit, nil)
	if err := c.judge(ctx, a, err); err != nil {
		return false, err
	}
	if !made.GetVerification().GetVerified() {
		return false, fmt.Errorf("cannot %s: GitHub did not sign the commit (%s): use the token of a workflow's run or of an app, because GitHub signs no commits of other tokens",
			a.what, c.plain(made.GetVerification().GetReason()))
	}
	return c.point(ctx, a, branch, made.GetSHA(), parent == "")
}

// point moves a branch forward to a commit, or creates the branch.
func (c *Client) point(ctx context.Context, a request, branch, commit string, create bool) (moved bool, err error) {
	ref := &gh.Reference{Ref: gh.Ptr("refs/heads/" + branch), Object: &gh.GitObject{SHA: gh.Ptr(commit)}}
	if create {
		_, _, err = c.api.Git.CreateRef(ctx, c.owner, c.name, ref)
	} else {
		_, _, err = c.api.Git.UpdateRef(ctx, c.owner, c.name, ref, false)
	}
	var answer *gh.ErrorResponse
	if errors.As(err, &answer) && answer.Response.StatusCode == http.StatusUnprocessableEntity {
		// GitHub compares and changes the branch in one step.
		for _, sign := range []string{"not a fast forward", "already exists", "does not exist"} {
			if strings.Contains(answer.Message, sign) {
				return true, nil
			}
		}
	}
	return false, c.judge(ctx, a, err)
}
