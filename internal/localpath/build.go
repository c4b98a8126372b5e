package localpath

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/battery"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// checkout is where the commit's files are while the run is not finished.
func (w *walk) checkout() string {
	if w.alone {
		return w.source.repo
	}
	return filepath.Join(w.dir, "src")
}

func (w *walk) checkedOut() bool {
	_, err := os.Stat(w.checkout())
	return err == nil
}

func validate(ctx context.Context, w *walk) (*report.Report, error) {
	if err := os.RemoveAll(w.checkout()); err != nil {
		return nil, err
	}
	if err := w.source.checkOut(ctx, w.checkout()); err != nil {
		return nil, err
	}
	r, err := w.valid()
	if err == nil {
		r.Title = "configuration is valid, commit is checked out"
	}
	return r, err
}

// valid holds what the commit says of its path to what can be.
func (w *walk) valid() (*report.Report, error) {
	// A mistake in the waivers is found now, not after the build.
	waivers, err := gate.ReadWaivers(w.checkout(), w.config.Gate.Waivers, time.Duration(w.config.Gate.WaiverMaxAge), w.Now())
	if err != nil {
		return nil, err
	}
	r := w.report("validate", report.Pass, report.ReasonValid)
	r.Checks = []report.Check{
		{Name: "configuration", State: report.OK, Result: ".goldenpath.yml"},
		{Name: "waivers", State: report.OK, Result: fmt.Sprint(len(waivers))},
		{Name: "commit", State: report.OK, Result: fmt.Sprintf("%.7s %s", w.source.commit, w.source.title)},
	}
	r.Title = "the configuration is valid"
	if w.source.dirty > 0 {
		r.Checks = append(r.Checks, report.Check{Name: "working tree", State: report.Warned, Result: english.Plural(w.source.dirty, "uncommitted change is", "uncommitted changes are") + " not part of the run"})
	}
	return r, nil
}

func (w *walk) report(name string, v report.Verdict, reason report.Reason) *report.Report {
	r := &report.Report{Name: name, Subject: w.config.App, Commit: w.source.commit, Verdict: v, Reason: reason, Started: w.Now().UTC()}
	return r
}

func (w *walk) batteryOptions(out string) (battery.Options, error) {
	dir := filepath.Join(w.dir, out)
	if err := os.RemoveAll(dir); err != nil {
		return battery.Options{}, err
	}
	return battery.Options{
		App: w.config.App, Commit: w.source.commit, Dir: w.checkout(), Out: dir, Guard: w.Guard, Say: w.Progress.Say, Now: w.Now,
		Env: map[string]string{"GOLDENPATH_COMMIT": w.source.commit},
	}, os.MkdirAll(dir, 0o755)
}

func test(ctx context.Context, w *walk) (*report.Report, error) {
	o, err := w.batteryOptions("test")
	if err != nil {
		return nil, err
	}
	return battery.Checks(ctx, w.config.Checks, o)
}

// buildTimeout bounds artifact.build.
const buildTimeout = 30 * time.Minute

func pack(ctx context.Context, w *walk) (*report.Report, error) {
	started := w.Now().UTC()
	r, err := w.packInto(ctx, w.repo)
	if err != nil || r.Verdict == report.Fail {
		return r, err
	}
	if err := w.prove(ctx, r.Digest, evidence.Provenance, w.provenance(started)); err != nil {
		return nil, err
	}
	if err := w.prove(ctx, r.Digest, evidence.Tests, TestResult(w.reports["test"])); err != nil {
		return nil, err
	}
	r.Checks = append(r.Checks, report.Check{Name: "provenance", State: report.OK, Result: "signed, with the result of the checks"})
	return r, nil
}

// packInto builds the checkout and puts its image into a repository.
func (w *walk) packInto(ctx context.Context, repo *artifact.Repository) (*report.Report, error) {
	r := w.report("package", report.Pass, report.ReasonPackaged)
	if w.config.Artifact.Build != "" {
		if err := w.build(ctx, r); err != nil || r.Verdict == report.Fail {
			return r, err
		}
	}
	start := w.Now()
	m, err := w.image(ctx, r)
	if err != nil || r.Verdict == report.Fail {
		return r, err
	}
	defer m.Close()
	img, err := repo.Push(ctx, m.index)
	if err != nil {
		return nil, err
	}
	r.Checks = append(r.Checks, report.Check{
		Name: "image", State: report.OK, Seconds: w.Now().Sub(start).Seconds(), Note: img.Digest,
		Result: fmt.Sprintf("%s, %s, %s", m.what, humanize.Bytes(uint64(img.Size)), img.Platform),
	})
	r.Digest = img.Digest
	r.Title = fmt.Sprintf("%s@%.19s", w.config.Artifact.Image, img.Digest)
	r.Set("digest", img.Digest)
	r.Set("platform-digest", img.PlatformDigest)
	return r, nil
}

