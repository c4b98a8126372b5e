package release

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// promotionChecks decide whether a digest may be promoted.
var promotionChecks = []check{
	onTarget,
	inRegistry,
	staged,
	replaces,
	notRolledBack,
	notOlder,
	hasEvidence,
}

// rollbackChecks decide whether an environment may return to an earlier release. The
// ledger alone is not trusted: anyone who can push its branch can add an entry. So the
// image must match the entry and have the same evidence as for a promotion.
var rollbackChecks = []check{
	onTarget,
	returnsFrom,
	toOwnTarget,
	returnsTo,
	notWithdrawn,
	sameConfig,
	matchesEntry,
	hasEvidence,
}

// inRegistry checks that the artifact is in the registry.
func inRegistry(o Options, f *facts) finding {
	a := f.artifact
	if a == nil {
		return refuse("artifact", text.Short(o.Digest)+" is not in the registry", report.ReasonNotFound,
			text.Short(o.Digest)+" is not in the registry: there is nothing to promote; push the artifact first")
	}
	return accept("artifact", fmt.Sprintf("%s (index) %s (%s), %s", text.Short(a.Digest), text.Short(a.PlatformDigest), a.Platform, humanize.Bytes(uint64(a.Size))), "")
}

// staged checks that the previous environment runs the digest, according to both the
// ledger and the running environment (GP-PROM-1).
func staged(o Options, f *facts) finding {
	from, s, r := o.From, f.staged, f.running
	switch {
	case from == "":
		return finding{}
	case s == nil:
		return refuse(from, "has no release", report.ReasonNotStaged, fmt.Sprintf("%s has no release: release the artifact to %s first", from, from))
	case s.Digest != o.Digest:
		return refuse(from, fmt.Sprintf("runs %s (release %s)", text.Short(s.Digest), s.ID), report.ReasonNotStaged,
			fmt.Sprintf("%s is not the staged digest: %s runs %s. A rebuild is another artifact: promote what was tested, or stage this one",
				text.Short(o.Digest), from, text.Short(s.Digest)))
	case f.from.other(s):
		return refuse(from, fmt.Sprintf("release %s ran on %s", s.ID, report.LogLine(s.Target.String())), report.ReasonOtherTarget,
			fmt.Sprintf("release %s of %s ran on another target: %s; this command acts on %s: promote to %[2]s there first, or use the configuration and the kubeconfig context of that target",
				s.ID, from, report.LogLine(s.Target.String()), report.LogLine(f.from.String())))
	case r == nil:
		return refuse(from, "is in the ledger and does not run", report.ReasonNotRunning, fmt.Sprintf("%s does not run release %s: deploy it there again with %s", from, s.ID, redeploy(f.from, s)))
	case !r.Alive:
		return refuse(from, "release "+s.ID+" has died", report.ReasonNotRunning, fmt.Sprintf("%s no longer runs release %s: deploy it there again with %s", from, s.ID, redeploy(f.from, s)))
	case r.Digest != o.Digest, f.artifact != nil && r.PlatformDigest != f.artifact.PlatformDigest:
		return refuse(from, fmt.Sprintf("runs %s, the ledger names %s", text.Short(r.Digest), text.Short(s.Digest)), report.ReasonDrift,
			fmt.Sprintf("%s runs something that is not in the ledger: stage again", from))
	}
	return accept(from, fmt.Sprintf("runs this digest as %s, staged %s, not rebuilt", s.ID, humanize.RelTime(s.Time, f.now, "ago", "from now")), "")
}

// redeploy returns the command that deploys the release of an environment again.
func redeploy(at place, released *ledger.Entry) string {
	if at.Kind == "process" {
		return Restart(released.Environment, released.ID)
	}
	return "goldenpath promote --environment " + released.Environment
}

// Restart returns the command that deploys the release of an environment again, whatever
// the commit of the working tree.
func Restart(environment, id string) string {
	return fmt.Sprintf("goldenpath rollback --environment %s --reason restart %s", environment, id)
}

