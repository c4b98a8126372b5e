package run

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/release"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/stage"
)

// digest is the image of this run; "" before package.
func (x *execution) digest() string {
	if r := x.reports["package"]; r != nil {
		return r.Digest
	}
	return ""
}

// attest signs a report about the image of this run.
func (x *execution) attest(ctx context.Context, digest string, r *report.Report) error {
	signed, err := stage.Attest(ctx, x.Job, digest, []*report.Report{r})
	if err == nil && signed.Verdict == report.Fail {
		err = fmt.Errorf("sign the report of %s: %s", r.Name, signed.Title)
	}
	return err
}

// attested signs the report that a stage returns.
func (x *execution) attested(ctx context.Context) func(*report.Report, error) (*report.Report, error) {
	return func(r *report.Report, err error) (*report.Report, error) {
		if err != nil {
			return r, err
		}
		return r, x.attest(ctx, x.digest(), r)
	}
}

// battery runs the battery against an environment and signs the result.
func (x *execution) battery(ctx context.Context, environment, out string) (*report.Report, error) {
	running, err := x.Target.Status(ctx, environment)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", environment, err)
	}
	d := stage.Deployed{Environment: environment, URL: running.URL, Digest: x.digest()}
	r, err := x.attested(ctx)(stage.Battery(ctx, x.Job, d, out))
	if err != nil {
		return r, err
	}
	// Read again: the tests may have made the app store something.
	if running, err = x.Target.Status(ctx, environment); err == nil {
		if c, stores := release.StoredData(running); stores {
			r.Checks = append(r.Checks, c)
		}
	}
	return r, nil
}

func (x *execution) releaseOptions(ctx context.Context, environment string) (release.Options, error) {
	o, err := stage.PromoteOptions(ctx, x.Repo, x.Folder, x.Config, x.Image, environment, x.digest())
	if err != nil {
		return o, err
	}
	o.Again, o.Older, o.Moved = x.Again, x.Older, x.Moved
	o.Followed = false // this run goes on to what follows, which refuses an older commit: nothing is changed before
	o.Secrets, err = x.Secrets(environment)
	return o, err
}

// promote deploys into an environment. Without a soak, it also runs the battery there.
func promote(environment string) func(context.Context, *execution) (*report.Report, error) {
	return func(ctx context.Context, x *execution) (*report.Report, error) {
		o, err := x.releaseOptions(ctx, environment)
		if err != nil {
			return nil, err
		}
		o.KeepLock = o.Soak != nil && x.soaks(environment)
		r, err := release.Deploy(ctx, x.Releases(), o)
		if err != nil || r.Verdict == report.Fail || o.Soak != nil {
			return r, err
		}
		tested, err := x.battery(ctx, environment, "battery-"+environment)
		if err != nil {
			return r, err
		}
		r.Checks = append(r.Checks, tested.Checks...)
		r.Sections = append(r.Sections, tested.Sections...)
		if tested.Verdict == report.Fail {
			r.Verdict, r.Reason, r.Title = tested.Verdict, report.ReasonBatteryFailed, "deployed, but its tests failed: "+tested.Title
		}
		return r, nil
	}
}

// soaks reports whether this call continues with the soak of an environment.
func (x *execution) soaks(environment string) bool {
	if x.Until == "" {
		return true
	}
	all := names(x.stages())
	return slices.Index(all, x.Until) > slices.Index(all, environment)
}

func soak(environment string) func(context.Context, *execution) (*report.Report, error) {
	return func(ctx context.Context, x *execution) (*report.Report, error) {
		o, err := x.releaseOptions(ctx, environment)
		if err != nil {
			return nil, err
		}
		return release.Watch(ctx, x.Releases(), o)
	}
}

// runsIn reports whether an environment runs the image of an earlier call.
func (x *execution) runsIn(ctx context.Context, environment string) bool {
	r := x.state.report("package")
	running, err := x.Target.Status(ctx, environment)
	if err != nil || r == nil || !running.Alive || running.Digest != r.Digest {
		return false
	}
	current, _ := x.released(ctx, environment)
	return current
}

// released reports whether the image of an earlier call is the current release of an
// environment, and whether its soak passed.
func (x *execution) released(ctx context.Context, environment string) (current, soaked bool) {
	r := x.state.report("package")
	err := x.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		e, err := tx.Current(ctx, environment)
		if err != nil {
			return err
		}
		current = r != nil && e.Digest == r.Digest
		s, err := tx.Find(ctx, environment, e.ID, ledger.KindSoak)
		soaked = err == nil && s.Verdict == string(report.Pass)
		return nil
	})
	return err == nil && current, soaked
}
