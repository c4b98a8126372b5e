package change

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// askTarget is the time limit for asking the remote "origin" for the branch that a pull
// request merges into.
const askTarget = 30 * time.Second

// target is a commit of the branch that a pull request or merge group merges into.
type target struct {
	id    string // commit that the policy is read from
	base  string // newest commit that it has in common with the checkout; "": none
	proof string // why this commit
}

// target returns the commit that a pull request or merge group is compared with. GitHub's
// own merge commit has it as its first parent.
func (r repository) target(ctx context.Context, e Event, head string) (t target, err error) {
	if r.isShallow(ctx) {
		_, _ = r.fetch(ctx, e.Base) // a history that is cut on one arm has a wrong merge base
	}
	if e.Merge == "" || e.Merge != head {
		return r.newest(ctx, e, head)
	}
	t.proof = "first parent of the merge commit that GitHub made of the pull request"
	if t.id, err = r.commit(ctx, head+"^1"); err != nil {
		if t.id, err = r.find(ctx, e); err != nil {
			return t, err
		}
	}
	t.base, err = r.mergeBase(ctx, t.id, head)
	return t, err
}

// find returns the base that an event names, and fetches it if the checkout lacks it.
func (r repository) find(ctx context.Context, e Event) (string, error) {
	id, err := r.commit(ctx, e.Base)
	if err != nil {
		id, err = r.fetch(ctx, e.Base)
	}
	if err != nil {
		return "", fmt.Errorf("cannot find the base %.7s that the %s event names: %w\n  try: check out with fetch-depth: 0", e.Base, e.Name, err)
	}
	return id, nil
}

// newest returns the newest known commit of the branch that the checkout merges into. The
// event names a commit that can be older than what the change has merged or was rebased
// onto since: https://github.com/tj-actions/changed-files/issues/704. Commits of the
// branch itself are not part of the change, so the commit graph decides.
func (r repository) newest(ctx context.Context, e Event, head string) (target, error) {
	t := target{proof: fmt.Sprintf("merge base with %.7s, which the %s event names", e.Base, e.Name)}
	var err error
	if t.id, err = r.find(ctx, e); err != nil {
		return t, err
	}
	if t.base, err = r.mergeBase(ctx, t.id, head); err != nil {
		return t, err
	}
	consider := func(id, proof string) {
		base, err := r.mergeBase(ctx, id, head)
		if err != nil || base == "" || base == head || base == t.base || t.base != "" && !r.isAncestor(ctx, t.base, base) {
			return
		}
		t = target{id, base, proof}
	}
	if e.Merge != "" && e.Merge != head {
		if id, err := r.commit(ctx, e.Merge+"^1"); err == nil {
			consider(id, fmt.Sprintf("merge base with %.7s, the first parent of the merge commit that GitHub made", id))
		}
	}
	if e.Branch == "" {
		return t, nil
	}
	tip, err := r.tip(ctx, e.Branch)
	if err != nil {
		t.proof += "; commits that " + e.Branch + " got since would count as new: " + err.Error()
		return t, ctx.Err()
	}
	consider(tip, fmt.Sprintf("merge base with %.7s, the newest commit of %s; the event names the older %.7s", tip, e.Branch, e.Base))
	return t, ctx.Err()
}

// tip returns the newest commit of a branch of the remote "origin".
func (r repository) tip(ctx context.Context, branch string) (string, error) {
	if id, err := r.commit(ctx, "refs/remotes/origin/"+branch); err == nil {
		return id, nil
	}
	if r.offline {
		return "", fmt.Errorf("the checkout does not have the branch, and the remote \"origin\" was not asked")
	}
	asked, cancel := context.WithTimeout(ctx, askTarget)
	defer cancel()
	out, err := r.git(asked, "ls-remote", "origin", "refs/heads/"+branch)
	id, _, _ := strings.Cut(out, "\t")
	if err != nil || !commitID.MatchString(id) {
		return "", fmt.Errorf("the remote \"origin\" could not be asked: check out with fetch-depth: 0")
	}
	if _, err := r.commit(ctx, id); err == nil {
		return id, nil
	}
	if id, err = r.fetch(ctx, id); err != nil {
		return "", fmt.Errorf("the branch could not be fetched: check out with fetch-depth: 0")
	}
	return id, nil
}
