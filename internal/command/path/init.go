package path

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/scaffold"
)

// Init is `goldenpath init`.
type Init struct {
	App    string   `help:"Name of the app. Default: from .goldenpath.yml, or the repository's name." placeholder:"NAME"`
	Image  string   `help:"Image repository without tag. Default: from .goldenpath.yml, or ghcr.io/OWNER/APP." placeholder:"REF"`
	Pin    string   `help:"Full commit id of goldenpath for the starters. Default: the commit of this release's tag." placeholder:"COMMIT"`
	With   []string `help:"Optional starters to write: comment, promote, security." placeholder:"NAME,..."`
	DryRun bool     `help:"Show what would be written and change nothing."`
	List   bool     `help:"List the files that init can write, and write none."`
	Repo   string   `help:"Repository of the app." default:"." type:"path" placeholder:"DIR" group:"where"`
	command.Output
}

// Help is shown by --help.
func (Init) Help() string {
	return `Looks at the repository and writes what it lacks: .goldenpath.yml, the starters, Dependabot, CODEOWNERS, templates, runbooks, registers. A file that is there is never changed. Run it again at any time: it writes what is missing.`
}

// Do writes.
func (c *Init) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	if c.List {
		return scaffold.List(env.Now()), nil
	}
	if info, err := os.Stat(c.Repo); err != nil || !info.IsDir() {
		return nil, report.Usage(fmt.Sprintf("--repo %s is no folder", c.Repo))
	}
	repo, err := repository(ctx, env, c.Repo)
	if err != nil {
		return nil, err
	}
	o := scaffold.Options{Dir: repo.Dir(), App: c.App, Image: c.Image, With: c.With, DryRun: c.DryRun, Now: env.Now}
	o.Branch = defaultBranch(ctx, repo)
	o.Ignored = func(paths []string) []string {
		out, _ := repo.Run(ctx, append([]string{"check-ignore", "--"}, paths...)...) // exit code 1: none is
		return strings.Fields(out)                                                   // the names are our own
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

// defaultBranch is what the clone knows of it: what origin said when it was cloned,
// or else a branch that is called like one.
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

// home is where releases of goldenpath are.
const home = "https://github.com/seed-b235b314/goldenpath"

// pin is the commit that starters call goldenpath at. The commit of a release names
// the image that this binary is in, so no binary knows it: the tag does. Where it
// cannot be asked the starters keep their zeros, and the report says so.
func (c *Init) pin(ctx context.Context, repo git.Repository) (pin, version string, err error) {
	built := command.Built()
	switch {
	case c.Pin != "" && !commitID.MatchString(c.Pin):
		return "", "", report.Usage(fmt.Sprintf("--pin %.60q is no full commit id: a tag can move", c.Pin))
	case c.Pin != "":
		return c.Pin, cmp.Or(built.Version, "v0"), nil
	case !built.Release:
		return "", "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := repo.Run(ctx, "ls-remote", "--", home, "refs/tags/"+built.Version, "refs/tags/"+built.Version+"^{}")
	if err != nil {
		return "", "", nil // no network: said with the zeros
	}
	for line := range strings.Lines(out) { // the peeled one comes last
		if id, _, ok := strings.Cut(line, "\t"); ok && commitID.MatchString(id) {
			pin = id
		}
	}
	return pin, built.Version, nil
}
