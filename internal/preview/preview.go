// Package preview raises, finds and removes the environment of a pull request.
package preview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// Target is where previews live.
type Target interface {
	Deploy(ctx context.Context, d target.Deployment) (target.Running, error)
	Status(ctx context.Context, environment string) (target.Running, error)
	Down(ctx context.Context, environment string) error
	List(ctx context.Context) ([]target.Running, error)
}

// Repository is where artifacts are.
type Repository interface {
	Resolve(ctx context.Context, reference string, platform v1.Platform) (artifact.Artifact, error)
}

// Deps is what a preview reaches out to.
type Deps struct {
	Target     Target
	Repository Repository
	Ledger     *ledger.Ledger
	Now        func() time.Time
	By         string
	Guard      []string // argv of `goldenpath guard`
}

// UpOptions says what to raise.
type UpOptions struct {
	App    string
	Name   string // pr-12, or a branch's name made safe
	Digest string
	Ready  target.Ready
	Env    map[string]string
	TTL    time.Duration
	Seed   string // shell command; "": none
	Dir    string // where Seed runs
	DryRun bool
}

const prefix = "preview/"

var validName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$`)

// life is the data of a preview's ledger entry.
type life struct {
	URL        string     `json:"url"`
	Generation int        `json:"generation"`
	Started    time.Time  `json:"started"` // numbers begin again after a removal
	Seeded     bool       `json:"seeded"`
	Expires    *time.Time `json:"expires,omitempty"` // nil: removed
}

// Up raises a preview, or brings it to another artifact: the same command
// creates, updates and repairs.
func Up(ctx context.Context, d Deps, o UpOptions) (*report.Report, error) {
	start := d.Now()
	if err := checkName(o.Name); err != nil {
		return nil, err
	}
	environment := prefix + o.Name
	r := &report.Report{Name: "preview-up", Subject: o.App + " " + o.Name, Digest: o.Digest, Started: start.UTC()}
	a, err := d.Repository.Resolve(ctx, o.Digest, v1.Platform{})
	if errors.Is(err, artifact.ErrNotFound) {
		return nil, report.Usage(fmt.Sprintf("raise preview %s: %v: package the commit first", o.Name, err))
	}
	if err != nil {
		return nil, err
	}
	r.Commit, r.Digest = a.Commit(), a.Digest
	expires := start.Add(o.TTL)
	if _, err := d.Target.Status(ctx, environment); err != nil && !errors.Is(err, target.ErrNotDeployed) {
		return nil, err
	}
	if o.DryRun {
		r.Checks = []report.Check{{Name: "artifact", State: report.OK, Result: a.Digest}, {Name: "environment", State: report.OK, Result: environment}}
		r.Verdict, r.Reason, r.Title = report.Pass, "planned", "nothing was changed: this is the plan"
		r.Set("verdict", string(r.Verdict))
		r.Set("reason", r.Reason)
		return r, nil
	}
	running, err := d.Target.Deploy(ctx, target.Deployment{
		App: o.App, Environment: environment, Commit: a.Commit(), Digest: a.Digest, Image: a.Image, Env: o.Env, Ready: o.Ready,
	})
	if err != nil {
		return nil, fmt.Errorf("raise preview %s: %w", o.Name, err)
	}
	r.Checks = append(r.Checks, report.Check{
		Name: "ready", State: report.OK, Result: running.URL, Note: strings.Join(running.Notes, "; "), Link: running.URL, Seconds: d.Now().Sub(start).Seconds(),
	})
	// The ledger is written last: an entry says whether the generation was seeded.
	seeded := d.seeded(ctx, environment, running)
	if o.Seed != "" && !seeded {
		c := d.seed(ctx, o, running.URL)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		r.Checks = append(r.Checks, c)
		seeded = c.State == report.OK
	}
	if err := d.record(ctx, o.App, environment, running, report.Worst(r.Checks), life{Seeded: seeded, Expires: &expires}); err != nil {
		return nil, err
	}
	r.Checks = append(r.Checks, report.Check{Name: "lifetime", State: report.OK, Result: "until " + expires.UTC().Format(time.RFC3339)})
	r.Verdict, r.Reason = report.Worst(r.Checks), "ready"
	r.Title = fmt.Sprintf("%s is ready at %s", o.Name, running.URL)
	if r.Verdict == report.Fail {
		r.Reason, r.Title = "seed-failed", o.Name+" runs, and its data could not be seeded"
	}
	r.Seconds = d.Now().Sub(start).Seconds()
	for _, kv := range [][2]string{
		{"verdict", string(r.Verdict)}, {"reason", r.Reason}, {"url", running.URL}, {"digest", a.Digest},
		{"environment", environment}, {"expires", expires.UTC().Format(time.RFC3339)},
	} {
		r.Set(kv[0], kv[1])
	}
	return r, nil
}

func checkName(name string) error {
	if !validName.MatchString(name) {
		return report.Usage(fmt.Sprintf("preview %q: a name has lower-case letters, digits and hyphens, at most 40, such as pr-12", name))
	}
	return nil
}

const seedTimeout = 5 * time.Minute

func (d Deps) seed(ctx context.Context, o UpOptions, url string) report.Check {
	res, err := tool.Command{
		Argv: tool.Shell(o.Seed), Dir: o.Dir, Env: []string{"GOLDENPATH_URL=" + url}, Timeout: seedTimeout, Guard: d.Guard,
	}.Run(ctx)
	c := report.Check{Name: "seed", State: report.OK, Result: "ok", Seconds: res.Elapsed.Seconds()}
	if err != nil {
		c.State, c.Result = report.Failed, err.Error()
	}
	return c
}

func (d Deps) record(ctx context.Context, app, environment string, running target.Running, v report.Verdict, l life) error {
	l.URL, l.Generation, l.Started = running.URL, running.Generation, running.Started
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return d.Ledger.Update(ctx, "preview "+environment, func(ctx context.Context, tx *ledger.Tx) error {
		_, err := tx.Record(ctx, ledger.Entry{
			Kind: ledger.KindPreview, App: app, Environment: environment, Commit: running.Commit, Digest: running.Digest,
			PlatformDigest: running.PlatformDigest, By: d.By, Verdict: string(v), Data: b,
		})
		return err
	})
}

// last returns the newest ledger entry of a preview.
func (d Deps) last(ctx context.Context, environment string) (e ledger.Entry, l life, found bool) {
	err := d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		all, err := tx.Entries(ctx, environment)
		if err != nil || len(all) == 0 {
			return err
		}
		found, e = true, all[len(all)-1]
		return json.Unmarshal(e.Data, &l)
	})
	return e, l, found && err == nil
}

func (d Deps) seeded(ctx context.Context, environment string, running target.Running) bool {
	_, l, found := d.last(ctx, environment)
	return found && l.Seeded && l.Expires != nil && l.Generation == running.Generation && l.Started.Equal(running.Started)
}

// Down removes a preview. One that is gone already is no error.
func Down(ctx context.Context, d Deps, app, name string, dryRun bool) (*report.Report, error) {
	start := d.Now()
	if err := checkName(name); err != nil {
		return nil, err
	}
	environment := prefix + name
	r := &report.Report{Name: "preview-down", Subject: app + " " + name, Started: start.UTC(), Verdict: report.Pass}
	running, err := d.Target.Status(ctx, environment)
	switch {
	case errors.Is(err, target.ErrNotDeployed):
		r.Verdict, r.Reason, r.Title = report.Skip, "not-there", name+" is not there"
	case err != nil:
		return nil, err
	case dryRun:
		r.Reason, r.Title = "planned", name+" would be removed: nothing was changed"
	default:
		r.Reason, r.Title = "removed", fmt.Sprintf("%s is removed; it was up %s", name, english.Plural(int(start.Sub(running.Started).Minutes()), "minute", ""))
	}
	gone := r.Reason == "removed"
	if r.Reason == "not-there" {
		// One that was killed after the removal has not said so.
		if e, l, found := d.last(ctx, environment); found && l.Expires != nil {
			gone = true
			running = target.Running{URL: l.URL, Generation: l.Generation, Started: l.Started, Commit: e.Commit, Digest: e.Digest, PlatformDigest: e.PlatformDigest}
		}
	}
	if !dryRun {
		// Down even where nothing answers: it also removes what was left half-done.
		if err := d.Target.Down(ctx, environment); err != nil {
			return nil, fmt.Errorf("remove preview %s: %w", name, err)
		}
		if gone {
			if err := d.record(ctx, app, environment, running, report.Pass, life{}); err != nil {
				return nil, err
			}
		}
	}
	r.Checks = []report.Check{{Name: name, State: report.OK, Result: r.Title}}
	r.Set("verdict", string(r.Verdict))
	r.Set("reason", r.Reason)
	return r, nil
}

// List tells which previews there are.
func List(ctx context.Context, d Deps, app string) (*report.Report, error) {
	all, err := d.Target.List(ctx)
	if err != nil {
		return nil, err
	}
	r := &report.Report{Name: "preview-list", Subject: app, Verdict: report.Pass, Reason: "listed", Started: d.Now().UTC()}
	s := report.Section{Title: "previews", Open: true, Head: []string{"preview", "url", "commit", "up since", "until", "state"}}
	for _, p := range all {
		name, ok := strings.CutPrefix(p.Environment, prefix)
		if !ok {
			continue
		}
		until, state := "?", "ready"
		if _, l, found := d.last(ctx, p.Environment); found && l.Expires != nil {
			until = humanize.RelTime(*l.Expires, d.Now(), "ago", "from now")
			if l.Expires.Before(d.Now()) {
				state = "overdue"
			}
		}
		if !p.Alive {
			state = "dead"
		}
		s.Rows = append(s.Rows, []string{name, p.URL, p.Commit[:min(7, len(p.Commit))], humanize.RelTime(p.Started, d.Now(), "ago", "from now"), until, state})
	}
	r.Title = english.Plural(len(s.Rows), "preview", "")
	if len(s.Rows) > 0 {
		r.Sections = append(r.Sections, s)
	}
	r.Set("verdict", string(r.Verdict))
	r.Set("reason", r.Reason)
	r.Set("count", fmt.Sprint(len(s.Rows)))
	return r, nil
}
