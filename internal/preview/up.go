package preview

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/preview/data"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// UpOptions say which preview to deploy.
type UpOptions struct {
	Policy      Policy
	Name        string // pr-12, or a name derived from a branch
	PullRequest int    // 0: none
	Head        string // commit of the pull request that was built; "": the artifact's commit
	Owner       string // author; "": the author of the pull request
	Digest      string
	Ready       target.Ready
	Env         map[string]string
	Secrets     map[string]target.Secret
	Migrate     target.Migration
	Services    target.Services
	Seed        data.Seed
	DeferData   bool   // leave Seed to `preview prepare`, which runs in a job without credentials
	Seeded      string // generation that such a job has seeded, as in the output generation; "": none is known
	CostCentre  string
	KeepFailed  bool
	Brief       bool // the caller removes the preview before it ends: report neither an address nor a lifetime
	DryRun      bool
}

// up is one call of Up.
type up struct {
	Deps
	o            UpOptions
	report       *report.Report
	start        time.Time // this machine's clock
	now          time.Time // the target's clock, at start
	precondition *precondition
	artifact     artifact.Artifact
	record       record  // the reservation
	previous     *record // the record before the reservation; nil: the preview is new
	perHour      float64
	wait         wait           // until something removes it after its expiry
	running      target.Running // as far as it was deployed
}

// Up creates a preview, or updates it to another artifact. If Up is killed at any point,
// the next call repairs what was left.
//
// If the preview is not allowed, Up returns a report with a verdict: the pull request is
// closed or has a newer commit, a limit or the budget is reached, or the policy rejects
// an object. A preview that does not become ready is a verdict too, with the diagnosis.
func Up(ctx context.Context, d Deps, o UpOptions) (*report.Report, error) {
	if err := checkName(o.Name); err != nil {
		return nil, err
	}
	u := &up{Deps: d, o: o, start: d.Now(), precondition: &precondition{pulls: d.PullRequests, number: o.PullRequest, head: o.Head, clock: d.Now}}
	u.report = &report.Report{Name: "preview-up", Subject: o.Policy.App + " " + o.Name, Digest: o.Digest, Started: u.start.UTC()}
	err := u.asVerdict(u.run(ctx))
	u.report.Seconds = d.Now().Sub(u.start).Seconds()
	if err != nil && u.report.Title == "" {
		return nil, fmt.Errorf("cannot deploy preview %s: %w", o.Name, err)
	}
	return u.report, err
}

func (u *up) check(c report.Check) { u.report.Checks = append(u.report.Checks, c) }

// run runs the steps in order. A step that fails before the reservation has changed
// nothing; after the reservation, a failure is followed by abort.
func (u *up) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{u.resolve, u.precondition.check, u.reserve} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if u.o.DryRun {
		return nil
	}
	for _, step := range []func(context.Context) error{u.deploy, u.prepare, u.precondition.check, u.markReady} {
		if err := step(ctx); err != nil {
			return u.abort(ctx, err)
		}
	}
	return nil
}

// resolve finds the artifact in the registry and reads the target's clock.
func (u *up) resolve(ctx context.Context) (err error) {
	u.artifact, err = u.Repository.Resolve(ctx, u.o.Digest, v1.Platform{})
	if errors.Is(err, artifact.ErrNotFound) {
		return report.Usage(fmt.Sprintf("%v: package the commit first", err))
	}
	if err != nil {
		return err
	}
	u.report.Commit, u.report.Digest = u.artifact.Commit(), u.artifact.Digest
	if u.precondition.head == "" {
		u.precondition.head = u.artifact.Commit()
	}
	u.now, err = u.Target.Now(ctx)
	return err
}

// elapsed returns the current time by the target's clock.
func (u *up) elapsed() time.Time { return u.now.Add(u.Now().Sub(u.start)) }

