package gate

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/apps"
	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/gate/change"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// findCheckout returns the folder to scan, and the folder of the app in it. If dir belongs to an
// app in a folder of a repository, the whole repository is the checkout: what is in no app's
// folder ships with every app.
func findCheckout(env *command.Env, dir string) (top, folder string, err error) {
	given := dir
	if dir, err = filepath.Abs(dir); err != nil {
		return "", "", err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", "", report.Usage(fmt.Sprintf("--dir %s is not a folder: name the checkout to scan", given))
	}
	for top = dir; !isRepository(top); top = filepath.Dir(top) {
		if top == filepath.Dir(top) {
			return dir, "", nil
		}
	}
	if folder, err = apps.At(top, dir); err != nil {
		return "", "", err
	}
	named := env.Runner.Folder()
	switch {
	case folder != "":
		return top, folder, nil
	case named == "" || top != dir:
		return dir, "", nil
	}
	if err := apps.Check(top, named); err != nil {
		return "", "", report.Usage("GOLDENPATH_FOLDER: " + err.Error())
	}
	return top, named, nil
}

func isRepository(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, ".git"))
	return err == nil
}

// appOf returns the name of the app in a folder of the checkout.
func appOf(dir, folder string) string {
	b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(folder), config.File))
	if err != nil {
		return "" // the commit is not compared with a release
	}
	return apps.Name(b, folder)
}

// others returns the folders of the other apps of the checked-out commit, which their own
// runs examine, and how many files they have. If the folder has no app, as with the gate
// alone, there are none.
func (c *Scan) others(ctx context.Context, found *change.Change) (folders []string, files int, err error) {
	if found.Head == "" {
		return nil, 0, nil
	}
	r := git.Foreign(c.Dir)
	all, err := apps.List(ctx, r, found.Head)
	if err != nil {
		return nil, 0, err
	}
	if !slices.ContainsFunc(all, func(a apps.App) bool { return a.Folder == c.folder }) {
		return nil, 0, nil
	}
	if folders = all.Others(c.folder); len(folders) == 0 {
		return nil, 0, nil
	}
	out, err := r.Output(ctx, nil, append([]string{"ls-tree", "-r", "-z", "--full-tree", "--name-only", found.Head, "--"}, folders...)...)
	if err != nil {
		return nil, 0, fmt.Errorf("cannot count the files of other apps: %w", err)
	}
	return folders, bytes.Count(out, []byte{0}), nil
}
