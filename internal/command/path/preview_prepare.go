package path

import (
	"context"
	"os"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/comment"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/preview/data"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// PreviewPrepare is `goldenpath preview prepare`.
type PreviewPrepare struct {
	Name string `help:"Name of the preview, such as pr-12. Default: pr-NUMBER in a pull request's run."`
	URL  string `name:"url" help:"Address of the preview." required:"" placeholder:"URL"`
	Where
	command.Output
}

// Help is shown by --help.
func (PreviewPrepare) Help() string {
	return "Runs preview.seed of .goldenpath.yml, with the address of the preview in $GOLDENPATH_URL. The seed is code from the pull request. In a CI job this command refuses to run if a credential is in its environment, in that of a parent process, or in a file that a cloud login wrote into the checkout."
}

// Do runs the seed.
func (c *PreviewPrepare) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.configured(ctx, env, GitHub{}, Cluster{})
	if err != nil {
		return nil, err
	}
	name, _, err := previewName(env, c.Name)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(c.URL, "http://") && !strings.HasPrefix(c.URL, "https://") {
		return nil, report.Usage("--url is missing: set it to the address of the preview, such as https://pr-12.example.com")
	}
	if env.Runner.Present() {
		if found := tool.Exposed(os.Environ(), w.git.Dir()); len(found) > 0 {
			return nil, report.Usage("the seed is code from the pull request, and this job exposes credentials to it (" + strings.Join(found, ", ") +
				"): run preview prepare in a job of its own, with permissions: contents: read and without secrets")
		}
	}
	commit, err := w.git.Run(ctx, "rev-parse", "HEAD")
	if err != nil {
		return nil, err
	}
	variables, err := w.access().Variables(w.config, "seed")
	if err != nil {
		return nil, err
	}
	e := data.Environment{Name: "preview/" + name, URL: c.URL, Commit: commit, Guard: w.guard()}
	if w.config.Preview.Target == "process" {
		e.Connections = w.target.Connections(e.Name)
	}
	return data.Prepare(ctx, data.Options{Seed: data.Seed{Run: w.config.Preview.Seed, Dir: w.repo, Variables: variables}, Environment: e, Now: env.Now})
}

// PreviewPrepared is `goldenpath preview prepared`.
type PreviewPrepared struct {
	Name       string `help:"Name of the preview, such as pr-12. Default: pr-NUMBER in a pull request's run."`
	Generation string `help:"Value of the output \"generation\" of the preview up step." required:"" placeholder:"GENERATION"`
	GitHub
	Cluster
	Where
	command.Output
}

// Do records that the seed succeeded: in the comment of the pull request, which the job
// may edit that may not deploy, or else in the ledger of previews.
func (c *PreviewPrepared) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	name, number, err := previewName(env, c.Name)
	if err != nil {
		return nil, err
	}
	hub, err := c.client(env)
	if err != nil {
		return nil, err
	}
	if hub != nil && number > 0 {
		return comment.Previews{Hub: hub, Run: env.Runner.RunURL()}.Prepared(ctx, name, number, c.Generation, env.Now())
	}
	p, err := c.previews(ctx, env, c.GitHub, c.Cluster, name, false)
	if err != nil {
		return nil, err
	}
	if p.missing != "" {
		return noPreview(env, "preview-prepared", p.config.App+" "+name, p.missing), nil
	}
	return preview.Prepared(ctx, p.deps, preview.PreparedOptions{Name: name, Generation: c.Generation})
}