func (u *up) deployment(ctx context.Context) target.Deployment {
	d := target.Deployment{
		App: u.o.Policy.App, Environment: prefix + u.o.Name, Commit: u.artifact.Commit(), Digest: u.artifact.Digest, Image: u.artifact.Image,
		Env: u.o.Env, Secrets: u.o.Secrets, Migrate: u.o.Migrate, Services: u.o.Services, Ready: u.o.Ready, KeepFailed: u.o.KeepFailed,
		Proceed: func() error { return u.precondition.recheck(ctx) },
		Say: func(p target.Phase) {
			if !p.Pending {
				u.check(report.Check{Name: p.Name, State: report.OK, Result: p.Detail, Seconds: p.Seconds})
				target.AddPlan(u.report, p)
			}
			u.say(p)
		},
		Tags: target.Tags{
			Repository: u.o.Policy.Repository, PullRequest: u.o.PullRequest, Owner: u.owner(), CostCentre: u.o.CostCentre, Expires: u.record.Expires,
			PerHour: u.perHour,
		},
	}
	if u.Reference != nil {
		d.Reference = u.Reference(u.artifact.Digest)
	}
	if u.precondition.pull.Fork {
		d.Secrets = nil // a fork's code gets no secret, approved or not
	}
	return d
}

func (u *up) owner() string {
	if u.o.Owner != "" {
		return u.o.Owner
	}
	return u.precondition.pull.Author
}

func (u *up) deploy(ctx context.Context) (err error) {
	start := u.Now()
	phases := len(u.report.Checks)
	if u.running, err = u.Target.Deploy(ctx, u.deployment(ctx)); err != nil {
		return err
	}
	c := report.Check{
		Name: "preview", State: report.OK, Result: u.running.URL, Link: u.running.URL, Seconds: u.Now().Sub(start).Seconds(),
		Note: strings.Join(u.running.Notes, "; "),
	}
	if u.o.Brief {
		c.Result, c.Link = "answered", ""
	}
	u.report.Checks = slices.Insert(u.report.Checks, phases, c)
	return nil
}

// markReady records the preview as ready and completes the report.
func (u *up) markReady(ctx context.Context) error {
	err := u.updateRecord(ctx, "ready", report.Worst(u.report.Checks), func(r *record) {
		r.Phase, r.URL, r.Platform = ready, u.running.URL, u.running.PlatformDigest
		r.Costs = r.Costs.From(u.elapsed().UTC(), u.perHour)
	})
	if err != nil {
		return err
	}
	r := u.report
	r.Verdict, r.Reason, r.Title = report.Worst(r.Checks), report.ReasonReady, u.o.Name+" was ready"
	r.Set("digest", u.artifact.Digest)
	r.Set("environment", prefix+u.o.Name)
	if !u.o.Brief {
		u.reportAddress()
	}
	if r.Verdict == report.Fail {
		r.Reason, r.Title = report.ReasonSeedFailed, u.o.Name+" is deployed, but its data could not be prepared"
	}
	r.SetData(map[string]any{
		"generation": u.running.Generation, "place": u.running.Place, "expires": u.record.Expires, "per_hour": u.perHour,
		"platform_digest": u.running.PlatformDigest, "phases": u.running.Phases,
	})
	return nil
}

// reportAddress reports where the preview answers, and until when.
func (u *up) reportAddress() {
	r := u.report
	expires := u.record.Expires.UTC()
	c := report.Check{Name: "lifetime", State: report.OK, Result: "until " + expires.Format(time.RFC3339)}
	c.Note = "goldenpath preview down --name " + u.o.Name + " removes it earlier"
	if u.o.PullRequest > 0 {
		c.Note = fmt.Sprintf("removed before %s %s; the label %s24h extends it", expires.Add(u.wait.most).Format("Mon 15:04 MST"), u.wait, extendLabel)
	}
	u.check(c)
	r.Title = fmt.Sprintf("%s is ready at %s", u.o.Name, u.running.URL)
	r.Set("url", u.running.URL)
	r.Set("expires", expires.Format(time.RFC3339))
}
