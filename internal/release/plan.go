package release

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// plan is everything a promotion is decided on, read before anything is
// written.
type plan struct {
	artifact artifact.Artifact
	staged   *ledger.Entry // in Options.From
	current  *ledger.Entry // in Options.Environment
	undone   *ledger.Entry // what the current release, a rollback, returned from
	running  target.Running
	evidence evidence.Collection
	links    []EvidenceLink
	checks   []report.Check
	refusal  report.Reason // reason code; "": it may go on
	why      string
	started  time.Time
}

// makePlan reads artifact, ledger, target and evidence. Whatever speaks against
// the promotion is found, not the first of it alone.
func makePlan(ctx context.Context, d Deps, o Options) (*plan, error) {
	p := &plan{started: d.Now().UTC()}
	a, err := d.Repository.Resolve(ctx, o.Digest, v1.Platform{})
	if errors.Is(err, artifact.ErrNotFound) {
		p.check("artifact", report.Failed, short(o.Digest)+" is not in the registry", "")
		p.refuse(report.ReasonNotFound, fmt.Sprintf("%s is not in the registry: nothing to promote", short(o.Digest)))
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	if a.Digest != o.Digest {
		return nil, report.Usage(fmt.Sprintf("promote %q: give the digest, %s: a tag may move", o.Digest, a.Digest))
	}
	p.artifact = a
	p.check("artifact", report.OK, fmt.Sprintf("%s (index) %s (%s), %s", short(a.Digest), short(a.PlatformDigest), a.Platform, humanize.Bytes(uint64(a.Size))), "")
	err = d.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) error {
		var err error
		if p.current, err = current(ctx, tx, o.Environment); err != nil {
			return err
		}
		if c := p.current; c != nil && c.Kind == ledger.KindRollback && c.Replaces != "" {
			undone, err := tx.Find(ctx, o.Environment, c.Replaces, "")
			if err != nil {
				return err
			}
			p.undone = &undone
		}
		if o.From == "" {
			return nil
		}
		p.staged, err = current(ctx, tx, o.From)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := p.checkStaged(ctx, d, o); err != nil {
		return nil, err
	}
	p.checkCurrent(o)
	p.checkUndone(o)
	if err := p.checkEvidence(ctx, d, o); err != nil {
		return nil, err
	}
	return p, nil
}

func current(ctx context.Context, tx *ledger.Tx, environment string) (*ledger.Entry, error) {
	e, err := tx.Current(ctx, environment)
	if errors.Is(err, ledger.ErrNone) {
		return nil, nil
	}
	return &e, err
}

// checkStaged asserts that the digest is what runs in the environment before:
// by the ledger, and by what the target itself says (GP-PROM-1).
func (p *plan) checkStaged(ctx context.Context, d Deps, o Options) error {
	if o.From == "" {
		return nil
	}
	if p.staged == nil {
		p.check(o.From, report.Failed, "nothing was ever released there", "")
		p.refuse(report.ReasonNotStaged, fmt.Sprintf("%s has no release: an artifact walks through %s first", o.From, o.From))
		return nil
	}
	if p.staged.Digest != o.Digest {
		p.check(o.From, report.Failed, fmt.Sprintf("runs %s (release %s)", short(p.staged.Digest), p.staged.ID), "")
		p.refuse(report.ReasonNotStaged, fmt.Sprintf("%s is not the staged digest: %s runs %s. A rebuild is another artifact: promote what was tested, or stage this one",
			short(o.Digest), o.From, short(p.staged.Digest)))
		return nil
	}
	running, err := d.Target.Status(ctx, o.From)
	if errors.Is(err, target.ErrNotDeployed) {
		p.check(o.From, report.Failed, "is in the ledger and does not run", "")
		p.refuse(report.ReasonNotRunning, fmt.Sprintf("%s does not run release %s: deploy it there again", o.From, p.staged.ID))
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", o.From, err)
	}
	if !running.Alive {
		p.check(o.From, report.Failed, "release "+p.staged.ID+" has died", "")
		p.refuse(report.ReasonNotRunning, fmt.Sprintf("%s does not run release %s any more: deploy it there again", o.From, p.staged.ID))
		return nil
	}
	if running.Digest != o.Digest || running.PlatformDigest != p.artifact.PlatformDigest {
		p.check(o.From, report.Failed, fmt.Sprintf("runs %s, the ledger says %s", short(running.Digest), short(p.staged.Digest)), "")
		p.refuse(report.ReasonDrift, fmt.Sprintf("%s runs something the ledger does not know: stage again", o.From))
		return nil
	}
	p.check(o.From, report.OK, fmt.Sprintf("runs this digest as %s, staged %s, not rebuilt", p.staged.ID, humanize.RelTime(p.staged.Time, d.Now(), "ago", "from now")), "")
	return nil
}

func (p *plan) checkCurrent(o Options) {
	switch {
	case p.current == nil:
		p.check("replaces", report.NotApplicable, "first release", "there is nothing to roll back to")
	case p.current.Digest == o.Digest:
		p.check("replaces", report.OK, "nothing: release "+p.current.ID+" is this digest", "")
	default:
		p.check("replaces", report.OK, fmt.Sprintf("%s %s", p.current.ID, short(p.current.Digest)), "rollback target")
	}
}

// checkUndone keeps out what was rolled back, until somebody says otherwise: the
// same digest would bring the same trouble.
func (p *plan) checkUndone(o Options) {
	if p.undone == nil || p.undone.Digest != o.Digest || o.Again {
		return
	}
	c := p.current
	p.check("history", report.Failed, fmt.Sprintf("%s rolled this digest back from %s on %s: %s", c.By, p.undone.ID, c.Time.Format(time.RFC3339), c.Reason), "")
	p.refuse(report.ReasonWasRolledBack, fmt.Sprintf("this digest was rolled back from %s (%s, by %s): release a commit that mends it, or say --again", o.Environment, c.Reason, c.By))
}

// checkEvidence holds the artifact to what is required of it (GP-PROM-2).
func (p *plan) checkEvidence(ctx context.Context, d Deps, o Options) error {
	c, err := evidence.Collect(ctx, d.Repository, d.Trust, o.Digest, d.Now())
	if err != nil {
		return err
	}
	p.evidence = c
	var said, missing, bad []string
	for _, r := range o.Require {
		result := c.Verdict(r.Type, r.Environment)
		verdict := result.Verdict
		switch {
		case !result.Found():
			missing = append(missing, r.Name)
			said = append(said, r.Name+" missing")
			continue
		case verdict != "pass" && verdict != "warn":
			bad = append(bad, r.Name)
		}
		said = append(said, r.Name+" "+verdict)
		p.links = append(p.links, EvidenceLink{Name: r.Name, Type: r.Type, Verdict: verdict})
	}
	note := ""
	if c.Untrusted > 0 {
		note = fmt.Sprintf("%d not signed by the trusted key: not used", c.Untrusted)
	}
	state := report.OK
	if len(missing)+len(bad) > 0 {
		state = report.Failed
	}
	p.check("evidence", state, strings.Join(said, ", "), note)
	switch {
	case len(missing) > 0:
		p.refuse(report.ReasonEvidenceMissing, "no trusted evidence of "+strings.Join(missing, ", ")+": run the path for this digest")
	case len(bad) > 0:
		p.refuse(report.ReasonEvidenceFailed, "the evidence speaks against it: "+strings.Join(bad, ", "))
	}
	return nil
}

func (p *plan) check(name string, s report.State, result, note string) {
	p.checks = append(p.checks, report.Check{Name: name, State: s, Result: result, Note: note})
}

// refuse keeps the first reason: the checks show them all.
func (p *plan) refuse(reason report.Reason, why string) {
	if p.refusal == "" {
		p.refusal, p.why = reason, why
	}
}

func (p *plan) report(o Options) *report.Report {
	return &report.Report{
		Name: "promote", Subject: o.App + " → " + o.Environment, Commit: p.artifact.Commit(), Digest: o.Digest,
		Checks: p.checks, Started: p.started,
	}
}

func short(digest string) string { return digest[:min(len(digest), 19)] }