// build runs artifact.build.
func (w *walk) build(ctx context.Context, r *report.Report) error {
	line := w.config.Artifact.Build
	w.Progress.Say("build: " + line)
	res, err := tool.Command{
		Argv: tool.Shell(line), Dir: w.checkout(), Env: []string{"GOLDENPATH_COMMIT=" + w.source.commit}, Timeout: buildTimeout, Guard: w.Guard,
	}.Run(ctx)
	return w.built(ctx, r, "build", res, err)
}

// built puts what came of a command of the build into the report.
func (w *walk) built(ctx context.Context, r *report.Report, name string, res tool.Result, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c := report.Check{Name: name, State: report.OK, Result: "ok", Seconds: res.Elapsed.Seconds()}
	if err != nil {
		c.State, c.Result = report.Failed, err.Error()
		r.Sections = append(r.Sections, report.Section{Title: "end of the " + name + "'s output", Open: true, Text: res.Tail})
		r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonBuildFailed, "the "+name+" failed: "+err.Error()
	}
	r.Checks = append(r.Checks, c)
	return nil
}

// insideCheckout refuses a packed folder that a link leads out of the checkout.
func insideCheckout(checkout, pack string) (string, error) {
	dir := filepath.Join(checkout, filepath.FromSlash(pack))
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", report.Usage(fmt.Sprintf("artifact.pack: %s is not there after the build: the build must leave its result in it", pack))
	}
	top, err := filepath.EvalSymlinks(checkout)
	if err != nil {
		return "", err
	}
	if rel, err := filepath.Rel(top, real); err != nil || !filepath.IsLocal(rel) {
		return "", report.Usage(fmt.Sprintf("artifact.pack: %s is a link out of the repository: pack a folder of its own", pack))
	} else if rel == ".git" || strings.HasPrefix(rel, ".git"+string(filepath.Separator)) {
		return "", report.Usage(fmt.Sprintf("artifact.pack: %s is the git directory: pack a folder that the build makes", pack))
	}
	return real, nil
}

// packed asks the registry whether the artifact of an earlier call is still
// there.
func packed(ctx context.Context, w *walk) bool {
	r := w.state.report("package")
	if r == nil || r.Digest == "" {
		return false
	}
	if _, err := w.repo.Resolve(ctx, r.Digest, v1.Platform{}); err != nil {
		return false
	}
	c, err := evidence.Collect(ctx, w.repo, evidence.Trust(w.Key), r.Digest, w.Now())
	if err != nil {
		return false
	}
	return c.Verdict(evidence.Provenance, "").Found() // the key may have changed since
}

// digest is the artifact this run is about.
func (w *walk) digest() string {
	if r := w.reports["package"]; r != nil {
		return r.Digest
	}
	return ""
}

func (w *walk) prove(ctx context.Context, digest, kind string, predicate map[string]any) error {
	return evidence.Put(ctx, w.repo, w.Key, evidence.Statement{Type: kind, Name: w.config.Artifact.Image, Digest: digest, Predicate: predicate}, w.Now())
}

// proveReport states a report about the artifact.
func (w *walk) proveReport(ctx context.Context, kind string, r *report.Report, environment string) error {
	predicate, err := predicateOf(r, environment)
	if err != nil {
		return err
	}
	return w.prove(ctx, w.digest(), kind, predicate)
}

// predicateOf is a report as a predicate; of a battery with its environment.
func predicateOf(r *report.Report, environment string) (map[string]any, error) {
	var b strings.Builder
	if err := r.WriteJSON(&b); err != nil {
		return nil, err
	}
	var predicate map[string]any
	if err := json.Unmarshal([]byte(b.String()), &predicate); err != nil {
		return nil, err
	}
	if environment != "" {
		predicate["environment"] = environment
	}
	return predicate, nil
}

// provenance is the SLSA v1 predicate of this build.
func (w *walk) provenance(started time.Time) map[string]any {
	a := w.config.Artifact
	b := evidence.Build{
		Source: "git+file://" + filepath.Base(w.source.repo), Commit: w.source.commit, Config: digest(w.config.Source()),
		Command: a.Build, Pack: a.Pack, Dockerfile: a.Dockerfile, Version: w.Version, Invocation: w.By,
		Started: started, Finished: w.Now(),
	}
	if w.Builder != "" {
		b.Builder, b.Source = w.Builder, "git+"+w.Source
	}
	return b.Predicate()
}

// TestResult is an in-toto test-result predicate of a report of the checks.
func TestResult(r *report.Report) map[string]any {
	result := map[report.Verdict]string{report.Pass: "PASSED", report.Warn: "WARNED", report.Skip: "WARNED"}[r.Verdict]
	if result == "" {
		result = "FAILED"
	}
	var passed, failed []any
	for _, c := range r.Checks {
		if c.State == report.OK {
			passed = append(passed, c.Name)
		} else {
			failed = append(failed, c.Name)
		}
	}
	return map[string]any{
		"result": result, "configuration": []any{}, "passedTests": passed, "failedTests": failed,
	}
}
