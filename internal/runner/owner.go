//go:build unix

package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// GiveBack changes the owner of files that root created in the workspace and in the runner's
// temporary folder to the owner of those folders. A container action runs as root. Without
// this, later steps and the runner's clean-up could not change those files, among them the git
// directory that the ledger writes to.
func (r *Runner) GiveBack() error {
	if !r.Present() || os.Geteuid() != 0 {
		return nil
	}
	var errs []error
	for _, name := range []string{"GITHUB_WORKSPACE", "RUNNER_TEMP"} {
		if dir := r.getenv(name); dir != "" {
			if err := giveBack(dir); err != nil {
				errs = append(errs, fmt.Errorf("cannot change the owner of %s back: %w", name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// giveBack opens the folder as an os.Root, so that links do not lead out of it. It skips
// files with several hard links, because another name may be outside of the folder.
func giveBack(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	info, err := root.Stat(".")
	if err != nil {
		return err
	}
	to := info.Sys().(*syscall.Stat_t)
	if to.Uid == 0 {
		return nil
	}
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // already removed
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return nil // already removed
		}
		of := info.Sys().(*syscall.Stat_t)
		if of.Uid != 0 || !d.IsDir() && of.Nlink > 1 {
			return nil
		}
		if err := root.Lchown(name, int(to.Uid), int(to.Gid)); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}
