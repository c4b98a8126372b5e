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
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview/data"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// UpOptions says what to raise.
type UpOptions struct {
	Policy      Policy
	Name        string // pr-12, or a branch's name made safe
	PullRequest int    // 0: of none
	Head        string // commit of the pull request that was built; "": the artifact's own
	Owner       string // author; "": as the pull request says
	Digest      string
	Ready       target.Ready
	Env         map[string]string
	Secrets     map[string]target.Secret
	Data        data.Steps
	Dir         string // folder in which Data runs
	DeferData   bool   // leave Data to `preview prepare`, which runs in a job without credentials
	CostCentre  string
	KeepFailed  bool
	DryRun      bool
}

// up is one call of Up under way.
type up struct {
	Deps
	o        UpOptions
	report   *report.Report
	start    time.Time // by this machine's clock
	now      time.Time // by the target's clock, when it began
	lease    *lease
	artifact artifact.Artifact
	record   record
	perHour  float64
	before   *record // of the preview as it was before this call; nil: it was not there
}

// Up raises a preview, or brings it to another artifact: the same command creates,
// updates and repairs, and may be called again after it was killed anywhere.
//
// A preview that may not be is a verdict: the pull request is closed or has moved
// on, a limit or the budget is reached, or it asks for what no preview gets. One
// that does not become ready is an error, and the report says what was seen.
func Up(ctx context.Context, d Deps, o UpOptions) (*report.Report, error) {
	if err := checkName(o.Name); err != nil {
		return nil, err
	}
	u := &up{Deps: d, o: o, start: d.Now()}
	u.report = &report.Report{Name: "preview-up", Subject: o.Policy.App + " " + o.Name, Digest: o.Digest, Started: u.start.UTC()}
	err := u.run(ctx)
	var no *refused
	var refusal *target.Refusal
	switch {
	case errors.As(err, &no):
		u.decline(no)
		err = nil
	case errors.As(err, &refusal):
		u.refused(refusal)
		err = nil
	}
	finish(u.report, u.start, d.Now())
	if err != nil && u.report.Title == "" {
		return nil, fmt.Errorf("raise preview %s: %w", o.Name, err)
	}
	return u.report, err
}

func (u *up) check(c report.Check) { u.report.Checks = append(u.report.Checks, c) }

func (u *up) run(ctx context.Context) (err error) {
	u.artifact, err = u.Repository.Resolve(ctx, u.o.Digest, v1.Platform{})
	if errors.Is(err, artifact.ErrNotFound) {
		return report.Usage(fmt.Sprintf("%v: package the commit first", err))
	}
	if err != nil {
		return err
	}
	u.report.Commit, u.report.Digest = u.artifact.Commit(), u.artifact.Digest
	if u.now, err = u.Target.Now(ctx); err != nil {
		return err
	}
	u.lease = &lease{pulls: u.PullRequests, number: u.o.PullRequest, head: u.o.Head, clock: u.Now}
	if u.lease.head == "" {
		u.lease.head = u.artifact.Commit()
	}
	if err := u.lease.ask(ctx); err != nil {
		return err
	}
	if u.o.Owner == "" {
		u.o.Owner = u.lease.pull.Author
	}
	if err := u.promise(ctx); err != nil || u.o.DryRun {
		return err
	}
	running, err := u.deploy(ctx)
	if err == nil {
		err = u.prepare(ctx, running)
	}
	if err == nil {
		err = u.lease.ask(ctx)
	}
	if err == nil {
		err = u.settle(ctx, running)
	}
	if err != nil {
		return u.undone(ctx, running, err)
	}
	return nil
}

