package path

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/localpath"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/scaffold"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// Init is `goldenpath init`.
type Init struct {
	App    string `help:"Name of the app. Default: that of .goldenpath.yml, or the repository's." placeholder:"NAME"`
	Image  string `help:"Image repository, without tag. Default: that of .goldenpath.yml, or ghcr.io/OWNER/APP." placeholder:"REF"`
	DryRun bool   `help:"Say what would be written and change nothing."`
	List   bool   `help:"List the files that it knows, and write none."`
	Repo   string `help:"Repository of the app." default:"." type:"path" placeholder:"DIR" group:"where"`
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
	repo, err := localpath.Top(ctx, c.Repo)
	if err != nil {
		return nil, err
	}
	o := scaffold.Options{Dir: repo, App: c.App, Image: c.Image, DryRun: c.DryRun, Now: env.Now}
	if o.Owner, o.Name, err = origin(ctx, repo); err != nil {
		return nil, err
	}
	if name := env.Runner.Repository(); name != "" {
		o.Owner, o.Name, _ = strings.Cut(name, "/")
	}
	o.Pin, o.Version = releasePin(debug.ReadBuildInfo())
	return scaffold.Init(o)
}

// origin is the owner and name of the repository that the remote origin is, where
// there is one.
func origin(ctx context.Context, repo string) (owner, name string, err error) {
	out, err := git(ctx, repo, nil, "remote", "get-url", "origin")
	if exit := (*tool.ExitError)(nil); errors.As(err, &exit) {
		return "", "", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("read the remote origin: %w", err)
	}
	owner, name = ownerOf(strings.TrimSpace(string(out)))
	return owner, name, nil
}

var scpRemote = regexp.MustCompile(`^[^@/:]+@[^/:]+:([^/].*)$`)

// ownerOf reads the last two elements of a remote's address; a folder of this
// machine has none.
func ownerOf(remote string) (owner, name string) {
	path := ""
	if m := scpRemote.FindStringSubmatch(remote); m != nil {
		path = m[1]
	} else if u, err := url.Parse(remote); err == nil && u.Host != "" {
		path = u.Path
	}
	parts := strings.Split(strings.Trim(strings.TrimSuffix(strings.TrimSuffix(path, "/"), ".git"), "/"), "/")
	if len(parts) != 2 {
		return "", ""
	}
	return parts[0], parts[1]
}

var (
	tagged   = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+$`)
	commitID = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// releasePin is the commit of the release that this binary was built from. Any
// other binary has none: a pin that no branch has would fail everywhere.
func releasePin(info *debug.BuildInfo, ok bool) (pin, version string) {
	if !ok || !tagged.MatchString(info.Main.Version) {
		return "", ""
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			pin = s.Value
		case "vcs.modified":
			if s.Value != "false" {
				return "", ""
			}
		}
	}
	if !commitID.MatchString(pin) {
		return "", ""
	}
	return pin, info.Main.Version
}
