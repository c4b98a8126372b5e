package stage

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// Repo is the repository of an app.
type Repo struct {
	Dir string // top of the working tree
	// Shared is true in a workflow: the workspace belongs to the runner's user and a
	// container action runs as root, so git must accept a repository of another user.
	// Elsewhere git refuses one, because it would run what that repository configures.
	Shared bool
}

// OpenRepo returns the repository that contains the folder dir.
func OpenRepo(ctx context.Context, dir string, shared bool) (Repo, error) {
	r := Repo{Dir: dir, Shared: shared}
	top, err := r.git(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return r, notARepository(dir, err)
	}
	r.Dir = top
	return r, nil
}

// GitDir returns the git directory that all working trees of the repository share.
// goldenpath keeps its state there.
func (r Repo) GitDir(ctx context.Context) (string, error) {
	out, err := r.git(ctx, "rev-parse", "--path-format=absolute", "--git-common-dir")
	if err != nil {
		return "", notARepository(r.Dir, err)
	}
	return out, nil
}

func notARepository(dir string, err error) error {
	if errors.Is(err, tool.ErrNotFound) {
		return report.Usage("git is not on PATH: install git")
	}
	var exit *tool.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if strings.Contains(exit.Tail, "dubious ownership") {
		return report.Usage(fmt.Sprintf("git refuses %s because it belongs to another user: git config --global --add safe.directory %s", dir, dir))
	}
	return report.Usage(fmt.Sprintf("%s is not a git repository: run git init, add and commit", dir))
}

// git runs git in the repository and returns its output without white space around
// it.
func (r Repo) git(ctx context.Context, args ...string) (string, error) {
	out, err := r.raw(ctx, args...)
	return strings.TrimSpace(string(out)), err
}

// raw runs git in the repository and returns its output unchanged.
func (r Repo) raw(ctx context.Context, args ...string) ([]byte, error) {
	env := []string{"GIT_TERMINAL_PROMPT=0", "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0"}
	if r.Shared {
		env = append(env, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*")
	}
	res, err := tool.Command{Argv: append([]string{"git"}, args...), Dir: r.Dir, Env: env}.Run(ctx)
	return res.Stdout, err
}