func (u *up) deployment(ctx context.Context) target.Deployment {
	d := target.Deployment{
		App: u.o.Policy.App, Environment: prefix + u.o.Name, Commit: u.artifact.Commit(), Digest: u.artifact.Digest, Image: u.artifact.Image,
		Env: u.o.Env, Secrets: u.o.Secrets, Ready: u.o.Ready, KeepFailed: u.o.KeepFailed,
		Proceed: func() error { return u.lease.proceed(ctx) },
		Say: func(p target.Phase) {
			u.check(report.Check{Name: p.Name, State: report.OK, Result: p.Detail, Seconds: p.Seconds})
			u.say(p)
		},
		Tags: target.Tags{
			Repository: u.o.Policy.Repository, PullRequest: u.o.PullRequest, Owner: u.o.Owner, CostCentre: u.o.CostCentre, Expires: u.record.Expires,
			PerHour: u.perHour,
		},
	}
	if u.Reference != nil {
		d.Reference = u.Reference(u.artifact.Digest)
	}
	if u.lease.pull.Fork {
		d.Secrets = nil // no secret meets a fork's code, approved or not
	}
	return d
}

func (u *up) deploy(ctx context.Context) (target.Running, error) {
	start := u.Now()
	count := len(u.report.Checks)
	running, err := u.Target.Deploy(ctx, u.deployment(ctx))
	if err != nil {
		return running, err
	}
	took := report.Check{Name: "preview", State: report.OK, Result: running.URL, Link: running.URL, Seconds: u.Now().Sub(start).Seconds(), Note: strings.Join(running.Notes, "; ")}
	u.report.Checks = slices.Insert(u.report.Checks, count, took)
	return running, nil
}

// settle records that the preview is ready.
func (u *up) settle(ctx context.Context, running target.Running) error {
	err := u.write(ctx, "ready", report.Worst(u.report.Checks), func(r *record) {
		r.Phase, r.URL, r.Platform = ready, running.URL, running.PlatformDigest
		r.charge(u.elapsed().UTC(), u.perHour)
	})
	if err != nil {
		return err
	}
	p, r := u.o.Policy, u.report
	u.check(report.Check{
		Name: "lifetime", State: report.OK, Result: "until " + u.record.Expires.UTC().Format(time.RFC3339),
		Note: fmt.Sprintf("gone at the latest %s, with the sweep after it; the label %s24h extends it", u.record.Expires.Add(p.SweepEvery).UTC().Format("Mon 15:04 MST"), extendLabel),
	})
	r.Verdict, r.Reason = report.Worst(r.Checks), report.ReasonReady
	r.Title = fmt.Sprintf("%s is ready at %s", u.o.Name, running.URL)
	if r.Verdict == report.Fail {
		r.Reason, r.Title = report.ReasonSeedFailed, u.o.Name+" runs, and its data could not be prepared"
	}
	for _, kv := range [][2]string{
		{"url", running.URL}, {"digest", u.artifact.Digest}, {"environment", prefix + u.o.Name},
		{"expires", u.record.Expires.UTC().Format(time.RFC3339)},
	} {
		r.Set(kv[0], kv[1])
	}
	r.SetData(map[string]any{
		"generation": running.Generation, "place": running.Place, "expires": u.record.Expires, "per_hour": u.perHour,
		"platform_digest": running.PlatformDigest, "phases": running.Phases,
	})
	return nil
}

// What another run may have done to the preview meanwhile.
var (
	errTaken   = fmt.Errorf("%w: a later run has taken over", target.ErrSuperseded)
	errRemoved = fmt.Errorf("%w: it was removed meanwhile", target.ErrSuperseded)
)

// mine reads the record, if it still is that of this call.
func (u *up) mine(ctx context.Context, tx *ledger.Tx) (record, error) {
	r, err := readRecord(ctx, tx, u.o.Name)
	switch {
	case errors.Is(err, ledger.ErrNone):
		return r, errRemoved
	case err == nil && !r.same(u.record):
		return r, errTaken
	}
	return r, err
}

// write changes the record, unless it is another's by now.
func (u *up) write(ctx context.Context, event string, v report.Verdict, change func(*record)) error {
	environment := prefix + u.o.Name
	return u.Ledger.Update(ctx, "preview "+environment+": "+event, func(ctx context.Context, tx *ledger.Tx) error {
		r, err := u.mine(ctx, tx)
		if err != nil {
			return err
		}
		change(&r)
		if err := writeRecord(tx, r); err != nil {
			return err
		}
		return u.event(ctx, tx, r, event, v, r)
	})
}
