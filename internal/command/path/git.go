package path

import (
	"context"
	"encoding/base64"
	"strings"

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

// gitEnv are git's variables for the access that remoteGit has.
func gitEnv(env *command.Env, token string) []string {
	server := env.Runner.Server()
	if token == "" || server == "" || !env.Runner.Present() {
		return nil
	}
	basic := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))
	return []string{
		"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
		"GIT_CONFIG_KEY_1=http." + strings.TrimSuffix(server, "/") + "/.extraheader", "GIT_CONFIG_VALUE_1=AUTHORIZATION: basic " + basic,
	}
}
