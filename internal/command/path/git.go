package path

import (
	"context"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/stage"
)

// repository opens the repository of a folder.
func repository(ctx context.Context, env *command.Env, dir string) (git.Repository, error) {
	return stage.OpenRepo(ctx, dir, env.Runner.Present())
}

// remoteGit is the repository with access to GitHub. The token goes only to the server
// of the workflow run: the checkout keeps no credentials.
func (w *world) remoteGit() git.Repository {
	if !w.env.Runner.Present() {
		return w.git
	}
	return w.git.WithToken(w.env.Runner.Server(), w.token)
}
