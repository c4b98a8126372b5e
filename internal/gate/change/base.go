package change

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// base is the commit that a checkout is compared with, and the commit from which its
// policy is read.
type base struct {
	compared string // commit whose findings are known; empty: every finding is new
	policy   string // commit that the configuration is read from; empty: the checkout
	waivers  string // commit that the waivers are read from; empty: the checkout
	counted  bool   // what was published after the base counts as new
	since    string // commit that the policy of the checkout is shown against
	proof    string // why this base, or why none
	kind     Kind
	whole    bool // every file is examined, not only the changed ones
}

// Kind says what makes the findings of the base known.
type Kind string

// The kinds of base.
const (
	NoBase   Kind = ""         // there is none: every finding is new
	Named    Kind = "named"    // a person named the base
	Proposed Kind = "proposed" // the base of a pull request or a merge group
	Release  Kind = "release"  // the base was released, so the gate accepted it
	Passed   Kind = "passed"   // an earlier run examined the base completely, and passed
	Adoption Kind = "adoption" // the commit that added goldenpath to the repository
)

// base chooses the base by the request and the kind of event:
//
// - a person can name any commit;
//
// - a pull request and a merge group are compared with their merge base;
//
// - a push, and a run outside GitHub Actions, are compared with the last commit that the
// gate accepted, else with the commit that added goldenpath: the commit before may have
// been refused or never examined;
//
// - a tag, a release and any other event count everything that is neither waived nor in
// the baseline.
func (r repository) base(ctx context.Context, q Request, head string) (base, error) {
	switch {
	case q.Base != "":
		b, err := r.named(ctx, q.Base, head)
		b.whole = q.Event.Name == "push" // its SARIF replaces that of the whole repository
		return b, err
	case q.Event.Name == "push" && head != "" && !q.Event.Tag:
		return r.pushed(ctx, q.Event.Base, head)
	case q.Event.Base != "" && q.Event.Name != "push":
		return r.proposed(ctx, q.Event, head)
	case q.Event.Name != "" && head != "":
		return r.counted(ctx, q.Event, head)
	case head != "":
		return r.local(ctx, head)
	}
	return base{proof: "no base: the folder is not a git repository with a commit"}, nil
}

// local compares a checkout outside GitHub Actions as a push is compared. The person who
// runs the gate decides about the policy, so it is read from the checkout.
func (r repository) local(ctx context.Context, head string) (base, error) {
	a, err := r.lastAccepted(ctx, head)
	if err != nil {
		return base{}, err
	}
	if a.commit == "" && r.adopting(ctx, head) {
		a = accepted{head, "baseline: " + r.configuration() + " is not committed yet, so the findings of the commit are the baseline", Adoption}
	}
	return base{compared: a.commit, proof: a.proof, kind: a.kind, whole: true}, nil
}

// named resolves a base that a person gave. An invalid base is a *report.UsageError.
func (r repository) named(ctx context.Context, name, head string) (base, error) {
	usage := func(format string, args ...any) (base, error) {
		return base{}, report.Usage(fmt.Sprintf("--base "+format, args...))
	}
	if strings.HasPrefix(name, "-") {
		return usage("%q is not a commit: give a branch, a tag or a commit id", name)
	}
	if head == "" {
		return usage("cannot compare with %s: the folder is not a git repository with a commit: leave --base out", name)
	}
	id, err := r.commit(ctx, name)
	if err != nil {
		hint := ""
		if r.isShallow(ctx) {
			hint = ": a shallow checkout may lack it; use fetch-depth: 0"
		}
		return usage("%s is not a commit of this checkout%s", name, hint)
	}
	common, err := r.mergeBase(ctx, id, head)
	switch {
	case err != nil:
		return base{}, err
	case id == head:
		return usage("%s is the checked-out commit: there is no change to compare; name an earlier commit", name)
	case common == head:
		return usage("%s already contains the checked-out commit: there is no change to compare; name an earlier commit", name)
	case common == "":
		return usage("%s has no commit in common with the checkout: a shallow checkout may lack it; use fetch-depth: 0", name)
	}
	return base{compared: common, policy: id, waivers: id, since: common, kind: Named, proof: "given by hand: --base " + name}, nil
}