// replaces reports which release the promotion replaces. It never refuses.
func replaces(o Options, f *facts) finding {
	switch c := f.current; {
	case c == nil && f.unread != "":
		return finding{row: report.Check{Name: "replaces", State: report.NotApplicable, Result: "the first release in the ledger of this clone",
			Note: fmt.Sprintf("the ledger of %s was not read: --ledger-remote %[1]s reads it", f.unread)}}
	case c == nil:
		return finding{row: report.Check{Name: "replaces", State: report.NotApplicable, Result: "first release", Note: "there is no release to roll back to"}}
	case c.Digest == o.Digest:
		return accept("replaces", "nothing: release "+c.ID+" is this digest", "")
	default:
		return accept("replaces", fmt.Sprintf("%s %s", c.ID, text.Short(c.Digest)), "rollback target")
	}
}

// notRolledBack refuses a digest that was rolled back at any time and not released again
// since, because releasing it again would cause the same fault.
func notRolledBack(o Options, f *facts) finding {
	c := f.withdrawn
	if c == nil || o.Again {
		return finding{}
	}
	return refuse("history", fmt.Sprintf("%s rolled this digest back, as %s, on %s: %s", c.By, c.Replaces, c.Time.Format(time.RFC3339), c.Reason), report.ReasonWasRolledBack,
		fmt.Sprintf("this digest was rolled back from %s (%s, by %s): release a commit that fixes the cause, or pass --again", o.Environment, c.Reason, c.By))
}

// restoresConfig reports whether a rollback runs with the configuration of the release that it
// returns to: a server reads it from the signed commit. Elsewhere that of the checkout applies.
func restoresConfig(o Options, f *facts) bool {
	return f.at.Kind == "server" || o.Manifest.Config == ""
}

// sameConfig says if a rollback brings back the image and not the configuration.
func sameConfig(o Options, f *facts) finding {
	if f.to == nil || restoresConfig(o, f) {
		return finding{}
	}
	m, err := manifestOf(*f.to)
	if err != nil || m.Config == "" || m.Config == o.Manifest.Config {
		return finding{} // an entry that cannot be read is refused later
	}
	return finding{row: report.Check{
		Name: "configuration", State: report.Warned, Result: fmt.Sprintf("that of the checkout (%s), not that of release %s (%s)", text.Short(o.Manifest.Config), f.to.ID, text.Short(m.Config)),
		Note: fmt.Sprintf("variables and the like are as they are now; to run it exactly as then, roll back in a checkout of %.12s", f.to.Commit),
	}}
}

// hasEvidence checks that every required piece of evidence exists and was signed by a
// signer that is trusted now (GP-PROM-2).
func hasEvidence(o Options, f *facts) finding {
	if f.artifact == nil {
		return finding{} // refused by another check
	}
	var results, missing, failed []string
	for _, r := range o.Require {
		result := f.evidence.Verdict(r.Type, r.Environment)
		switch {
		case !result.Found():
			missing = append(missing, r.Name)
			results = append(results, r.Name+" missing")
		case result.Problem != "":
			failed = append(failed, r.Name+" ("+result.Problem+")")
			results = append(results, r.Name+" "+result.Verdict+" ("+result.Problem+")")
		case result.Verdict != string(report.Pass) && result.Verdict != string(report.Warn):
			failed = append(failed, r.Name)
			fallthrough
		default:
			results = append(results, r.Name+" "+result.Verdict)
		}
	}
	found := accept("evidence", strings.Join(results, ", "), "")
	switch {
	case len(missing) > 0:
		found = refuse("evidence", strings.Join(results, ", "), report.ReasonEvidenceMissing,
			fmt.Sprintf("%s has no trusted evidence of %s: run the path for this digest", text.Short(f.artifact.Digest), strings.Join(missing, ", ")))
	case len(failed) > 0:
		found = refuse("evidence", strings.Join(results, ", "), report.ReasonEvidenceFailed,
			fmt.Sprintf("the evidence speaks against it: %s of %s did not pass: release a commit that passes", strings.Join(failed, ", "), text.Short(f.artifact.Digest)))
	}
	if n := f.evidence.Untrusted; n > 0 {
		ignored := fmt.Sprintf("%d ignored: not signed by the trusted key", n)
		found.row.Note = strings.Trim(found.row.Note+"; "+ignored, "; ")
	}
	return found
}

