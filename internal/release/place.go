package release

import (
	"fmt"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// recorded returns a place in the form that the ledger records.
func recorded(p target.Place) ledger.Target {
	return ledger.Target{Kind: p.Kind, Place: report.LogLine(p.Name)}
}

// at returns where an environment runs. If the place cannot be found, a release of another
// kind of target can still be refused, so the error is kept.
func (d Deps) at(environment string) place {
	p, err := d.Target.Place(environment)
	return place{Place: p, err: err}
}

// place is where an environment runs, or why that is not known.
type place struct {
	target.Place
	err error
}

// other reports whether a release was recorded on another target than this place.
func (p place) other(e *ledger.Entry) bool {
	if e == nil || p.err != nil && e.Target.Kind == p.Kind {
		return false
	}
	return !e.Target.Same(recorded(p.Place))
}

// onTarget checks that the releases that this command reads ran on the target that it acts
// on. Otherwise it would act on a cluster because of what ran on a laptop, or the other
// way round.
func onTarget(o Options, f *facts) finding {
	here := report.LogLine(f.at.String())
	if f.at.other(f.current) && !o.Moved {
		return refuseTarget("target", o, f, f.current)
	}
	found := accept("target", here, "")
	if f.at.other(f.current) {
		found.row.State, found.row.Note = report.Warned, fmt.Sprintf("moved: release %s ran on %s", f.current.ID, report.LogLine(f.current.Target.String()))
	}
	return found
}

// toOwnTarget checks that the release to return to ran on the target that is acted on.
func toOwnTarget(o Options, f *facts) finding {
	if !f.at.other(f.to) || f.at.other(f.current) || o.Moved { // current is refused by onTarget
		return finding{}
	}
	return refuseTarget("to", o, f, f.to)
}

func refuseTarget(row string, o Options, f *facts, e *ledger.Entry) finding {
	here := report.LogLine(f.at.String())
	return refuse(row, here, report.ReasonOtherTarget, fmt.Sprintf(
		"release %s of %s ran on another target: %s; this command acts on %s. Nothing was changed: use the configuration and the kubeconfig context of that target, or pass --moved if %s has moved here",
		e.ID, o.Environment, report.LogLine(e.Target.String()), here, o.Environment))
}

// notOlder refuses a commit that is older than the one that runs, as a run that was
// started again or an old worktree would release it. In the first environment, where people
// try things, that is a warning. A commit of another branch is reported.
func notOlder(o Options, f *facts) finding {
	c, a := f.current, f.artifact
	if c == nil || a == nil {
		return finding{}
	}
	switch {
	case f.order.Err != nil:
		return finding{row: report.Check{Name: "order", State: report.Inconclusive, Result: fmt.Sprintf("not known whether %.7s is newer than %.7s, which runs", a.Commit(), c.Commit),
			Note: "this clone lacks one of the commits: check out with fetch-depth: 0, or run git fetch"}}
	case f.order.Older && o.From == "" && o.Followed:
		return finding{row: report.Check{Name: "order", State: report.Warned, Result: fmt.Sprintf("%.7s is older than %.7s, which runs as %s", a.Commit(), c.Commit, c.ID),
			Note: "what comes after " + o.Environment + " refuses it without --older"}}
	case f.order.Older && !o.Older:
		return refuse("order", fmt.Sprintf("%.7s is older than %.7s, which runs as %s", a.Commit(), c.Commit, c.ID), report.ReasonOlderCommit,
			fmt.Sprintf("commit %.7s is older than %.7s, which runs in %s as release %s: release a newer commit, return to an earlier release with goldenpath rollback, or pass --older", a.Commit(), c.Commit, o.Environment, c.ID))
	case f.order.Older:
		return finding{row: report.Check{Name: "order", State: report.Warned, Result: fmt.Sprintf("%.7s is older than %.7s, which runs as %s", a.Commit(), c.Commit, c.ID), Note: "accepted with --older"}}
	case f.order.Without > 0:
		return finding{row: report.Check{Name: "order", State: report.Warned,
			Result: fmt.Sprintf("%.7s lacks %s of %.7s, which runs as %s", a.Commit(), english.Plural(f.order.Without, "commit", ""), c.Commit, c.ID),
			Note:   "it is on another branch: merge first if these changes must stay"}}
	}
	return finding{}
}
