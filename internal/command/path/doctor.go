package path

import (
	"cmp"
	"context"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/doctor"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Doctor is `goldenpath doctor`.
type Doctor struct {
	Repo    string `help:"Repository of the app." default:"." type:"path" placeholder:"DIR" group:"where"`
	SSHKey  string `name:"ssh-key" help:"Private SSH key for target server, as for promote." env:"GOLDENPATH_SSH_KEY" placeholder:"FILE" group:"where"`
	Offline bool   `help:"Check only the checkout, without GitHub."`
	GitHub
	command.Output
}

// Do runs the checks. It changes nothing, locally or on GitHub.
func (c *Doctor) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	repo, err := repository(ctx, env, cmp.Or(c.Repo, "."))
	if err != nil {
		return nil, err
	}
	dir := repo.Dir()
	o := doctor.Options{Dir: dir}
	if !env.Runner.Present() {
		o.Databases = command.DefaultDatabases(env)
	}
	listed, err := repo.Output(ctx, nil, "ls-files", "-z")
	if err != nil {
		return nil, err
	}
	o.Files = strings.FieldsFunc(string(listed), func(r rune) bool { return r == 0 })
	if head, err := repo.Run(ctx, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"); err == nil { // otherwise there is no commit yet
		o.Commit = head
	}
	if o.Repository = c.repository(env); o.Repository == "" {
		o.Repository = origin(ctx, repo, env.Runner.Server())
	}
	d := doctor.Deps{Now: env.Now, Waivers: func(file string, longest time.Duration) (int, error) {
		all, err := gate.ReadWaivers(dir, file, longest, env.Now())
		return len(all), err
	}}
	d.Version = command.Version()
	if !c.Offline {
		d.Servers = func() []doctor.Server { return c.servers(ctx, env) }
	}
	switch {
	case c.Offline:
		d.Why = "run doctor without --offline to check GitHub too"
	case o.Repository == "":
		d.Why = "the repository on GitHub is unknown: set --repository OWNER/NAME"
	case c.Token == "":
		d.Why = "no token for GitHub: run GITHUB_TOKEN=$(gh auth token) goldenpath doctor"
	default:
		c.Repository = o.Repository
		if d.GitHub, err = c.client(env); err != nil {
			return nil, err
		}
	}
	return doctor.Examine(ctx, d, o)
}

// repositoryPath matches owner/name in the path of a remote.
var repositoryPath = regexp.MustCompile(`^/?([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+?)(?:\.git)?/?$`)

// origin returns owner/name of the git remote "origin". It returns "" if the remote does
// not exist or is not on the given GitHub server.
func origin(ctx context.Context, repo git.Repository, server string) string {
	address, err := repo.Run(ctx, "remote", "get-url", "origin")
	if err != nil {
		return "" // no remote named origin
	}
	if !strings.Contains(address, "://") { // git@github.com:owner/name
		address = "ssh://" + strings.Replace(address, ":", "/", 1)
	}
	at, err := url.Parse(address)
	if err != nil {
		return ""
	}
	host := "github.com"
	if s, err := url.Parse(server); err == nil && s.Hostname() != "" {
		host = s.Hostname()
	}
	if m := repositoryPath.FindStringSubmatch(at.Path); m != nil && strings.EqualFold(at.Hostname(), host) {
		return m[1]
	}
	return ""
}
