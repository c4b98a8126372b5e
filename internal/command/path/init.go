package path

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/seed-b235b314/goldenpath/internal/apps"
	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/scaffold"
	"github.com/seed-b235b314/goldenpath/internal/target/server"
	"github.com/seed-b235b314/goldenpath/workflows"
)

// Init is `goldenpath init`.
type Init struct {
	App    string   `help:"Name of the app. Default: \"app\" in .goldenpath.yml, otherwise the repository's name." placeholder:"NAME"`
	AppDir string   `help:"Folder of the app, if the repository has several. Default: the only one, or the one in the root." placeholder:"DIR"`
	Image  string   `help:"Image repository without tag. Default: \"artifact.image\" in .goldenpath.yml, otherwise ghcr.io/OWNER/APP." placeholder:"REF"`
	Target string   `help:"Target of the environments: process, server, kubernetes or terraform. Default: kubernetes if the repository has one chart or kustomization, terraform if it has one Terraform configuration that declares variable image, otherwise process." placeholder:"TARGET"`
	Host   string   `help:"Server to deploy to, for --target server. Its SSH key is read from it." placeholder:"NAME"`
	Pin    string   `help:"Commit (40 characters) of goldenpath that the workflows call. Default: the commit of this release's tag." placeholder:"COMMIT"`
	With   []string `help:"Groups of further files to write, such as github,runbooks, or all. \"list\" describes them and writes nothing." placeholder:"NAME,..."`
	DryRun bool     `help:"Show what would be written and change nothing."`
	List   bool     `help:"List the files that init can write, and write none."`
	Repo   string   `help:"Repository of the app." default:"." type:"path" placeholder:"DIR" group:"where"`
	command.Output
}

// Help is shown by --help.
func (Init) Help() string {
	return `Looks at the repository and writes two files if they are missing: .goldenpath.yml and one workflow. In a folder of the repository it looks at that folder alone, as one of several apps, and writes its .goldenpath.yml there. --with adds more: issue and pull request templates, Dependabot, runbooks, registers (lists of risks, incidents, exceptions, access and debt), and workflows. On a terminal, init asks which. Existing files are never changed. You can run init again at any time.`
}

// Do writes the missing files.
func (c *Init) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	if c.List || slices.Equal(c.With, []string{"list"}) {
		return scaffold.List(env.Now()), nil
	}
	if info, err := os.Stat(c.Repo); err != nil || !info.IsDir() {
		return nil, report.Usage(fmt.Sprintf("--repo %s is not a folder: set --repo to the repository of the app", c.Repo))
	}
	repo, err := repository(ctx, env, c.Repo)
	if err != nil {
		return nil, err
	}
	folder, err := apps.At(repo.Dir(), c.Repo)
	if err == nil && folder == "" { // it may become one of an app
		folder, err = apps.Below(repo.Dir(), c.Repo)
	}
	if err != nil {
		return nil, err
	}
	o := scaffold.Options{Dir: repo.Dir(), Folder: folder, App: c.App, AppDir: c.AppDir, Target: c.Target, Image: c.Image, With: c.With, DryRun: c.DryRun, Now: env.Now}
	if c.Host != "" {
		if c.Target != "" && c.Target != "server" {
			return nil, report.Usage("--host is the server of --target server, and --target is " + c.Target)
		}
		o.Target, o.Host = "server", c.Host
		if o.HostKey, err = server.HostKey(ctx, c.Host); err != nil {
			return nil, err
		}
	}
	if env.Err.Terminal() && term.IsTerminal(int(os.Stdin.Fd())) {
		ask := prompt{in: bufio.NewReader(os.Stdin), out: env.Stderr}
		o.Choose, o.Offer = ask.app, ask.groups
	}
	o.Branch = defaultBranch(ctx, repo)
	o.Ignored = func(paths []string) []string {
		out, _ := repo.Run(ctx, append([]string{"check-ignore", "--"}, paths...)...) // exit code 1: it ignores none
		return strings.Fields(out)                                                   // none of our names has blanks
	}
	o.Untracked = func(patterns []string) []string {
		out, err := repo.Run(ctx, append([]string{"ls-files", "-z", "--others", "--exclude-standard", "--"}, patterns...)...)
		if err != nil {
			return nil
		}
		return strings.Split(strings.TrimRight(out, "\x00"), "\x00")
	}
	name := env.Runner.Repository()
	if name == "" {
		name = origin(ctx, repo, env.Runner.Server())
	}
	o.Owner, o.Name, _ = strings.Cut(name, "/")
	if o.Pin, o.Version, err = c.pin(ctx, repo); err != nil {
		return nil, err
	}
	return scaffold.Init(o)
}

// defaultBranch returns the default branch of origin when it was cloned, otherwise main
// or master if one exists, otherwise "".
func defaultBranch(ctx context.Context, repo git.Repository) string {
	if out, err := repo.Run(ctx, "symbolic-ref", "--short", "refs/remotes/origin/HEAD"); err == nil {
		return strings.TrimPrefix(out, "origin/")
	}
	for _, name := range []string{"main", "master"} {
		if _, err := repo.Run(ctx, "show-ref", "--verify", "--quiet", "refs/heads/"+name); err == nil {
			return name
		}
	}
	return ""
}

var commitID = regexp.MustCompile(`^[0-9a-f]{40}$`)

// pin returns the commit of goldenpath that the starters call: of a binary built in a
// clone the commit that it was built from. The binary of a release cannot know the commit
// of its tag, because that commit contains the digest of the binary's image, so the tag
// is read. If the commit is unknown, pin is "", the starters keep their zeros, and the
// report warns.
func (c *Init) pin(ctx context.Context, repo git.Repository) (pin, version string, err error) {
	built := command.Built()
	switch {
	case c.Pin != "" && !commitID.MatchString(c.Pin):
		return "", "", report.Usage(fmt.Sprintf("--pin %.60q is not a full commit id: give all 40 digits, because a tag can move", c.Pin))
	case c.Pin != "":
		return c.Pin, cmp.Or(built.Version, "v0"), nil
	case !built.Release && built.Modified: // no commit has this binary's source
		return "", "", nil
	case !built.Release:
		return built.Commit, cmp.Or(built.Version, "v0"), nil
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := repo.Run(ctx, "ls-remote", "--", "https://github.com/"+workflows.Repository(), "refs/tags/"+built.Version, "refs/tags/"+built.Version+"^{}")
	if err != nil {
		return "", "", nil // no network
	}
	for line := range strings.Lines(out) { // the commit of an annotated tag comes last
		if id, _, ok := strings.Cut(line, "\t"); ok && commitID.MatchString(id) {
			pin = id
		}
	}
	return pin, built.Version, nil
}