// links returns the evidence of a release for its manifest.
func links(o Options, f *facts) []EvidenceLink {
	var all []EvidenceLink
	for _, r := range o.Require {
		if result := f.evidence.Verdict(r.Type, r.Environment); result.Found() {
			all = append(all, EvidenceLink{Name: r.Name, Type: r.Type, Verdict: result.Verdict})
		}
	}
	return all
}

// returnsFrom reports which release the rollback replaces. It never refuses.
func returnsFrom(_ Options, f *facts) finding {
	if f.current == nil {
		return finding{} // refused by returnsTo
	}
	return accept("from", fmt.Sprintf("%s %s", f.current.ID, text.Short(f.current.Digest)), "")
}

// returnsTo checks that there is an earlier release and that its artifact can be pulled.
func returnsTo(o Options, f *facts) finding {
	to := f.to
	if to == nil {
		return refuse("to", f.noneTo, report.ReasonNoRelease, fmt.Sprintf("%s: %s", o.Environment, f.noneTo))
	}
	if !validDigest.MatchString(to.Digest) {
		return refuse("to", to.ID+" names no digest", report.ReasonLedgerMismatch,
			fmt.Sprintf("release %s in the ledger names %.80q, which is not a digest. The entry was not written by goldenpath: revert the commit of branch %s that added it, or roll back to another release with --to", to.ID, to.Digest, ledger.Branch))
	}
	what := fmt.Sprintf("%s %s, released %s", to.ID, text.Short(to.Digest), to.Time.Format(time.RFC3339))
	if !o.Moved && (f.at.other(f.current) || f.at.other(to)) {
		return finding{} // refused already, and the artifact was not read
	}
	if f.artifact == nil {
		return refuse("to", what, report.ReasonNotPullable,
			fmt.Sprintf("release %s cannot be pulled any more: %s is not in the registry; roll back to another release with --to", to.ID, text.Short(to.Digest)))
	}
	return accept("to", what, "")
}

// notWithdrawn refuses a release that was rolled back, or whose soak failed, because
// returning to it would cause the same fault.
func notWithdrawn(o Options, f *facts) finding {
	if f.bad == "" || o.Again {
		return finding{}
	}
	return refuse("history", f.bad, report.ReasonWasRolledBack, f.bad+": return to another release, or pass --again")
}

// matchesEntry checks that the ledger's entry matches the image that its digest
// identifies.
func matchesEntry(o Options, f *facts) finding {
	to, a := f.to, f.artifact
	if to == nil || a == nil {
		return finding{} // refused by returnsTo
	}
	var wrong []string
	differ := func(what, entry, image string) {
		if entry != image {
			wrong = append(wrong, fmt.Sprintf("%s is %q in the entry and %q in the image", what, entry, image))
		}
	}
	if to.Kind != ledger.KindRelease && to.Kind != ledger.KindRollback {
		wrong = append(wrong, fmt.Sprintf("the entry is a %q", to.Kind))
	}
	if to.App != o.App || to.Environment != o.Environment {
		wrong = append(wrong, fmt.Sprintf("the entry is about %s in %s", to.App, to.Environment))
	}
	differ("the index", text.Short(to.Digest), text.Short(a.Digest))
	differ("the commit", to.Commit, a.Commit())
	if !slices.Contains(a.Manifests, to.PlatformDigest) {
		wrong = append(wrong, fmt.Sprintf("the image has no manifest %q", text.Short(to.PlatformDigest)))
	}
	if len(wrong) > 0 {
		return refuse("entry", strings.Join(wrong, "; "), report.ReasonLedgerMismatch,
			fmt.Sprintf("release %s in the ledger does not match its image: %s. The entry was not written by goldenpath: revert the commit of branch %s that added it, or roll back to another release with --to",
				to.ID, strings.Join(wrong, "; "), ledger.Branch))
	}
	return accept("entry", fmt.Sprintf("matches the image: commit %.7s, platform %s", to.Commit, text.Short(to.PlatformDigest)), "")
}
