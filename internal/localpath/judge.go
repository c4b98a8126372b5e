package localpath

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/battery"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/scorecard"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// The preview of a run has one name in a repository, so that what a killed run
// left is replaced by the next.
const (
	previewName        = "local"
	previewEnvironment = "preview/" + previewName
)

func securityGate(ctx context.Context, w *walk) (*report.Report, error) {
	missing := w.config.Gate.MissingDatabase
	if missing == "" {
		missing = "warn" // a laptop without a network still gets an answer, with its gaps stated
	}
	// The checkout has by now what checks and build left in it. The gate looks at
	// the commit.
	clean := filepath.Join(w.dir, "gate")
	defer os.RemoveAll(clean)
	if err := os.RemoveAll(clean); err != nil {
		return nil, err
	}
	if err := w.source.checkOut(ctx, clean); err != nil {
		return nil, err
	}
	request := GateRequest{Dir: clean, Commit: w.source.commit, Report: filepath.Join(w.dir, "security-gate.json"), MissingDatabase: missing}
	if pack := w.config.Artifact.Pack; pack != "" {
		request.Artifact = filepath.Join(w.checkout(), filepath.FromSlash(pack))
	}
	r, err := w.Gate(ctx, request)
	if err != nil {
		return r, err
	}
	if r.Commit != w.source.commit {
		return nil, fmt.Errorf("the gate's report is about %.7s, not %.7s", r.Commit, w.source.commit)
	}
	r.Digest = w.digest()
	return r, w.proveReport(ctx, evidence.Gate, r, "")
}

func previewUp(ctx context.Context, w *walk) (*report.Report, error) {
	p := w.config.Preview
	return preview.Up(ctx, w.previewDeps(), preview.UpOptions{
		Policy: PreviewPolicy(w.config, ""), Name: previewName, Digest: w.digest(), Ready: Ready(p.Ready), Env: p.Env,
		Migrate: p.Migrate, Seed: p.Seed, Dir: w.checkout(), KeepFailed: p.OnFailure == "keep",
	})
}

func (w *walk) previewDeps() preview.Deps {
	return preview.Deps{Target: w.Target, Repository: w.repo, Ledger: w.Ledger, Now: w.Now, By: w.By, Guard: w.Guard}
}

// Ready is what the configuration says of readiness, as a target takes it.
func Ready(r config.Ready) target.Ready {
	return target.Ready{Path: r.Path, VersionPath: r.VersionPath, Timeout: r.Timeout.D()}
}

func previewBattery(ctx context.Context, w *walk) (*report.Report, error) {
	running, err := w.Target.Status(ctx, previewEnvironment)
	if err != nil {
		return nil, fmt.Errorf("read the preview: %w", err)
	}
	return w.battery(ctx, "battery", previewEnvironment, running.URL)
}

// battery runs the battery against an environment and states the result.
func (w *walk) battery(ctx context.Context, out, environment, url string) (*report.Report, error) {
	o, err := w.batteryOptions(out)
	if err != nil {
		return nil, err
	}
	r, err := battery.Run(ctx, w.config.Battery, environment, url, o)
	if err != nil {
		return nil, err
	}
	r.Digest = w.digest()
	return r, w.proveReport(ctx, evidence.Battery, r, environment)
}

func grade(ctx context.Context, w *walk) (*report.Report, error) {
	c := w.config.Scorecard
	chain := w.config.Chain()
	o := scorecard.Options{
		App: w.config.App, Commit: w.source.commit, Digest: w.digest(), Dir: w.checkout(), Must: c.Must,
		Gate: w.reports["security-gate"], Requirements: c.Requirements, Migrations: c.Migrations,
		Flags: w.config.Flags, Prompts: w.config.LLM.Prompts, Started: w.Now().UTC(), Environment: chain[len(chain)-1],
	}
	for _, name := range []string{"test", "battery"} {
		files, err := junitOf(w.reports[name])
		if err != nil {
			return nil, err
		}
		o.JUnit = append(o.JUnit, files...)
	}
	last, err := w.lastRelease(ctx)
	if err != nil {
		return nil, err
	}
	o.Previous = scorecard.Known[*scorecard.Previous](nil)
	if last != nil && last.Digest != w.digest() {
		_, err := w.repo.Resolve(ctx, last.Digest, v1.Platform{})
		o.Previous = scorecard.Known(&scorecard.Previous{ID: last.ID, Digest: last.Digest, Pullable: err})
	}
	messages, migrations, err := w.brings(ctx, last)
	if err != nil {
		return nil, err
	}
	o.Messages, o.NewMigrations = scorecard.Known(messages), scorecard.Known(migrations)
	r, err := scorecard.Grade(o)
	if err != nil {
		return nil, err
	}
	if err := w.proveReport(ctx, evidence.Scorecard, r, ""); err != nil {
		return nil, err
	}
	// The pull request ends here: its preview goes.
	if _, err := preview.Down(ctx, w.previewDeps(), preview.DownOptions{Policy: PreviewPolicy(w.config, ""), Name: previewName}); err != nil {
		return nil, err
	}
	return r, nil
}

// junitOf returns the JUnit files a report of the battery keeps. The data of a
// report that was read back is plain JSON.
func junitOf(r *report.Report) ([]string, error) {
	if r == nil {
		return nil, nil
	}
	b, err := json.Marshal(r.Data)
	if err != nil {
		return nil, err
	}
	var d battery.Data
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, fmt.Errorf("read the report of %s: %w", r.Name, err)
	}
	return d.JUnit, nil
}

// lastRelease is what runs at the end of the path now, or nil.
func (w *walk) lastRelease(ctx context.Context) (*ledger.Entry, error) {
	chain := w.config.Chain()
	var last *ledger.Entry
	err := w.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		e, err := tx.Current(ctx, chain[len(chain)-1])
		if errors.Is(err, ledger.ErrNone) {
			return nil
		}
		last = &e
		return err
	})
	return last, err
}

// maxCommits bounds how many commits are read for requirement ids.
const maxCommits = "200"

// brings returns the messages of the commits that the candidate adds to the last
// release, and the migrations it adds.
func (w *walk) brings(ctx context.Context, last *ledger.Entry) (messages, migrations []string, err error) {
	span := []string{w.source.commit}
	if last != nil && last.Commit != w.source.commit {
		if _, err := git(ctx, w.checkout(), "merge-base", "--is-ancestor", last.Commit, w.source.commit); err == nil {
			span = []string{last.Commit + ".." + w.source.commit}
		}
	}
	out, err := git(ctx, w.checkout(), append([]string{"log", "--max-count=" + maxCommits, "--format=%B%x00"}, span...)...)
	if err != nil {
		return nil, nil, err
	}
	messages = strings.FieldsFunc(out, func(r rune) bool { return r == 0 })
	folder := w.config.Scorecard.Migrations
	if folder == "" {
		return messages, nil, nil
	}
	args := []string{"ls-tree", "-r", "--name-only", w.source.commit, "--", folder}
	if strings.Contains(span[0], "..") {
		args = []string{"diff", "--name-only", "--diff-filter=AM", span[0], "--", folder}
	}
	if out, err = git(ctx, w.checkout(), args...); err != nil {
		return nil, nil, err
	}
	for _, name := range strings.Fields(out) {
		if path.Ext(name) == ".sql" {
			migrations = append(migrations, name)
		}
	}
	return messages, migrations, nil
}
