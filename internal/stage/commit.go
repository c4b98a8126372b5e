package stage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/apps"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Commit is one commit of a repository, as one app of the repository sees it: the paths of
// its methods are relative to the folder of the app.
type Commit struct {
	Repo   git.Repository
	Folder string   // of the app, slash-separated; "": the top of the repository
	Apps   apps.All // of the commit
	ID     string   // full
	Branch string   // that HEAD points to; "": the commit was named
	Time   time.Time
	Title  string
	Dirty  int // files of the working tree that differ from the commit
}

// Resolve finds a commit by name, for the app in a folder. An empty name means the tip of
// the current branch. In that case a detached HEAD is refused, because the released commit
// must stay reachable.
func Resolve(ctx context.Context, r git.Repository, folder, name string) (Commit, error) {
	c := Commit{Repo: r, Folder: folder}
	named := name != ""
	var err error
	switch {
	case strings.HasPrefix(name, "-"):
		return c, report.Usage(fmt.Sprintf("--commit %q is not a commit: pass a commit id or a branch", name))
	case !named:
		name = "HEAD"
		if c.Branch, err = r.Run(ctx, "symbolic-ref", "--quiet", "--short", "HEAD"); err != nil {
			return c, report.Usage("HEAD is detached, and a release is made from a branch: run git switch -c NAME, or name the commit with --commit")
		}
	}
	if c.ID, err = r.Run(ctx, "rev-parse", "--verify", "--quiet", name+"^{commit}"); err != nil || c.ID == "" {
		if name == "HEAD" {
			return c, report.Usage(fmt.Sprintf("%s has no commit yet: run git add and git commit", r.Dir()))
		}
		return c, report.Usage(fmt.Sprintf("--commit %q is not a commit of %s", name, r.Dir()))
	}
	out, err := r.Run(ctx, "-c", "log.showSignature=false", "show", "--no-patch", "--format=%ct%n%s", c.ID)
	if err != nil {
		return c, err
	}
	stamp, title, _ := strings.Cut(out, "\n")
	var unix int64
	if _, err := fmt.Sscan(stamp, &unix); err != nil {
		return c, fmt.Errorf("cannot read the date of commit %.7s: %w", c.ID, err)
	}
	c.Time, c.Title = time.Unix(unix, 0).UTC(), title
	if c.Apps, err = apps.List(ctx, r, c.ID); err != nil {
		return c, err
	}
	if !named {
		out, err := r.Run(ctx, "status", "--porcelain")
		if err != nil {
			return c, err
		}
		c.Dirty = len(strings.FieldsFunc(out, func(r rune) bool { return r == '\n' }))
	}
	return c, nil
}

// Configuration reads .goldenpath.yml from the commit. It must describe an app that can
// be released.
func (c Commit) Configuration(ctx context.Context) (*config.Config, error) {
	cfg, err := c.ReadConfig(ctx)
	if err == nil {
		err = cfg.Walkable()
	}
	return cfg, configError(err)
}

// ReadConfig reads .goldenpath.yml from the commit. If the commit has no such file, the
// error is config.ErrMissing; if only the working tree has it, the error says how to
// commit it.
func (c Commit) ReadConfig(ctx context.Context) (*config.Config, error) {
	b, err := c.read(ctx, config.File)
	if errors.Is(err, os.ErrNotExist) {
		return nil, c.uncommitted(ctx)
	}
	if err != nil {
		return nil, err
	}
	return config.Parse(b)
}

// uncommitted returns the error for a commit without a configuration.
func (c Commit) uncommitted(ctx context.Context) error {
	file := c.in(config.File)
	if _, err := config.Read(filepath.Join(c.Repo.Dir(), filepath.FromSlash(c.Folder))); errors.Is(err, config.ErrMissing) {
		return cmp.Or(c.Apps.Missing(), err)
	}
	add := "git add"
	if _, err := c.Repo.Run(ctx, "check-ignore", "--quiet", file); err == nil {
		add += " --force" // .gitignore excludes it
	}
	return report.Usage(fmt.Sprintf("%s is not in commit %.7s: run %s %s and commit", file, c.ID, add, file))
}

// configError turns errors that a user can fix in the file into usage errors.
func configError(err error) error {
	var p config.Problems
	if errors.As(err, &p) || errors.Is(err, config.ErrMissing) {
		return report.Usage(err.Error())
	}
	return err
}

// read returns a file of the commit. If the commit does not contain the file, the error is
// os.ErrNotExist.
func (c Commit) read(ctx context.Context, name string) ([]byte, error) {
	found, err := c.files(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(found) != 1 || found[0] != name {
		return nil, fmt.Errorf("cannot read %s in commit %.7s: %w", name, c.ID, os.ErrNotExist)
	}
	return c.blob(ctx, name)
}

// in returns a path of the app as a path of the repository.
func (c Commit) in(name string) string { return path.Join(c.Folder, name) }

// out is the inverse of in.
func (c Commit) out(name string) string {
	if c.Folder == "" {
		return name
	}
	return strings.TrimPrefix(name, c.Folder+"/")
}

// blob returns a file that the commit contains.
func (c Commit) blob(ctx context.Context, name string) ([]byte, error) {
	return c.Repo.Output(ctx, nil, "cat-file", "blob", c.ID+":"+c.in(name))
}

// files lists the files of the commit at or below a path, slash-separated.
func (c Commit) files(ctx context.Context, name string) ([]string, error) {
	all, err := c.entries(ctx, name)
	names := make([]string, len(all))
	for i, e := range all {
		names[i] = e.name
	}
	return names, err
}

// folder lists the files of the commit in a folder. It is an error if the folder is a
// link or a file, or if a submodule has files in it: the commit does not have those. A
// folder that does not exist is empty.
func (c Commit) folder(ctx context.Context, folder string) ([]string, error) {
	all, err := c.entries(ctx, folder)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(all))
	for i, e := range all {
		switch names[i] = e.name; {
		case e.submodule:
			return nil, fmt.Errorf("%s is a submodule of commit %.7s, so its files cannot be compared: keep them in this repository", e.name, c.ID)
		case e.name == folder:
			return nil, fmt.Errorf("%s is a link or a file in commit %.7s: name the folder itself", e.name, c.ID)
		}
	}
	return names, nil
}

// entry is a file, a link or a submodule of a commit.
type entry struct {
	name      string
	submodule bool
}

func (c Commit) entries(ctx context.Context, name string) ([]entry, error) {
	out, err := c.Repo.Output(ctx, nil, "ls-tree", "-r", "-z", "--full-tree", c.ID, "--", ":(literal)"+c.in(name))
	if err != nil {
		return nil, fmt.Errorf("cannot list %s in commit %.7s: %w", name, c.ID, err)
	}
	var all []entry
	for _, line := range nulSeparated(out) {
		mode, name, _ := strings.Cut(line, "\t")
		all = append(all, entry{c.out(name), strings.HasPrefix(mode, "160000 ")})
	}
	return all, nil
}

func nulSeparated(b []byte) []string {
	return strings.FieldsFunc(string(b), func(r rune) bool { return r == 0 })
}
