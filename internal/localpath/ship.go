package localpath

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/release"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Requirements is the evidence an artifact needs for an environment. Into the
// first of several it needs to be built, tested and scanned; what it does there is
// found out there, by the battery, and the next environment asks for that and for
// the scorecard. battery says whether the one before has a battery of its own.
func Requirements(from string, only, battery bool) []release.Requirement {
	all := []release.Requirement{
		{Name: "provenance", Type: evidence.Provenance},
		{Name: "tests", Type: evidence.Tests},
		{Name: "security-gate", Type: evidence.Gate},
	}
	if from != "" || only {
		all = append(all, release.Requirement{Name: "scorecard", Type: evidence.Scorecard})
	}
	if from != "" && battery {
		all = append(all, release.Requirement{Name: "battery on " + from, Type: evidence.Battery, Environment: from})
	}
	return all
}

func (w *walk) releaseDeps() release.Deps {
	return release.Deps{
		Target: w.Target, Repository: w.repo, Ledger: w.Ledger, Trust: evidence.Trust(w.Key), Probe: w.Probe, Now: w.Now, By: w.By, Say: w.Progress.Say,
	}
}

func (w *walk) releaseOptions(environment string) (release.Options, error) {
	o, err := ReleaseOptions(w.config, environment, w.digest())
	if err != nil {
		return o, err
	}
	o.Manifest, o.Again = w.manifest(environment), w.Again
	return o, nil
}

// promoteTo deploys into an environment. One without a soak is tested instead.
func promoteTo(environment string) func(context.Context, *walk) (*report.Report, error) {
	return func(ctx context.Context, w *walk) (*report.Report, error) {
		o, err := w.releaseOptions(environment)
		if err != nil {
			return nil, err
		}
		o.KeepLock = o.Soak != nil && w.soaks(environment)
		r, err := release.Deploy(ctx, w.releaseDeps(), o)
		if err != nil || r.Verdict == report.Fail || o.Soak != nil {
			return r, err
		}
		tested, err := w.battery(ctx, "battery-"+environment, environment, r.Output("url"))
		if err != nil {
			return r, err
		}
		r.Checks = append(r.Checks, tested.Checks...)
		r.Sections = append(r.Sections, tested.Sections...)
		if tested.Verdict == report.Fail {
			r.Verdict, r.Reason, r.Title = tested.Verdict, report.ReasonBatteryFailed, "it runs, and the battery against it failed: "+tested.Title
		}
		return r, nil
	}
}

// soaks reports whether this call goes on to the soak of an environment.
func (w *walk) soaks(environment string) bool {
	if w.Until == "" {
		return true
	}
	names := stageNames(w.stages())
	return slices.Index(names, w.Until) > slices.Index(names, environment)
}

func soakIn(environment string) func(context.Context, *walk) (*report.Report, error) {
	return func(ctx context.Context, w *walk) (*report.Report, error) {
		o, err := w.releaseOptions(environment)
		if err != nil {
			return nil, err
		}
		return release.Watch(ctx, w.releaseDeps(), o)
	}
}

// runs asks the target whether an environment still runs the artifact.
func (w *walk) runs(ctx context.Context, environment string) bool {
	r := w.state.report("package")
	running, err := w.Target.Status(ctx, environment)
	if err != nil || r == nil || !running.Alive || running.Digest != r.Digest {
		return false
	}
	known, _ := w.released(ctx, environment)
	return known
}

// released asks the ledger whether the artifact is the current release of an
// environment, and whether its soak has passed.
func (w *walk) released(ctx context.Context, environment string) (known, soaked bool) {
	r := w.state.report("package")
	err := w.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		e, err := tx.Current(ctx, environment)
		if err != nil {
			return err
		}
		known = r != nil && e.Digest == r.Digest
		soak, err := tx.Find(ctx, environment, e.ID, ledger.KindSoak)
		soaked = err == nil && soak.Verdict == string(report.Pass)
		return nil
	})
	return err == nil && known, soaked
}

func (w *walk) manifest(environment string) release.Manifest {
	m := release.Manifest{
		Version: w.source.commit[:7], Config: digest(w.config.Source()),
		Env:   slices.Sorted(maps.Keys(w.config.Environments[environment].Env)),
		Flags: w.digests(filepath.Join(w.config.Flags, "*.json")), Prompts: w.digests(filepath.Join(w.config.LLM.Prompts, "*.md")),
	}
	if folder := w.config.Scorecard.Migrations; folder != "" {
		if names := w.glob(filepath.Join(folder, "*.sql")); len(names) > 0 {
			m.Migration = strings.TrimSuffix(filepath.Base(names[len(names)-1]), ".sql")
		}
	}
	return m
}

// glob returns matching files of the checkout, or of the repository when the
// checkout is gone; sorted by name.
func (w *walk) glob(pattern string) []string {
	names, err := filepath.Glob(filepath.Join(w.checkout(), pattern))
	if err != nil {
		return nil // the pattern is built from a path that config accepted
	}
	return names
}

func (w *walk) digests(pattern string) map[string]string {
	out := map[string]string{}
	for _, name := range w.glob(pattern) {
		b, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		out[filepath.Base(name)] = digest(b)
	}
	return out
}
