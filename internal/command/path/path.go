// Package path is the command line of goldenpath. Each command declares its inputs,
// maps them to options and makes one call.
package path

import (
	"context"

	"github.com/alecthomas/kong"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/target/process"
	"github.com/seed-b235b314/goldenpath/internal/target/terraform"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// CLI is the command line.
type CLI struct {
	Init     Init     `cmd:"" help:"Add the files that a repository needs. Never overwrites a file."`
	Run      Run      `cmd:"" help:"Take a commit through every stage on this machine, including a local production environment."`
	Apps     Apps     `cmd:"" help:"List the apps of the repository, and those that changed."`
	Validate Validate `cmd:"" help:"Check the configuration and the waivers of the checked-out commit."`
	Test     Test     `cmd:"" help:"Run the checks of the checked-out commit."`
	Package  Package  `cmd:"" help:"Build the checked-out commit and put its image into a registry."`
	Push     Push     `cmd:"" help:"Copy a packaged image to its registry and sign its provenance."`
	Battery  Battery  `cmd:"" help:"Run the battery of tests against an environment."`
	Attest   Attest   `cmd:"" help:"Sign reports and attach them to an image as evidence."`
	Preview  struct {
		Up         PreviewUp         `cmd:"" help:"Create a preview, or update it to another image."`
		Down       PreviewDown       `cmd:"" help:"Remove a preview."`
		Prepare    PreviewPrepare    `cmd:"" help:"Run the migration and the seed of a preview. Refuses to run in a CI job that holds credentials."`
		Prepared   PreviewPrepared   `cmd:"" help:"Record the result of preview prepare, which ran in another job."`
		Sweep      PreviewSweep      `cmd:"" help:"Remove every preview that is due for removal: closed, expired, over a limit or over budget."`
		List       PreviewList       `cmd:"" help:"List previews and their cost."`
		Access     PreviewAccess     `cmd:"" help:"Print the service accounts that deploy from GitHub, and the commands that make their kubeconfigs."`
		Controller PreviewController `cmd:"" help:"Print a CronJob that removes previews inside the cluster, without workflow runs."`
		Report     PreviewReport     `cmd:"" help:"Report what previews cost on one day."`
	} `cmd:"" help:"Manage short-lived environments of pull requests."`
	Scorecard Scorecard `cmd:"" help:"Grade a release candidate. Changes nothing."`
	Promote   Promote   `cmd:"" help:"Deploy a tested image to an environment and watch it."`
	Rollback  Rollback  `cmd:"" help:"Return an environment to an earlier release."`
	Release   struct {
		List ReleaseList `cmd:"" help:"List releases: what ran where, and when."`
		Show ReleaseShow `cmd:"" help:"Show one release and its manifest."`
	} `cmd:"" help:"Read goldenpath's release record (the ledger)."`
	Host    Host    `cmd:"" help:"Set up and look after a server, for target server."`
	Setup   Setup   `cmd:"" hidden:"" help:"Copy this binary to the runner, for later steps."`
	Key     Key     `cmd:"" help:"Create the key that signs evidence, or show the existing key."`
	Doctor  Doctor  `cmd:"" help:"Find what is missing here and on GitHub, with the fix for each. Changes nothing."`
	Comment Comment `cmd:"" help:"Publish reports in a pull request comment."`
	Status  Status  `cmd:"" help:"List the environments that run on this machine, or ask the target of one environment."`
	Down    Down    `cmd:"" help:"Stop environments that run on this machine."`
	Clean   Clean   `cmd:"" help:"Remove what earlier runs left on this machine: reports, logs and the build folder."`

	Completion command.Completion `cmd:"" help:"Print the shell completion script."`
	Version    kong.VersionFlag   `help:"Print the version."`
}

// New returns the command line.
func New() command.App {
	return command.App{
		Name: "goldenpath", CLI: &CLI{},
		Help: "From commit to production: one preview, one gate, one scorecard, promotion of exactly the image that was tested, rollback in one command, and evidence for each step.",
	}
}

// Main runs goldenpath. The hidden commands are processes that goldenpath starts
// itself.
func Main(ctx context.Context, env *command.Env) int {
	if len(env.Args) > 0 {
		switch env.Args[0] {
		case "supervise":
			return process.Supervise(ctx, env.Args[1:])
		case "guard":
			return tool.Guard(ctx, env.Args[1:])
		case "guard-terraform":
			return terraform.Guard(ctx, env.Args[1:])
		case "host":
			if handled, code := runHost(ctx, env, env.Args[1:]); handled {
				return code
			}
		}
	}
	return command.Main(ctx, env, New())
}
