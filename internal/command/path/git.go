package path

import (
	"encoding/base64"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/command"
)

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
