package stage

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// OpenRepo returns the repository that contains the folder dir. Repository.Dir is the top of
// the working tree. anyOwner is true in a workflow, where the workspace belongs to the
// runner's user and a container action runs as root.
func OpenRepo(ctx context.Context, dir string, anyOwner bool) (git.Repository, error) {
	open := func(dir string) git.Repository {
		r := git.Own(dir).WithEnv("GIT_NO_REPLACE_OBJECTS=1") // the result must not depend on replaced objects
		if anyOwner {
			r = r.AnyOwner()
		}
		return r
	}
	r := open(dir)
	top, err := r.Run(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return r, notARepository(dir, err)
	}
	return open(top), nil
}

// GitDir returns the git directory that all working trees of the repository share.
// goldenpath keeps its state there.
func GitDir(ctx context.Context, r git.Repository) (string, error) {
	out, err := r.Run(ctx, "rev-parse", "--path-format=absolute", "--git-common-dir")
	if err != nil {
		return "", notARepository(r.Dir(), err)
	}
	return out, nil
}

func notARepository(dir string, err error) error {
	if errors.Is(err, tool.ErrNotFound) {
		return report.Usage("git is not on PATH: install git")
	}
	var exit *git.Error
	if !errors.As(err, &exit) {
		return err
	}
	if strings.Contains(exit.Stderr, "dubious ownership") {
		return report.Usage(fmt.Sprintf("git refuses %s because it belongs to another user: run git config --global --add safe.directory %s", dir, dir))
	}
	return report.Usage(fmt.Sprintf("%s is not a git repository: run git init, add and commit", dir))
}

// has returns an error unless the clone contains the commit.
func has(ctx context.Context, r git.Repository, commit string) error {
	if _, err := r.Run(ctx, "cat-file", "-e", commit+"^{commit}"); err != nil {
		return fmt.Errorf("commit %.7s is not in this clone: check out with fetch-depth: 0", commit)
	}
	return nil
}
