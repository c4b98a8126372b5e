package localpath

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/battery"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// One stage of a commit, on its checkout as it is: what a job of a workflow runs.
// The jobs hand on what they made: reports, JUnit files, the registry in a folder.
// Of those that run code of the repository none needs a credential.

// alone opens the commit that a checkout is at. out is where the stage leaves logs
// and JUnit files.
func alone(ctx context.Context, d Deps, repo, out string) (*walk, error) {
	src, err := resolve(ctx, repo, "HEAD")
	if err != nil {
		return nil, err
	}
	cfg, err := src.config(ctx)
	if err != nil {
		return nil, err
	}
	w := &walk{Deps: d, config: cfg, source: src, dir: out, reports: map[string]*report.Report{}, alone: true}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, report.Usage(fmt.Sprintf("--out: %v", err))
	}
	if d.Registry != nil {
		if w.repo, err = d.Registry.Repository(cfg.Artifact.Image); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// Validate reads what the commit says of its path.
func Validate(ctx context.Context, d Deps, repo string) (*report.Report, error) {
	w, err := alone(ctx, d, repo, os.TempDir())
	if err != nil {
		return nil, err
	}
	r, err := w.valid()
	if err != nil {
		return nil, err
	}
	chain := w.config.Chain()
	r.Set("preview", w.config.Preview.Target)
	r.Set("target", w.config.Environments[chain[0]].Target)
	r.Set("first", chain[0])
	r.Set("last", chain[len(chain)-1])
	return r, nil
}

// Test runs the checks: a part of them, where the checks take turns.
func Test(ctx context.Context, d Deps, repo, out string, shard, of int) (*report.Report, error) {
	w, err := alone(ctx, d, repo, out)
	if err != nil {
		return nil, err
	}
	o, err := w.batteryOptions("test")
	if err != nil {
		return nil, err
	}
	o.Env["GOLDENPATH_SHARD"], o.Env["GOLDENPATH_SHARDS"] = strconv.Itoa(shard), strconv.Itoa(of)
	r, err := battery.Checks(ctx, w.config.Checks, o)
	if err == nil && of > 1 {
		r.Title = fmt.Sprintf("part %d of %d: %s", shard, of, r.Title)
	}
	return r, err
}

// Package builds the commit and puts its image into the registry. It states
// nothing about it: Push does, where no code of the repository runs.
func Package(ctx context.Context, d Deps, repo, out string) (*report.Report, error) {
	w, err := alone(ctx, d, repo, out)
	if err != nil {
		return nil, err
	}
	return w.packInto(ctx, w.repo)
}

// Battery runs the battery against the URL of an environment.
func Battery(ctx context.Context, d Deps, repo, out, environment, url, digest string) (*report.Report, error) {
	w, err := alone(ctx, d, repo, out)
	if err != nil {
		return nil, err
	}
	o, err := w.batteryOptions("battery")
	if err != nil {
		return nil, err
	}
	r, err := battery.Run(ctx, w.config.Battery, environment, strings.TrimRight(url, "/"), o)
	if err != nil {
		return nil, err
	}
	r.Digest = digest
	return r, nil
}

// Push brings an image from a folder into the registry, and with a key states where
// it comes from: the checkout is at the commit that the image names.
func Push(ctx context.Context, d Deps, repo, from, digest string) (*report.Report, error) {
	started := d.Now().UTC()
	w, err := alone(ctx, d, repo, os.TempDir())
	if err != nil {
		return nil, err
	}
	if !artifact.Holds(from, w.config.Artifact.Image) { // opened, it would be made
		return nil, report.Usage(fmt.Sprintf("%s has no image of %s: give --from the folder that goldenpath package filled", from, w.config.Artifact.Image))
	}
	folder, err := artifact.OpenRegistry(from)
	if err != nil {
		return nil, err
	}
	source, err := folder.Repository(w.config.Artifact.Image)
	if err != nil {
		return nil, err
	}
	built, err := source.Resolve(ctx, digest, v1.Platform{})
	if errors.Is(err, artifact.ErrNotFound) {
		return nil, report.Usage(fmt.Sprintf("%s is not in %s: give --from the folder that goldenpath package filled", digest, from))
	}
	if err != nil {
		return nil, err
	}
	r := w.report("push", report.Pass, report.ReasonPushed)
	r.Digest = built.Digest
	if built.Commit() != w.source.commit {
		r.Verdict, r.Reason = report.Fail, report.ReasonOtherCommit
		r.Title = fmt.Sprintf("the image says it is of commit %.7s, the checkout is at %.7s", built.Commit(), w.source.commit)
		return w.concluded(r), nil
	}
	pushed, err := source.Copy(ctx, built.Digest, w.repo)
	if err != nil {
		return nil, err
	}
	provenance := report.Check{Name: "provenance", State: report.Skipped, Result: "not signed: nothing but a preview takes it"}
	if w.Key != nil {
		if err := w.prove(ctx, pushed.Digest, evidence.Provenance, w.provenance(started)); err != nil {
			return nil, err
		}
		provenance.State, provenance.Result = report.OK, "signed"
	}
	r.Title = fmt.Sprintf("%s@%.19s", w.config.Artifact.Image, pushed.Digest)
	r.Checks = []report.Check{{Name: "image", State: report.OK, Result: pushed.Platform, Note: pushed.Digest}, provenance}
	r.Set("digest", pushed.Digest)
	r.Set("platform-digest", pushed.PlatformDigest)
	return w.concluded(r), nil
}

func (w *walk) concluded(r *report.Report) *report.Report {
	return r
}
