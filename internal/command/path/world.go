package path

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/seed-b235b314/goldenpath/internal/apps"
	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/stage"
	"github.com/seed-b235b314/goldenpath/internal/target/process"
	"github.com/seed-b235b314/goldenpath/internal/targets"
)

// Where holds the flags that name folders and remotes.
type Where struct {
	Repo     string `help:"Repository of the app, or in a repository with several apps the folder of one." default:"." type:"path" placeholder:"DIR" group:"where"`
	State    string `help:"Folder for runs, environments and keys. Default: .git/goldenpath." placeholder:"DIR" group:"where" type:"path"`
	Registry string `help:"Folder of the embedded registry, or the word \"remote\" to use the registry named by artifact.image in .goldenpath.yml. Default: the subfolder \"registry\" of the state folder." placeholder:"DIR" group:"where"`
	Ledger   string `name:"ledger-remote" help:"Git remote that holds the release record (the ledger), or the word \"none\" for the ledger of this clone. Default: \"origin\" in a workflow, if that remote exists, and for an environment on a cluster whose ledger origin holds; otherwise \"none\"." placeholder:"REMOTE" group:"where"`
}

// remoteRegistry is the value of --registry for the registry of artifact.image.
const remoteRegistry = "remote"

// world is the repository of an app with the services that commands use.
type world struct {
	env      *command.Env
	git      git.Repository
	token    string // for GitHub
	name     string // owner/name on GitHub, or ""
	folder   string // of the app, slash-separated, relative to the top of the working tree; "": the top
	repo     string // the same folder, with its whole path
	fromTop  bool   // the command was started at the top of the repository, for all apps
	common   string // state folder that all apps of the repository share
	state    string // state folder of the app
	registry *artifact.Registry
	local    bool // the registry is a folder of this machine
	ledger   *ledger.Ledger
	target   *process.Target
	cluster  Cluster

	where      Where
	config     *config.Config       // configuration of the working tree; nil unless opened by configured
	repository *artifact.Repository // repository of artifact.image in config
	declared   *targets.Declared    // secrets that a pull request may use; nil outside a run of a pull request
	base       string               // checkout of the base commit, for the Terraform configuration of a preview; "": not needed
}

// open opens the repository and its services. Commands that use neither GitHub nor a
// cluster pass the zero GitHub and Cluster.
func (w Where) open(ctx context.Context, env *command.Env, g GitHub, c Cluster) (*world, error) {
	dir := cmp.Or(w.Repo, ".")
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, report.Usage(fmt.Sprintf("--repo %s is not a folder: set --repo to the repository of the app", dir))
	}
	repo, folder, err := application(ctx, env, dir)
	if err != nil {
		return nil, err
	}
	common, err := w.stateFolder(ctx, repo)
	if err != nil {
		return nil, err
	}
	return w.openApp(ctx, env, g, c, repo, folder, common)
}

// openApp opens one app of a repository.
func (w Where) openApp(ctx context.Context, env *command.Env, g GitHub, c Cluster, repo git.Repository, folder, common string) (*world, error) {
	state := stateOf(common, folder)
	if err := os.MkdirAll(state, 0o755); err != nil {
		return nil, report.Usage(fmt.Sprintf("cannot create the state folder: %v: set --state to a writable folder", err))
	}
	images := cmp.Or(w.Registry, filepath.Join(state, "registry"))
	if images == remoteRegistry {
		images = ""
	}
	token := cmp.Or(g.Token, env.Getenv("GITHUB_TOKEN"))
	registry, err := artifact.OpenRegistryWith(images, token)
	if err != nil {
		return nil, err
	}
	remote, err := w.remote(ctx, env, repo)
	if err != nil {
		return nil, err
	}
	out := &world{
		env: env, git: repo, token: token, name: g.repository(env), folder: folder, repo: filepath.Join(repo.Dir(), filepath.FromSlash(folder)), common: common, state: state, registry: registry, local: images != "", cluster: c, where: w,
		target: &process.Target{
			Dir: filepath.Join(state, "environments"), Self: []string{env.Self, "supervise"}, Guard: []string{env.Self, "guard"}, Failed: filepath.Join(state, "logs"),
		},
	}
	out.ledger = &ledger.Ledger{Git: out.remoteGit(), Remote: remote, Now: env.Now}
	if folder != "" {
		file, _ := os.ReadFile(filepath.Join(out.repo, config.File)) // a command that needs the file reports that it is missing
		out.ledger = out.ledger.Of(folder, apps.Name(file, folder))
	}
	if env.Runner.Present() && remote != "" && w.Ledger == "" {
		// The origin of a workflow's checkout is the repository of the run.
		hub, err := GitHub{Token: token}.client(env)
		if err != nil {
			return nil, err
		}
		if hub != nil {
			out.ledger.Server = hub
		}
	}
	return out, nil
}

