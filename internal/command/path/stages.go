package path

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/localpath"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Kept is where a stage leaves its logs and JUnit files.
type Kept struct {
	Out string `help:"Folder for logs and JUnit files. Default: goldenpath in the runner's folder of temporary files, else in the state folder." placeholder:"DIR" group:"where" type:"path"`
}

func (k Kept) folder(w *world) string {
	return cmp.Or(k.Out, w.env.Runner.Kept(), filepath.Join(w.state, "stages"))
}

// stage opens what one stage of a commit needs.
func (w *world) stage(progress localpath.Progress) localpath.Deps {
	return localpath.Deps{
		Registry: w.registry, Now: w.env.Now, By: w.env.Runner.Identity(), Builder: w.env.Runner.Builder(), Source: w.env.Runner.RepositoryURL(),
		Version: command.Version(), Guard: w.guard(), Progress: progress,
	}
}

// Validate is `goldenpath validate`.
type Validate struct {
	Where
	command.Output
}

// Do validates.
func (c *Validate) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.open(ctx, env)
	if err != nil {
		return nil, err
	}
	return localpath.Validate(ctx, localpath.Deps{Now: env.Now}, w.repo)
}

// Test is `goldenpath test`.
type Test struct {
	Shard string `help:"Part of the tests to run, such as 2/4: a check finds it in $GOLDENPATH_SHARD, of $GOLDENPATH_SHARDS." default:"1/1" placeholder:"N/OF"`
	Kept
	Where
	command.Output
}

// Do tests.
func (c *Test) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.open(ctx, env)
	if err != nil {
		return nil, err
	}
	progress := newProgress(env)
	defer progress.close()
	var shard, of int
	if _, err := fmt.Sscanf(c.Shard, "%d/%d", &shard, &of); err != nil || shard < 1 || shard > of || fmt.Sprintf("%d/%d", shard, of) != c.Shard {
		return nil, report.Usage(fmt.Sprintf("--shard %.20q: want a part such as 2/4", c.Shard))
	}
	return localpath.Test(ctx, w.stage(progress), w.repo, c.folder(w), shard, of)
}

// Package is `goldenpath package`.
type Package struct {
	Kept
	Where
	command.Output
}

// Help is shown by --help.
func (Package) Help() string {
	return "Builds the commit that the checkout is at and puts its image into a registry, that in a folder unless --registry remote is given. It needs no credential and states nothing: goldenpath push does both, where no code of the repository runs."
}

// Do packages.
func (c *Package) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	w, err := c.open(ctx, env)
	if err != nil {
		return nil, err
	}
	progress := newProgress(env)
	defer progress.close()
	return localpath.Package(ctx, w.stage(progress), w.repo, c.folder(w))
}

// Push is `goldenpath push`.
type Push struct {
	From     string `help:"Folder of the registry that goldenpath package filled." placeholder:"DIR" required:"" type:"path"`
	Digest   string `help:"Artifact to push, sha256:…." required:"" placeholder:"DIGEST"`
	Unsigned bool   `help:"State nothing about it: a preview asks for no evidence, and nothing else takes it."`
	Signing
	Where
	command.Output
}

// Help is shown by --help.
func (Push) Help() string {
	return "Copies an image by its digest to the registry that artifact.image names, and signs where it comes from (SLSA v1 provenance)."
}

// Do pushes.
func (c *Push) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	progress := newProgress(env)
	defer progress.close()
	if err := checkDigest(c.Digest); err != nil {
		return nil, err
	}
	w, d, err := c.states(ctx, env, c.Where, progress, c.Unsigned)
	if err != nil {
		return nil, err
	}
	return localpath.Push(ctx, d, w.repo, c.From, c.Digest)
}

// states opens what states evidence about an artifact in its own registry.
func (s Signing) states(ctx context.Context, env *command.Env, where Where, progress localpath.Progress, unsigned bool) (*world, localpath.Deps, error) {
	where.Registry = cmp.Or(where.Registry, "remote")
	w, err := where.open(ctx, env)
	if err != nil {
		return nil, localpath.Deps{}, err
	}
	d := w.stage(progress)
	if !unsigned {
		d.Key, err = s.signer(ctx, w)
	}
	return w, d, err
}

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

func checkDigest(digest string) error {
	if !digestForm.MatchString(digest) {
		return report.Usage(fmt.Sprintf("--digest %.80q is no digest: want sha256: and 64 hexadecimal digits", digest))
	}
	return nil
}

// Attest is `goldenpath attest`.
type Attest struct {
	Digest  string   `help:"Artifact the reports are about, sha256:…." required:"" placeholder:"DIGEST"`
	Reports []string `arg:"" help:"JSON reports of test, security-gate, battery and scorecard." placeholder:"FILE" type:"path"`
	Only    []string `help:"Commands whose reports these may be, with commas between them. Code of the repository may have written a report, and with it whose it says it is. Default: any." placeholder:"COMMAND"`
	Signing
	Where
	command.Output
}

// Help is shown by --help.
func (Attest) Help() string {
	return "Signs reports of other jobs as evidence about an artifact, and stores it beside the image. Promotion asks for it. A report about another commit or artifact is refused."
}

// Do attests.
func (c *Attest) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	if err := checkDigest(c.Digest); err != nil {
		return nil, err
	}
	var all []*report.Report
	for _, file := range c.Reports {
		r, err := command.ReadReport(file)
		if err != nil {
			return nil, err
		}
		if err := c.expected(r, file, all); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	progress := newProgress(env)
	defer progress.close()
	w, d, err := c.states(ctx, env, c.Where, progress, false)
	if err != nil {
		return nil, err
	}
	return localpath.Attest(ctx, d, w.repo, c.Digest, all)
}

// expected refuses a report that says it is another command's than its job's, and
// of gate and scorecard a second one: the newest of a kind counts, and when that was
// is what the report says.
func (c *Attest) expected(r *report.Report, file string, before []*report.Report) error {
	if len(c.Only) > 0 && !slices.Contains(c.Only, r.Name) {
		return report.Usage(fmt.Sprintf("%s is a report of %q: want one of %s", file, report.Clean(r.Name), strings.Join(c.Only, ", ")))
	}
	if r.Name == "security-gate" || r.Name == "scorecard" {
		if slices.ContainsFunc(before, func(b *report.Report) bool { return b.Name == r.Name }) {
			return report.Usage(fmt.Sprintf("%s is a second report of %s: one counts, so give one", file, r.Name))
		}
	}
	return nil
}

// Battery is `goldenpath battery`.
type Battery struct {
	URL         string `name:"url" help:"Where the environment answers." required:"" placeholder:"URL"`
	Environment string `help:"Name of the environment, such as staging or preview/pr-12." required:"" placeholder:"NAME"`
	Digest      string `help:"Artifact that runs there, sha256:…." placeholder:"DIGEST"`
	Kept
	Where
	command.Output
}

// Do runs the battery.
func (c *Battery) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	if u, err := url.Parse(c.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, report.Usage(fmt.Sprintf("--url %.200q is no http or https address", c.URL))
	}
	if c.Digest != "" {
		if err := checkDigest(c.Digest); err != nil {
			return nil, err
		}
	}
	w, err := c.open(ctx, env)
	if err != nil {
		return nil, err
	}
	progress := newProgress(env)
	defer progress.close()
	return localpath.Battery(ctx, w.stage(progress), w.repo, c.folder(w), c.Environment, c.URL, c.Digest)
}
