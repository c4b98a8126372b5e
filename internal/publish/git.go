package main

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// git runs git in the checkout and returns what it prints, without the last line
// break. Hooks and signing keys of whoever runs it have no part in a release.
func (r *release) git(ctx context.Context, args ...string) (string, error) {
	b, err := r.gitWith(ctx, nil, "", args...)
	return strings.TrimSuffix(string(b), "\n"), err
}

func (r *release) gitWith(ctx context.Context, env []string, in string, args ...string) ([]byte, error) {
	argv := append([]string{"git", "-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false", "-c", "tag.gpgSign=false"}, args...)
	res, err := tool.Command{
		Argv: argv, Dir: r.o.Repo, Stdin: strings.NewReader(in),
		Env: append([]string{"GIT_TERMINAL_PROMPT=0", "LC_ALL=C"}, env...),
	}.Run(ctx)
	return res.Stdout, err
}

// remoteGit is git with the token of a workflow's job, which goes to GitHub's own
// server and to no other: the checkout keeps no credentials.
func (r *release) remoteGit(ctx context.Context, args ...string) (string, error) {
	var env []string
	if token, server := os.Getenv("GITHUB_TOKEN"), os.Getenv("GITHUB_SERVER_URL"); token != "" && server != "" {
		basic := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))
		env = []string{
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http." + strings.TrimSuffix(server, "/") + "/.extraheader",
			"GIT_CONFIG_VALUE_0=AUTHORIZATION: basic " + basic,
		}
	}
	b, err := r.gitWith(ctx, env, "", args...)
	return strings.TrimSuffix(string(b), "\n"), err
}

// file is a file of a commit.
func (r *release) file(ctx context.Context, commit, name string) ([]byte, error) {
	return r.gitWith(ctx, nil, "", "cat-file", "blob", commit+":"+name)
}

// has reports whether a commit is another or has it among its ancestors.
func (r *release) has(ctx context.Context, commit, ancestor string) (bool, error) {
	_, err := r.git(ctx, "merge-base", "--is-ancestor", ancestor, commit)
	var exit *tool.ExitError
	if errors.As(err, &exit) && exit.Code == 1 {
		return false, nil
	}
	return err == nil, err
}

// fetch brings the commit of one of the remote's refs here and returns it, "" when
// there is no such ref. No ref of the checkout is touched.
func (r *release) fetch(ctx context.Context, ref string) (string, error) {
	if r.remote[ref] == "" {
		return "", nil
	}
	if _, err := r.remoteGit(ctx, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", r.o.Remote, ref); err != nil {
		return "", err
	}
	return r.git(ctx, "rev-parse", "--verify", r.remote[ref]+"^{commit}")
}
