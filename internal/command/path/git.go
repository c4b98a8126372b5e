package path

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// git runs git in a repository, whoever owns it.
func git(ctx context.Context, dir string, env []string, args ...string) ([]byte, error) {
	res, err := tool.Command{
		Argv: append([]string{"git"}, args...), Dir: dir,
		Env: append([]string{"GIT_TERMINAL_PROMPT=0", "LC_ALL=C", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"}, env...),
	}.Run(ctx)
	return res.Stdout, err
}

// gitEnv lets git speak to the run's own server with its token, and to no other:
// the checkout keeps no credentials. Outside a run it is nothing.
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
