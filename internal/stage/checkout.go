package stage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/git"
)

// CheckOut makes a copy of the commit, with its history, in the folder dir. A copy
// that was interrupted leaves dir absent.
func (c Commit) CheckOut(ctx context.Context, dir string) error {
	tmp, err := c.clone(ctx, dir)
	if err == nil {
		_, err = git.Own(tmp).Run(ctx, "-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", c.ID)
	}
	if err == nil {
		err = RemoveTree(dir)
	}
	if err == nil {
		err = os.Rename(tmp, dir)
	}
	if err != nil {
		return fmt.Errorf("cannot check out commit %.7s: %w", c.ID, err)
	}
	return nil
}

// clone makes a clone without files beside dir, and returns its folder. Its objects are
// those of the repository.
func (c Commit) clone(ctx context.Context, dir string) (string, error) {
	tmp := dir + ".tmp"
	if err := errors.Join(RemoveTree(tmp), os.MkdirAll(filepath.Dir(dir), 0o755)); err != nil {
		return "", err
	}
	_, err := c.Repo.Run(ctx, "clone", "--quiet", "--shared", "--no-checkout", c.Repo.Dir(), tmp)
	return tmp, err
}

// Update makes dir a copy of the commit as CheckOut does, but keeps what is equal there: a
// file with the content of the commit keeps its modification time, so that the caches of
// compilers and test runners hit, and the folders in keep stay with all they contain. What
// the commit does not have is removed. Nothing in dir is trusted: the git directory is made
// again, and each file is compared by its content.
func (c Commit) Update(ctx context.Context, dir string, keep []string) error {
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
		return c.CheckOut(ctx, dir)
	}
	if err := c.update(ctx, dir, keep); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return c.CheckOut(ctx, dir) // begin again with an empty folder
	}
	return nil
}

func (c Commit) update(ctx context.Context, dir string, keep []string) error {
	tmp, err := c.clone(ctx, dir)
	if err != nil {
		return err
	}
	gitDir := filepath.Join(dir, ".git")
	if err := errors.Join(RemoveTree(gitDir), os.Rename(filepath.Join(tmp, ".git"), gitDir), os.RemoveAll(tmp)); err != nil {
		return err
	}
	if err := writable(dir); err != nil {
		return err
	}
	r := git.Own(dir)
	clean := []string{"clean", "--quiet", "-ffdx"}
	status := []string{"status", "--porcelain", "--ignored", "--untracked-files=all", "--", "."}
	for _, folder := range keep {
		clean = append(clean, "--exclude=/"+folder+"/")
		status = append(status, ":(exclude,literal)"+folder)
	}
	for _, args := range [][]string{
		{"update-ref", "--no-deref", "HEAD", c.ID},
		{"read-tree", c.ID},
		clean,
		{"update-index", "-q", "--really-refresh"}, // compares contents, because the index is new
		{"reset", "--quiet", "--hard", c.ID},
	} {
		if _, err := r.Run(ctx, args...); err != nil && args[0] != "update-index" { // which fails if a file differs
			return err
		}
	}
	left, err := r.Run(ctx, status...)
	if err == nil && strings.TrimSpace(left) != "" {
		err = fmt.Errorf("%s differs from commit %.7s after the update", dir, c.ID)
	}
	return err
}

// writable gives the owner all rights on the folders below dir. A command may have taken
// them away, and then nothing in the folder can be removed.
func writable(dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name != dir && (d.Name() == "node_modules" || name == filepath.Join(dir, ".git")) {
			return fs.SkipDir // large, and not removed file by file
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o700 != 0o700 {
			err = os.Chmod(name, info.Mode().Perm()|0o700)
		}
		return err
	})
}

// RemoveTree removes a folder, also one with folders that are not writable.
func RemoveTree(dir string) error {
	err := os.RemoveAll(dir)
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	_ = filepath.WalkDir(dir, func(name string, d fs.DirEntry, _ error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(name, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}
