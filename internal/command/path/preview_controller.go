package path

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target/kubernetes"
)

// PreviewController is `goldenpath preview controller`.
type PreviewController struct {
	Image      string `help:"Image of goldenpath, by digest: NAME@sha256:…. Default: the image of this release, whose digest is read from its registry." placeholder:"NAME@DIGEST"`
	Every      string `help:"How often it sweeps: an interval that divides an hour or a day." default:"10m" placeholder:"DURATION"`
	Repository string `help:"Repository on GitHub, owner/name. Default: that of the git remote origin." placeholder:"OWNER/NAME" group:"where"`
	File       string `name:"output" help:"Write the manifest to this file instead of printing it." placeholder:"FILE" type:"path"`
	Repo       string `help:"Repository of the app." default:"." type:"path" placeholder:"DIR" group:"where"`
	command.Output
}

// Help is shown by --help.
func (PreviewController) Help() string {
	return `Prints a manifest with a CronJob that runs goldenpath preview sweep inside the cluster, so that previews are removed without a workflow run. It has the policy of .goldenpath.yml and the rights that a sweep needs, and no others. With a token that may read pull requests it also removes the previews of closed ones; without one it goes by their TTL.

The manifest goes to standard output and everything else to standard error: goldenpath preview controller | kubectl apply --filename -`
}

// Do prints the manifest and the commands.
func (c *PreviewController) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	repo, folder, err := application(ctx, env, c.Repo)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(repo.Dir(), filepath.FromSlash(folder))
	cfg, err := config.Read(dir)
	if err != nil {
		return nil, err
	}
	if t := cfg.Preview.Target; t != "kubernetes" {
		return nil, report.Usage(fmt.Sprintf("preview.target in .goldenpath.yml is %s: the controller sweeps the previews of a cluster, so it needs kubernetes", t))
	}
	k := kubernetes.Controller{App: cfg.App, Config: string(cfg.Source()), Repository: c.Repository}
	if k.Repository == "" {
		k.Repository = origin(ctx, repo, env.Runner.Server())
	}
	if m := repositoryPath.FindStringSubmatch(k.Repository); m == nil || m[1] != k.Repository {
		return nil, report.Usage(fmt.Sprintf("--repository %.80q is not owner/name: previews are found by the name of their repository on GitHub", k.Repository))
	}
	if k.Every, err = config.ParseDuration(c.Every); err != nil {
		return nil, report.Usage("--every: " + err.Error())
	}
	if k.Image, err = c.image(ctx, env); err != nil {
		return nil, err
	}
	manifest, err := k.Manifest()
	if err != nil {
		return nil, err
	}
	r := &report.Report{Name: "preview controller", Verdict: report.Pass, Reason: report.ReasonOK, Started: env.Now().UTC()}
	r.Title = fmt.Sprintf("%s sweeps every %s", k.Name(), c.Every)
	r.Checks = []report.Check{
		{Name: "image", State: report.OK, Result: k.Image},
		{Name: "removal", State: report.OK, Result: fmt.Sprintf("a preview is removed at most %s after its TTL ends", c.Every), Note: "goldenpath preview list shows what sweeps"},
	}
	apply, err := deliver(env, c.Output, c.File, manifest, r, c.again())
	if err != nil {
		return nil, err
	}
	r.Sections = []report.Section{{Title: "commands for an administrator of the cluster, in this repository", Open: true, Text: apply + "\n" +
		"# optional, with a fine-grained token of this repository that may read pull requests, and nothing else:\n" +
		"kubectl --namespace " + kubernetes.Home + " create secret generic " + k.Name() + " --from-file token=/dev/stdin\n"}}
	return r, nil
}

// again is the command that prints the same manifest.
func (c *PreviewController) again() string {
	own := "goldenpath preview controller"
	for _, flag := range []struct{ name, value, otherwise string }{{"image", c.Image, ""}, {"every", c.Every, "10m"}, {"repository", c.Repository, ""}} {
		if flag.value != flag.otherwise {
			own += " --" + flag.name + " " + flag.value
		}
	}
	return own
}

// image returns the image by digest.
func (c *PreviewController) image(ctx context.Context, env *command.Env) (string, error) {
	built := command.Built()
	switch {
	case c.Image != "":
		d, err := name.NewDigest(c.Image)
		if err != nil {
			return "", report.Usage(fmt.Sprintf("--image %.200q is not an image by digest: want NAME@sha256:…", c.Image))
		}
		return d.String(), nil
	case built.Image == "":
		return "", report.Usage("this goldenpath is not a release, so its image is not known: set --image to the image of goldenpath to run, by digest")
	}
	registry, err := artifact.OpenRegistryWith("", env.Getenv("GITHUB_TOKEN"))
	if err != nil {
		return "", err
	}
	in, err := registry.Repository(built.Image)
	if err != nil {
		return "", err
	}
	a, err := in.Resolve(ctx, built.Version, v1.Platform{OS: "linux", Architecture: "amd64"})
	if err != nil {
		return "", fmt.Errorf("cannot find the image of this release: %w: set --image to it, by digest", err)
	}
	return built.Image + "@" + a.Digest, nil
}
