package path

import (
	"cmp"
	"fmt"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/github"
)

// GitHub holds the flags for access to GitHub.
type GitHub struct {
	Token      string `help:"Token for pull requests, comments, deployments, the ledger and GitHub's registry. Without one, GitHub is not used." env:"GITHUB_TOKEN" placeholder:"TOKEN" group:"where"`
	Repository string `help:"Repository on GitHub, owner/name. Default: the repository of the workflow run." placeholder:"OWNER/NAME" group:"where"`
}

// client returns a GitHub client. It returns nil if the token or the repository is not known.
func (g GitHub) client(env *command.Env) (*github.Client, error) {
	repository := g.repository(env)
	if g.Token == "" || repository == "" {
		return nil, nil
	}
	c, err := github.New(github.Options{Repository: repository, API: env.Runner.API(), Token: g.Token})
	if err != nil {
		return nil, fmt.Errorf("cannot use GitHub: %w", err)
	}
	return c, nil
}

func (g GitHub) repository(env *command.Env) string {
	return cmp.Or(g.Repository, env.Runner.Repository())
}
