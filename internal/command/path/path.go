// Package path is the command line of goldenpath: it declares each command's
// inputs once and maps them to options and a run.
package path

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/localpath"
	"github.com/seed-b235b314/goldenpath/internal/release"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target/process"
	"github.com/seed-b235b314/goldenpath/internal/target/terraform"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// CLI is the command line.
type CLI struct {
	Init     Init     `cmd:"" help:"Write what a repository needs to walk the path. Never overwrites."`
	Run      Run      `cmd:"" help:"Walk the whole path of a commit on this machine, to production."`
	Validate Validate `cmd:"" help:"Read the configuration and the waivers of the commit that is checked out."`
	Test     Test     `cmd:"" help:"Run the checks of the commit that is checked out."`
	Package  Package  `cmd:"" help:"Build the commit that is checked out, and put its image into a registry."`
	Push     Push     `cmd:"" help:"Bring an image that was packaged into its own registry, and sign where it comes from."`
	Battery  Battery  `cmd:"" help:"Run the battery against an environment."`
	Attest   Attest   `cmd:"" help:"Sign reports about an artifact as evidence."`
	Preview  struct {
		Up     PreviewUp     `cmd:"" help:"Raise a preview, or bring it to another artifact."`
		Down   PreviewDown   `cmd:"" help:"Remove a preview, or every one that is due."`
		Sweep  PreviewSweep  `cmd:"" help:"Remove every preview that is due: closed, over its time, over limit or budget."`
		List   PreviewList   `cmd:"" help:"Tell which previews there are and what they cost."`
		Report PreviewReport `cmd:"" help:"Tell what previews cost on a day."`
	} `cmd:"" help:"Short-lived environments of pull requests."`
	Scorecard Scorecard `cmd:"" help:"Grade a release candidate. Changes nothing."`
	Promote   Promote   `cmd:"" help:"Bring exactly the artifact that was tested into an environment, and watch it."`
	Rollback  Rollback  `cmd:"" help:"Return an environment to an earlier release."`
	Release   struct {
		List ReleaseList `cmd:"" help:"Tell what ran where and when."`
		Show ReleaseShow `cmd:"" help:"Show one release and its manifest."`
	} `cmd:"" help:"The ledger of releases."`
	Setup   Setup   `cmd:"" hidden:"" help:"Put this binary on the runner, for the steps that follow."`
	Key     Key     `cmd:"" help:"Make the key that evidence is signed with, or show it."`
	Doctor  Doctor  `cmd:"" help:"Tell what the path lacks here and on GitHub, and how to mend it. Changes nothing."`
	Comment Comment `cmd:"" help:"Put reports into the comment of a pull request, those of a fork's run too."`
	Status  Status  `cmd:"" help:"Tell what runs on this machine now."`
	Down    Down    `cmd:"" help:"Stop environments that run on this machine."`

	Completion kongcompletion.Completion `cmd:"" help:"Print the code that makes your shell complete goldenpath."`
	Version    kong.VersionFlag          `help:"Print the version."`
}

// New returns the command line.
func New() command.App {
	return command.App{
		Name: "goldenpath", CLI: &CLI{},
		Help: "From commit to production: one preview, one gate, one scorecard, promotion of exactly what was tested, rollback in one command, and the evidence of each step.",
	}
}

// Main runs goldenpath. The hidden commands are the processes it starts itself.
func Main(ctx context.Context, env *command.Env) int {
	if len(env.Args) > 0 {
		switch env.Args[0] {
		case "supervise":
			return process.Supervise(ctx, env.Args[1:])
		case "guard":
			return tool.Guard(ctx, env.Args[1:])
		case "guard-terraform":
			return terraform.Guard(ctx, env.Args[1:])
		}
	}
	if env.Runner.Present() {
		ctx = localpath.Trusting(ctx)
	}
	return command.Main(ctx, env, New())
}

// Where are the flags that say where things are.
type Where struct {
	Repo     string `help:"Repository of the app." default:"." type:"path" placeholder:"DIR" group:"where"`
	State    string `help:"Folder for runs, environments, keys. Default: goldenpath in the repository's git directory." placeholder:"DIR" group:"where" type:"path"`
	Registry string `help:"Folder that holds the embedded registry, or remote for the one that artifact.image names. Default: registry in the state folder." placeholder:"DIR" group:"where"`
	Ledger   string `name:"ledger-remote" help:"Git remote that keeps the ledger, or none. Default: origin in a workflow's run, where there is one; else none." placeholder:"REMOTE" group:"where"`
}

