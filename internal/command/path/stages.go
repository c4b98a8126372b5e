package path

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/release/indicator"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/run"
	"github.com/seed-b235b314/goldenpath/internal/stage"
)

// Kept holds the flag that names the folder for logs and JUnit files of a stage.
type Kept struct {
	Out string `help:"Folder for logs and JUnit files. Default: the subfolder \"goldenpath\" of the runner's temporary folder; outside a runner, the subfolder \"stages\" of the state folder." placeholder:"DIR" group:"where" type:"path"`
}

// do opens the job of the checked-out commit and runs one stage of it.
func (k Kept) do(ctx context.Context, env *command.Env, where Where, do func(*stage.Job) (*report.Report, error)) (*report.Report, error) {
	w, err := where.open(ctx, env, GitHub{}, Cluster{})
	if err != nil {
		return nil, err
	}
	return w.do(ctx, k.Out, w.deps(), do)
}

// do runs one stage of the checked-out commit. out is the folder for the files of the stage;
// "" means the default folder.
func (w *world) do(ctx context.Context, out string, d stage.Deps, do func(*stage.Job) (*report.Report, error)) (*report.Report, error) {
	console := run.NewConsole(w.env.Stderr, w.env.Err)
	defer console.Close()
	d.Say = console.Say
	j, err := stage.Open(ctx, d, w.git, w.folder, cmp.Or(out, w.env.Runner.Kept(), filepath.Join(w.state, "stages")))
	if err != nil {
		return nil, err
	}
	return do(j)
}

// deps returns the services that stages use.
func (w *world) deps() stage.Deps {
	return stage.Deps{
		Registry: w.registry, Ledger: w.ledger, Target: w.target, Indicator: indicator.HTTP{}, Now: w.env.Now, By: w.env.Runner.Identity(),
		Builder: w.env.Runner.Builder(), Source: w.env.Runner.RepositoryURL(), Version: command.Version(), Guard: w.guard(), Values: w.access(),
		Here: !w.env.Runner.Present(),
	}
}

// Validate is `goldenpath validate`.
type Validate struct {
	Where
	command.Output
}

// Do validates the configuration and the waivers.
func (c *Validate) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	return Kept{}.do(ctx, env, c.Where, func(j *stage.Job) (*report.Report, error) { return stage.Validate(ctx, j) })
}

// Test is `goldenpath test`.
type Test struct {
	Shard string `help:"Shard to run, such as 2/4. Passed to every check as $GOLDENPATH_SHARD and $GOLDENPATH_SHARDS; the check must split its own work." default:"1/1" placeholder:"N/OF"`
	Kept
	Where
	command.Output
}

// Do runs the checks.
func (c *Test) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	var s stage.Shard
	if _, err := fmt.Sscanf(c.Shard, "%d/%d", &s.Number, &s.Of); err != nil || s.Number < 1 || s.Number > s.Of || fmt.Sprintf("%d/%d", s.Number, s.Of) != c.Shard {
		return nil, report.Usage(fmt.Sprintf("--shard %.20q is not a shard: write NUMBER/TOTAL, such as 2/4", c.Shard))
	}
	return c.Kept.do(ctx, env, c.Where, func(j *stage.Job) (*report.Report, error) { return stage.Test(ctx, j, s) })
}

// Package is `goldenpath package`.
type Package struct {
	Kept
	Where
	command.Output
}

// Help is shown by --help.
func (Package) Help() string {
	return "Builds the checked-out commit and stores its image in the embedded registry, or with --registry remote in the registry that artifact.image names. The build runs code of the repository, so this command needs no signing key and signs nothing. To sign the image, run goldenpath push in another job."
}

// Do builds the image.
func (c *Package) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	return c.Kept.do(ctx, env, c.Where, func(j *stage.Job) (*report.Report, error) { return stage.Package(ctx, j) })
}

// Battery is `goldenpath battery`.
type Battery struct {
	URL         string `name:"url" help:"Address of the environment." required:"" placeholder:"URL"`
	Environment string `help:"Name of the environment, such as staging or preview/pr-12." required:"" placeholder:"NAME"`
	Digest      string `help:"Digest of the image that runs there, sha256:…." placeholder:"DIGEST"`
	Kept
	Where
	command.Output
}

// Do runs the battery.
func (c *Battery) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	if u, err := url.Parse(c.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, report.Usage(fmt.Sprintf("--url %.200q is not an http or https address", c.URL))
	}
	if c.Digest != "" {
		if err := checkDigest(c.Digest); err != nil {
			return nil, err
		}
	}
	d := stage.Deployed{Environment: c.Environment, URL: c.URL, Digest: c.Digest}
	return c.Kept.do(ctx, env, c.Where, func(j *stage.Job) (*report.Report, error) { return stage.Battery(ctx, j, d, "battery") })
}

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

func checkDigest(digest string) error {
	if !digestForm.MatchString(digest) {
		return report.Usage(fmt.Sprintf("--digest %.80q is not a digest: want sha256: and 64 hexadecimal digits", digest))
	}
	return nil
}
