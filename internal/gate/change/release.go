package change

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// askOrigin is the time limit for asking the remote "origin" for the ledger if the
// checkout has none.
const askOrigin = 30 * time.Second

var commitID = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)

// lastRelease returns the newest released commit that head contains, and how that is
// known. A release requires a signed report of a gate that passed, so everything in
// that commit was accepted. If no release can be proven, commit is empty, proof states
// the reason, and every finding is new.
//
// A release of head itself is ignored, so that a second run for a commit gives the same
// result as the first.
func (r repository) lastRelease(ctx context.Context, head string) (commit, proof string, err error) {
	tip, where := r.ledgerTip(ctx)
	if tip == "" {
		return "", "no base: " + where, ctx.Err()
	}
	releases, err := r.releases(ctx, tip)
	if err != nil {
		if ctx.Err() != nil {
			return "", "", ctx.Err()
		}
		return "", fmt.Sprintf("no base: the ledger (%s at %.7s) cannot be read: %v", where, tip, err), nil
	}
	deepened := false
	for _, e := range releases {
		if _, err := r.commit(ctx, e.Commit); (err != nil || !r.isAncestor(ctx, e.Commit, head)) && !deepened && r.isShallow(ctx) {
			deepened = true
			_, _ = r.fetch(ctx, head) // where it fails, the release stays unproven
		}
		if e.Commit != head && r.isAncestor(ctx, e.Commit, head) {
			return e.Commit, fmt.Sprintf("last release: %s of %s, recorded in %s at %.7s", e.ID, e.Environment, where, tip), nil
		}
	}
	if len(releases) == 0 {
		return "", fmt.Sprintf("no base: %s at %.7s records no release", where, tip), ctx.Err()
	}
	why := "no base: this commit contains none of the releases recorded in " + where
	if r.isShallow(ctx) {
		why += "; the checkout is shallow: check out with fetch-depth: 0"
	}
	return "", why, ctx.Err()
}

// ledgerTip returns the newest commit of the ledger and the name of its branch. If
// there is none, tip is empty and where is the reason. actions/checkout with
// fetch-depth: 0 also fetches the ledger's branch; without that branch, ledgerTip asks
// the remote "origin".
func (r repository) ledgerTip(ctx context.Context) (tip, where string) {
	for _, where := range []string{"origin/" + ledger.Branch, ledger.Branch} {
		ref := "refs/heads/" + where
		if strings.HasPrefix(where, "origin/") {
			ref = "refs/remotes/" + where
		}
		if tip, err := r.commit(ctx, ref); err == nil {
			return tip, where
		}
	}
	if _, err := r.git(ctx, "remote", "get-url", "origin"); err != nil {
		return "", "this repository has no branch " + ledger.Branch + ", so no release is recorded"
	}
	ctx, cancel := context.WithTimeout(ctx, askOrigin)
	defer cancel()
	out, err := r.git(ctx, "ls-remote", "origin", "refs/heads/"+ledger.Branch)
	if err != nil {
		return "", "the checkout has no branch " + ledger.Branch + ", and the remote \"origin\" could not be asked: check out with fetch-depth: 0"
	}
	tip, _, _ = strings.Cut(out, "\t")
	if !commitID.MatchString(tip) {
		return "", "origin has no branch " + ledger.Branch + ", so no release is recorded"
	}
	if _, err := r.git(ctx, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "origin", tip); err != nil {
		return "", "the branch " + ledger.Branch + " could not be fetched: check out with fetch-depth: 0"
	}
	return tip, "origin/" + ledger.Branch
}

// releases returns the releases that the ledger records, newest first, and for each
// commit only the newest release.
func (r repository) releases(ctx context.Context, tip string) ([]ledger.Entry, error) {
	var out []ledger.Entry
	l := &ledger.Ledger{Git: git.Own(r.dir).AnyOwner()}
	err := l.ViewAt(ctx, tip, func(ctx context.Context, tx *ledger.Tx) error {
		all, err := tx.Entries(ctx, "")
		seen := map[string]bool{}
		for _, e := range slices.Backward(all) {
			if e.Kind == ledger.KindRelease && e.Verdict != "fail" && commitID.MatchString(e.Commit) && !seen[e.Commit] {
				seen[e.Commit] = true
				out = append(out, e)
			}
		}
		return err
	})
	return out, err
}
