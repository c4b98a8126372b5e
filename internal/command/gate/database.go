package gate

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/database"
	"github.com/seed-b235b314/goldenpath/internal/gate/osv"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/lockfile"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Database is `security-gate database`.
type Database struct {
	Update Update `cmd:"" help:"Download advisory data that is missing or no longer recent, from the first mirror that responds."`
	Import Import `cmd:"" default:"withargs" help:"Build the Go advisory data from a local copy of the Go vulnerability database."`
}

// Update is `security-gate database update`.
type Update struct {
	To         string        `help:"Folder with advisory data. Default: goldenpath/databases in the user's cache folder." type:"path" placeholder:"DIR"`
	Ecosystems []string      `help:"OSV ecosystems to download. Default: those of the lock files in the repository of the current folder, else Go, npm and PyPI." placeholder:"NAME,..."`
	Image      bool          `help:"Also download trivy's database, which is needed to scan an image."`
	Java       bool          `help:"Also download trivy's database of Java archives (jars)."`
	Exploits   bool          `help:"Also download data about exploited vulnerabilities (KEV and EPSS)." default:"true" negatable:""`
	MirrorOSV  []string      `name:"mirror-osv" help:"Addresses of OSV data, in the order in which they are tried. <ecosystem> in an address is replaced with the ecosystem's name." placeholder:"URL,..."`
	MirrorDB   []string      `name:"mirror-trivy" help:"Image references of trivy's database, in the order in which they are tried." placeholder:"IMAGE,..."`
	MaxAge     time.Duration `help:"If an update fails, existing data older than this is an error." default:"168h" placeholder:"DURATION"`
	command.Output
}

// Do downloads the data.
func (c *Update) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	start := env.Now()
	if len(c.Ecosystems) == 0 {
		c.Ecosystems = needed(ctx)
	}
	o := database.Options{
		Dir: cmp.Or(c.To, command.DefaultDatabases(env)), Ecosystems: c.Ecosystems, Trivy: c.Image, Java: c.Java, Exploits: c.Exploits,
		OSVMirrors: c.MirrorOSV, TrivyMirrors: c.MirrorDB, MaxAge: c.MaxAge, Now: env.Now,
	}
	if env.Err.Terminal() {
		o.Progress = func(name string, done, total int64) {
			of := ""
			if total > 0 {
				of = " of " + humanize.Bytes(uint64(total))
			}
			fmt.Fprintf(env.Stderr, "\r\x1b[2K  %s %s%s", name, humanize.Bytes(uint64(done)), of)
		}
		defer fmt.Fprint(env.Stderr, "\r\x1b[2K")
	}
	results, err := database.Update(ctx, o)
	if len(results) == 0 {
		return nil, err
	}
	rep := &report.Report{Name: "database", Verdict: report.Pass, Reason: report.ReasonUpToDate, Title: "advisory data is in " + o.Dir, Started: start.UTC()}
	for _, r := range results {
		row := report.Check{Name: r.Name, State: report.OK, Result: string(r.State) + ", " + humanize.Bytes(uint64(r.Size)), Note: strings.Join(r.Errors, "; ")}
		if !r.Time.IsZero() {
			row.Result += ", of " + r.Time.Format(time.DateOnly)
		}
		switch r.State {
		case database.Missing:
			row.State, row.Result = report.Missing, "could not be downloaded from any mirror"
			rep.Verdict, rep.Reason, rep.Title = report.Fail, report.ReasonMissing, "some advisory data could not be downloaded"
		case database.Stale:
			row.State = report.Warned
			if rep.Verdict == report.Pass {
				rep.Verdict, rep.Reason, rep.Title = report.Warn, report.ReasonStale, "some advisory data could not be updated; the existing copy is kept"
			}
		}
		rep.Checks = append(rep.Checks, row)
	}
	rep.Seconds = env.Now().Sub(start).Seconds()
	return rep, err
}

// needed returns the ecosystems of the repository in the current folder, or the usual
// ones.
func needed(ctx context.Context) []string {
	out, err := git.Foreign(".").Output(ctx, nil, "ls-files", "-z")
	found := lockfile.Ecosystems(strings.Split(string(out), "\x00"))
	if err != nil || len(found) == 0 {
		return gate.Ecosystems
	}
	return found
}

// Import is `security-gate database import`.
type Import struct {
	From string `help:"Folder of OSV files: the folder data/osv in the source of the module golang.org/x/vulndb." required:"" type:"path" placeholder:"DIR"`
	To   string `help:"Folder with advisory data. Default: goldenpath/databases in the user's cache folder." type:"path" placeholder:"DIR"`
	command.Output
}

// Do imports the data.
func (c *Import) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	to := cmp.Or(c.To, command.DefaultDatabases(env))
	db, err := osv.ImportGo(ctx, c.From, to)
	if err != nil {
		return nil, err
	}
	return &report.Report{
		Name: "database", Verdict: report.Pass, Reason: report.ReasonImported, Title: "Go advisory data is in " + to, Started: env.Now().UTC(),
		Checks: []report.Check{{Name: db.Name, State: report.OK, Result: db.Digest, Note: "newest advisory: " + db.Time.Format(time.DateOnly)}},
	}, nil
}
