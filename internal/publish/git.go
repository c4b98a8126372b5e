package main

import (
	"context"
	"os"

	"github.com/seed-b235b314/goldenpath/internal/git"
)

// checkout is the repository that is released. The job's token is sent only to GitHub's
// own server: the checkout stores no credentials.
func (r *release) checkout() git.Repository {
	return git.Own(r.o.Repo).WithToken(os.Getenv("GITHUB_SERVER_URL"), os.Getenv("GITHUB_TOKEN"))
}

// git runs git in the checkout and returns the output of git.
func (r *release) git(ctx context.Context, args ...string) (string, error) {
	return r.checkout().Run(ctx, args...)
}

// file reads a file of a commit.
func (r *release) file(ctx context.Context, commit, name string) ([]byte, error) {
	return r.checkout().Output(ctx, nil, "cat-file", "blob", commit+":"+name)
}

// has reports whether a commit is the same as another commit or a descendant of it.
func (r *release) has(ctx context.Context, commit, ancestor string) (bool, error) {
	_, err := r.git(ctx, "merge-base", "--is-ancestor", ancestor, commit)
	if git.Exited(err, 1) {
		return false, nil
	}
	return err == nil, err
}

// fetch fetches the commit of a remote ref and returns it, or "" if the ref does not
// exist. It changes no local ref.
func (r *release) fetch(ctx context.Context, ref string) (string, error) {
	if r.remote[ref] == "" {
		return "", nil
	}
	if _, err := r.git(ctx, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", r.o.Remote, ref); err != nil {
		return "", err
	}
	return r.git(ctx, "rev-parse", "--verify", r.remote[ref]+"^{commit}")
}
