package localpath

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// source is a commit of a repository.
type source struct {
	repo   string // top of the working tree
	commit string
	branch string
	time   time.Time
	title  string
	dirty  int // files that differ from the commit and are not part of the run
}

// GitDir returns the git directory that all working trees of a repository
// share: where goldenpath keeps its state.
func GitDir(ctx context.Context, repo string) (string, error) {
	out, err := git(ctx, repo, "rev-parse", "--path-format=absolute", "--git-common-dir")
	if err != nil {
		return "", notARepository(repo, err)
	}
	return out, nil
}

// Top returns the top of the working tree that a folder lies in.
func Top(ctx context.Context, dir string) (string, error) {
	top, err := git(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return "", notARepository(dir, err)
	}
	return top, nil
}

func notARepository(repo string, err error) error {
	if errors.Is(err, tool.ErrNotFound) {
		return report.Usage("git is not on PATH: install git; the path walks commits")
	}
	var exit *tool.ExitError
	if errors.As(err, &exit) {
		if strings.Contains(exit.Tail, "dubious ownership") {
			return report.Usage(fmt.Sprintf("%s belongs to another user, and git refuses it: git config --global --add safe.directory %s", repo, repo))
		}
		return report.Usage(fmt.Sprintf("%s is no git repository: git init, add and commit; the path walks commits", repo))
	}
	return err
}

// resolve finds the commit to walk. HEAD must be on a branch, unless a commit is
// named: a release is made of something that stays reachable.
func resolve(ctx context.Context, repo, commit string) (source, error) {
	top, err := Top(ctx, repo)
	if err != nil {
		return source{}, err
	}
	s := source{repo: top}
	name := commit
	if name == "" {
		name = "HEAD"
		if s.branch, err = git(ctx, top, "symbolic-ref", "--quiet", "--short", "HEAD"); err != nil {
			return s, report.Usage("HEAD is detached: a release is made of a branch; git switch -c NAME, or name the commit with --commit")
		}
	}
	if strings.HasPrefix(name, "-") {
		return s, report.Usage(fmt.Sprintf("--commit %q is no commit", name))
	}
	if s.commit, err = git(ctx, top, "rev-parse", "--verify", "--quiet", name+"^{commit}"); err != nil {
		if commit == "" {
			return s, report.Usage(fmt.Sprintf("%s has no commit yet: git add and git commit; the path walks commits", top))
		}
		return s, report.Usage(fmt.Sprintf("--commit %q is no commit of %s", commit, top))
	}
	if s.commit == "" {
		return s, fmt.Errorf("resolve %s: git named no commit", name)
	}
	out, err := git(ctx, top, "show", "--no-patch", "--format=%ct%n%s", s.commit)
	if err != nil {
		return s, err
	}
	stamp, title, _ := strings.Cut(out, "\n")
	var unix int64
	if _, err := fmt.Sscan(stamp, &unix); err != nil {
		return s, fmt.Errorf("read the time of %.7s: %w", s.commit, err)
	}
	s.time, s.title = time.Unix(unix, 0).UTC(), title
	if commit == "" {
		out, err := git(ctx, top, "status", "--porcelain")
		if err != nil {
			return s, err
		}
		s.dirty = len(strings.FieldsFunc(out, func(r rune) bool { return r == '\n' }))
	}
	return s, nil
}

func (s source) notes() []string {
	notes := []string{"commit    " + s.title}
	if s.branch != "" {
		notes = append(notes, "branch    "+s.branch)
	}
	if s.dirty > 0 {
		notes = append(notes, "note      "+english.Plural(s.dirty, "uncommitted change is", "uncommitted changes are")+" not part of it")
	}
	return notes
}

// config reads the configuration of the commit, not of the working tree.
func (s source) config(ctx context.Context) (*config.Config, error) {
	names, err := git(ctx, s.repo, "ls-tree", "--name-only", s.commit, "--", config.File)
	if err != nil {
		return nil, err
	}
	if names == "" {
		if _, err := os.Stat(filepath.Join(s.repo, config.File)); err == nil {
			add := "git add"
			if _, err := git(ctx, s.repo, "check-ignore", "--quiet", config.File); err == nil {
				add += " --force" // a .gitignore hides it
			}
			return nil, report.Usage(fmt.Sprintf("%s is not committed: %s %s and commit; the path walks commits", config.File, add, config.File))
		}
		_, err := config.Read(s.repo)
		return nil, configError(err)
	}
	res, err := gitCommand(ctx, s.repo, "cat-file", "blob", s.commit+":"+config.File).Run(ctx)
	if err != nil {
		return nil, err
	}
	c, err := config.Parse(res.Stdout)
	if err == nil {
		err = c.Walkable()
	}
	return c, configError(err)
}

// configError marks what a person can mend in the file.
func configError(err error) error {
	var p config.Problems
	if errors.As(err, &p) || errors.Is(err, config.ErrMissing) {
		return report.Usage(err.Error())
	}
	return err
}

// checkOut makes a copy of the commit in dir, with its history, once.
func (s source) checkOut(ctx context.Context, dir string) error {
	tmp := dir + ".tmp"
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	if _, err := git(ctx, s.repo, "clone", "--quiet", "--shared", "--no-checkout", s.repo, tmp); err != nil {
		return fmt.Errorf("check %.7s out: %w", s.commit, err)
	}
	if _, err := git(ctx, tmp, "-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", s.commit); err != nil {
		return fmt.Errorf("check %.7s out: %w", s.commit, err)
	}
	return os.Rename(tmp, dir)
}

// trusting is the key of Trusting.
type trusting struct{}

// Trusting returns a context in which git works in a repository that belongs to
// another user. A workflow's run is one: its workspace is the runner's user's, and a
// container action is root. Elsewhere git refuses, and rightly: what such a
// repository configures is run.
func Trusting(ctx context.Context) context.Context { return context.WithValue(ctx, trusting{}, true) }

func gitCommand(ctx context.Context, dir string, args ...string) tool.Command {
	env := []string{"GIT_TERMINAL_PROMPT=0", "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0"}
	if ctx.Value(trusting{}) != nil {
		env = append(env, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*")
	}
	return tool.Command{Argv: append([]string{"git"}, args...), Dir: dir, Env: env}
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	res, err := gitCommand(ctx, dir, args...).Run(ctx)
	return strings.TrimSpace(string(res.Stdout)), err
}

// Head returns the commit that a checkout is at and its message.
func Head(ctx context.Context, dir string) (commit string, messages []string, err error) {
	s, err := resolve(ctx, dir, "HEAD")
	if err != nil {
		return "", nil, err
	}
	message, err := git(ctx, dir, "show", "--no-patch", "--format=%B", s.commit)
	return s.commit, []string{message}, err
}