// configured does the same as open, and also reads the configuration of the working tree.
func (w Where) configured(ctx context.Context, env *command.Env, g GitHub, c Cluster) (*world, error) {
	out, err := w.open(ctx, env, g, c)
	if err != nil {
		return nil, err
	}
	if out.config, err = config.Read(out.repo); err == nil {
		err = out.config.Walkable()
	}
	if errors.Is(err, config.ErrMissing) {
		if all, listErr := apps.List(ctx, out.git, "HEAD"); listErr == nil {
			err = cmp.Or(all.Missing(), err)
		}
	}
	if err != nil {
		return nil, err
	}
	out.repository, err = out.registry.Repository(out.config.Artifact.Image)
	return out, err
}

// stateOf returns the folder for the state of one app of a repository.
func stateOf(common, folder string) string {
	if folder == "" {
		return common
	}
	return filepath.Join(common, "apps", url.PathEscape(folder))
}

// stateFolder returns the state folder that all apps of the repository share.
func (w Where) stateFolder(ctx context.Context, repo git.Repository) (string, error) {
	state := w.State
	if state == "" {
		dir, err := stage.GitDir(ctx, repo)
		if err != nil {
			return "", err
		}
		state = filepath.Join(dir, "goldenpath")
	}
	return filepath.Abs(state)
}

// remote returns the git remote that holds the ledger. It returns "" if the ledger is
// only in this clone.
func (w Where) remote(ctx context.Context, env *command.Env, repo git.Repository) (string, error) {
	if w.Ledger == "none" || w.Ledger == "" && !env.Runner.Present() {
		return "", nil
	}
	name := cmp.Or(w.Ledger, "origin")
	if _, err := repo.Run(ctx, "remote", "get-url", "--", name); err == nil {
		return name, nil
	}
	if w.Ledger == "" {
		return "", nil
	}
	return "", report.Usage(fmt.Sprintf("--ledger-remote %s is not a remote of this repository: git remote lists the remotes", name))
}

// Cluster holds the flags for access to deployment targets.
type Cluster struct {
	Kubeconfig  string `help:"Kubeconfig: a file, or the text of one, also in base64. Default: the file that kubectl would use." placeholder:"FILE" group:"where"`
	Context     string `help:"Context of the kubeconfig. Default: the kubeconfig's current context." placeholder:"NAME" group:"where"`
	Credentials string `help:"File with NAME=value lines, as actions/cloud writes it. Terraform gets them, and no other program." placeholder:"FILE" group:"where"`
	Variables   string `help:"NAME=value lines, or a file with such lines, with the secrets that .goldenpath.yml names. Default: the environment variables of this process." placeholder:"FILE" group:"where"`
	SSHKey      string `name:"ssh-key" help:"Private SSH key for target server: a file, or the text of one. Default: the key that goldenpath host bootstrap made in this clone, or those of your SSH agent and ~/.ssh; in a workflow, none." env:"GOLDENPATH_SSH_KEY" placeholder:"FILE" group:"where"`
	Removal     string `name:"removal-timeout" help:"How long to wait for the removal of a preview before reporting what blocks it. Default: 3m." placeholder:"DURATION" group:"where"`
}

// access returns what is needed to open the deployment targets of the configuration.
func (w *world) access() targets.Access {
	var mask func(string)
	if w.env.Runner.Present() {
		mask = w.env.Runner.Mask
	}
	return targets.Access{
		Mask: mask, Workflow: w.env.Runner.Present(),
		Config: w.config, Repository: w.name, Dir: w.repo, Folder: w.folder, State: w.terraformState(), Base: w.base, Self: w.env.Self, Process: w.target, Getenv: w.env.Getenv, Declared: w.declared,
		Kubeconfig: w.cluster.Kubeconfig, Context: w.cluster.Context, Git: w.git, Given: w.cluster.Variables, Removal: w.cluster.Removal,
		SSHKey: w.cluster.SSHKey, SSHKeys: filepath.Join(w.state, "keys"), Images: w.repository,
		Credentials: w.cluster.Credentials,
	}
}

// terraformState returns the folder for what Terraform downloads and keeps. In a job that
// is the runner's temporary folder, which ends with the job: plans contain secrets.
func (w *world) terraformState() string {
	if dir := w.env.Runner.Temp(); dir != "" {
		return filepath.Join(dir, "goldenpath-terraform")
	}
	return w.state
}

func (w *world) guard() []string { return []string{w.env.Self, "guard"} }

func (w *world) say(what string) { fmt.Fprintln(w.env.Stderr, "  "+report.LogLine(what)) }