// proposed resolves the base of a pull request or a merge group.
func (r repository) proposed(ctx context.Context, e Event, head string) (base, error) {
	if head == "" {
		return base{}, fmt.Errorf("cannot find the base %.7s that the %s event names: the folder is not a git repository with a commit: check the repository out first", e.Base, e.Name)
	}
	t, err := r.target(ctx, e, head)
	switch {
	case err != nil:
		return base{}, err
	case t.id == head:
		return base{proof: "no base: the event names the checked-out commit itself"}, nil
	case t.base == head:
		return base{proof: fmt.Sprintf("no base: %.7s already contains the checked-out commit", t.id)}, nil
	case t.base == "":
		return base{}, fmt.Errorf("cannot compare with the base %.7s: the checkout has no commit in common with it\n  try: check out with fetch-depth: 0", t.id)
	}
	return base{compared: t.base, policy: t.id, waivers: t.id, since: t.base, kind: Proposed, proof: t.proof}, nil
}

// counted compares a commit with the baseline alone: whatever was accepted later is
// examined again, and what was published since counts as new. So a release, a schedule
// and a manual run report all that is neither waived nor in the baseline.
//
// The configuration is read from the last commit that the gate accepted, as for a push. A
// tag can name any commit, so without an accepted one its configuration is that of the
// commit that added goldenpath. The waivers are those of the checkout.
func (r repository) counted(ctx context.Context, e Event, head string) (base, error) {
	last, err := r.lastPass(ctx, head, true)
	if err != nil {
		return base{}, err
	}
	a, err := r.baseline(ctx, head, last)
	if err != nil {
		return base{}, err
	}
	switch {
	case a.commit == "":
		a.proof = "no base: the " + e.what() + " counts everything; " + strings.TrimPrefix(a.proof, "no base: ")
	case a.commit != head:
		a.proof = fmt.Sprintf("baseline: %.7s added goldenpath; the %s counts everything that came later", a.commit, e.what())
	}
	policy := last.commit
	if policy == "" && e.Tag && a.commit != head {
		policy = a.commit
	}
	return base{compared: a.commit, policy: policy, since: policy, proof: a.proof, kind: a.kind, whole: true, counted: true}, nil
}

// what names the event.
func (e Event) what() string {
	if e.Tag {
		return "push of a tag"
	}
	return e.Name + " event"
}

// pushed compares a push with the last commit that the gate accepted or, without one, with
// the commit that added goldenpath. It examines every file, because the whole commit is
// released.
//
// The configuration is also read from the accepted commit. Otherwise a refused push could set
// the rules for the next push. The waivers are read from the commit before the push: a
// waiver names its findings, and the report lists it. If waivers were read from the
// accepted commit, a finding without a fix would block every later push. A force push, whose
// commit does not contain the one before it, must not bring its own rules either: without an
// accepted commit they are those of the commit that added goldenpath.
func (r repository) pushed(ctx context.Context, before, head string) (base, error) {
	a, err := r.lastAccepted(ctx, head)
	if err != nil {
		return base{}, err
	}
	last := ""
	if a.kind == Release || a.kind == Passed {
		last = a.commit
	}
	b := base{compared: a.commit, policy: last, waivers: last, proof: a.proof, kind: a.kind, whole: true}
	if before != "" {
		id, err := r.commit(ctx, before)
		if err != nil && !errors.Is(err, errNoCommit) {
			return base{}, err
		}
		follows := err == nil && id != head && r.isAncestor(ctx, id, head)
		switch {
		case follows && (last == "" || r.isAncestor(ctx, last, id)):
			b.waivers = id
			if last != "" {
				break
			}
			b.policy = id
			if !r.adopted(ctx, id) { // this push brought it
				if b.compared, err = r.merged(ctx, a.commit, head, head); err != nil {
					return base{}, err
				}
			}
		case !follows && last == "" && a.commit != head:
			b.policy, b.waivers = a.commit, a.commit
		}
	}
	b.since = b.policy
	return b, nil
}
