package path

import (
	"context"

	"github.com/seed-b235b314/goldenpath/internal/apps"
	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/stage"
)

// repository opens the repository of a folder.
func repository(ctx context.Context, env *command.Env, dir string) (git.Repository, error) {
	return stage.OpenRepo(ctx, dir, env.Runner.Present())
}

// application opens the repository of a folder, and returns the folder of the app to which
// that folder belongs. In a workflow, GOLDENPATH_FOLDER names the folder of the app in the
// checkout.
func application(ctx context.Context, env *command.Env, dir string) (git.Repository, string, error) {
	repo, err := repository(ctx, env, dir)
	if err != nil {
		return repo, "", err
	}
	folder, err := apps.At(repo.Dir(), dir)
	given := env.Runner.Folder()
	if err != nil || folder != "" || given == "" {
		return repo, folder, err
	}
	if err := apps.Check(repo.Dir(), given); err != nil {
		return repo, "", report.Usage("GOLDENPATH_FOLDER: " + err.Error())
	}
	return repo, given, nil
}

// remoteGit is the repository with access to GitHub. The token goes only to the server
// of the workflow run: the checkout keeps no credentials.
func (w *world) remoteGit() git.Repository {
	if !w.env.Runner.Present() {
		return w.git
	}
	return w.git.WithToken(w.env.Runner.Server(), w.token)
}