// world is what the commands reach out to.
type world struct {
	env        *command.Env
	cluster    Cluster
	name       string // owner/name on GitHub, or ""
	repo       string
	state      string
	registry   *artifact.Registry
	folder     bool // the registry is one of this machine
	ledger     *ledger.Ledger
	target     *process.Target
	repository *artifact.Repository // of config
	config     *config.Config
}

// open finds the repository and the state beside it.
func (w Where) open(ctx context.Context, env *command.Env) (*world, error) {
	repo := w.Repo
	if repo == "" {
		repo = "."
	}
	if info, err := os.Stat(repo); err != nil || !info.IsDir() {
		return nil, report.Usage(fmt.Sprintf("--repo %s is no folder", repo))
	}
	repo, err := localpath.Top(ctx, repo)
	if err != nil {
		return nil, err
	}
	gitDir, err := localpath.GitDir(ctx, repo)
	if err != nil {
		return nil, err
	}
	state := w.State
	if state == "" {
		state = filepath.Join(gitDir, "goldenpath")
	}
	if state, err = filepath.Abs(state); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(state, 0o755); err != nil {
		return nil, report.Usage(fmt.Sprintf("state folder: %v: give --state a folder that can be written", err))
	}
	dir := w.Registry
	switch dir {
	case "":
		dir = filepath.Join(state, "registry")
	case "remote":
		dir = ""
	}
	registry, err := artifact.OpenRegistryWith(dir, env.Getenv("GITHUB_TOKEN"))
	if err != nil {
		return nil, err
	}
	remote, err := w.remote(ctx, env, repo)
	if err != nil {
		return nil, err
	}
	return &world{
		env: env, repo: repo, state: state, registry: registry, folder: dir != "",
		ledger: &ledger.Ledger{Dir: repo, Remote: remote, Env: gitEnv(env, env.Getenv("GITHUB_TOKEN")), Now: env.Now},
		target: &process.Target{Dir: filepath.Join(state, "environments"), Self: []string{env.Self, "supervise"}},
	}, nil
}

// configured is open with the configuration of the working tree.
func (w Where) configured(ctx context.Context, env *command.Env) (*world, error) {
	out, err := w.open(ctx, env)
	if err != nil {
		return nil, err
	}
	if out.config, err = config.Read(out.repo); err == nil {
		err = out.config.Walkable()
	}
	if err != nil {
		return nil, err
	}
	out.repository, err = out.registry.Repository(out.config.Artifact.Image)
	return out, err
}

func (w *world) guard() []string { return []string{w.env.Self, "guard"} }

func (w *world) say(what string) { fmt.Fprintln(w.env.Stderr, "  "+report.Clean(what)) }

// releaseDeps is what a release reaches out to, and reads its secrets.
func (w *world) releaseDeps(ctx context.Context, o *release.Options) (d release.Deps, err error) {
	if o.Secrets, err = w.secrets(w.config.Environments[o.Environment].Secrets); err != nil {
		return d, err
	}
	key, err := w.verifier(ctx)
	if err != nil {
		return d, err
	}
	all := environments{}
	for _, name := range []string{o.Environment, o.From} {
		e, ok := w.config.Environments[name]
		if !ok {
			continue
		}
		t, err := w.targetOf(e.Deploy, e.Namespace)
		if err != nil {
			return release.Deps{}, err
		}
		all[name] = t
	}
	return release.Deps{
		Target: all, Repository: w.repository, Reference: w.repository.Pull, Ledger: w.ledger, Trust: evidence.Trust(key), Probe: probe, Now: w.env.Now,
		By: w.env.Runner.Identity(), Say: w.say,
	}, nil
}

// environment is the one that is named, or the last of the path.
func (w *world) environment(name string) string {
	if name != "" {
		return name
	}
	chain := w.config.Chain()
	return chain[len(chain)-1]
}

// probe measures one request on a connection of its own.
func probe(ctx context.Context, url string) (int, time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, 0, err
	}
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	start := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return 0, 0, err
	}
	return res.StatusCode, time.Since(start), res.Body.Close()
}
