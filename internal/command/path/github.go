package path

import (
	"fmt"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/github"
)

// GitHub are the flags that say how GitHub is asked.
type GitHub struct {
	Token      string `help:"Token that reads pull requests, comments and makes deployments. Without one GitHub is not asked." env:"GITHUB_TOKEN" placeholder:"TOKEN" group:"where"`
	Repository string `help:"Repository on GitHub, owner/name. Default: that of the run." placeholder:"OWNER/NAME" group:"where"`
}

// client is nil when there is no token, or no repository, to ask with.
func (g GitHub) client(env *command.Env) (*github.Client, error) {
	repository := g.repository(env)
	if g.Token == "" || repository == "" {
		return nil, nil
	}
	o := github.Options{Repository: repository, API: env.Runner.API(), Token: g.Token}
	c, err := github.New(o)
	if err != nil {
		return nil, fmt.Errorf("ask GitHub: %w", err)
	}
	return c, nil
}

// authorise lets a command speak for the run: to the server that keeps the ledger,
// and to GitHub's registry.
func (w *world) authorise(g GitHub) (err error) {
	w.name = g.repository(w.env)
	if g.Token == "" {
		return nil
	}
	w.ledger.Env = gitEnv(w.env, g.Token)
	if w.folder {
		return nil
	}
	if w.registry, err = artifact.OpenRegistryWith("", g.Token); err == nil {
		w.repository, err = w.registry.Repository(w.config.Artifact.Image)
	}
	return err
}

func (g GitHub) repository(env *command.Env) string {
	if g.Repository != "" {
		return g.Repository
	}
	return env.Runner.Repository()
}
