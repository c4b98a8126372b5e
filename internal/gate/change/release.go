package change

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/apps"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// askOrigin is the time limit for asking the remote "origin" for the ledger if the
// checkout has none.
const askOrigin = 30 * time.Second

var commitID = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)

// released is the newest release that a commit contains.
type released struct {
	commit   string   // empty: none is proven
	kind     Kind     // Release or Passed; empty: none is proven
	proof    string   // where it is recorded, or "no base: " and why there is none
	releases []string // other commits that were released
}

// lastRelease returns the newest released commit that head contains, and how that is
// known. A release requires a signed report of a gate that passed, so everything in
// that commit was accepted.
//
// Without own, a release of head itself is ignored, so that a second run for a commit gives
// the same result as the first.
func (r repository) lastRelease(ctx context.Context, head string, own bool) (released, error) {
	tips, why := r.ledgerTips(ctx)
	if len(tips) == 0 {
		return released{proof: "no base: " + why}, ctx.Err()
	}
	var last released
	for _, t := range tips {
		found, err := r.lastReleaseIn(ctx, head, own, t)
		if err != nil {
			return released{}, err
		}
		found.releases = append(found.releases, last.releases...)
		if last.commit != "" && (found.commit == "" || r.isAncestor(ctx, found.commit, last.commit)) {
			found.commit, found.proof = last.commit, last.proof
		}
		last = found
	}
	return last, ctx.Err()
}

// lastReleaseIn is lastRelease for one ledger.
func (r repository) lastReleaseIn(ctx context.Context, head string, own bool, t ledgerTip) (released, error) {
	releases, err := r.releases(ctx, t.commit)
	if err != nil {
		return released{proof: fmt.Sprintf("no base: the ledger (%s at %.7s) cannot be read: %v", t.where, t.commit, err)}, ctx.Err()
	}
	var out released
	deepened := false
	for _, e := range releases {
		if _, err := r.commit(ctx, e.Commit); (err != nil || !r.isAncestor(ctx, e.Commit, head)) && !deepened && r.isShallow(ctx) {
			deepened = true
			_, _ = r.fetch(ctx, head) // where it fails, the release stays unproven
		}
		if e.Commit == head && !own {
			continue
		}
		if r.isAncestor(ctx, e.Commit, head) && r.isOurs(ctx, e.Commit) {
			out.commit, out.proof = e.Commit, fmt.Sprintf("last release: %s of %s, recorded in %s at %.7s", e.ID, e.Environment, t.where, t.commit)
			return out, nil
		}
		out.releases = append(out.releases, e.Commit)
	}
	if len(out.releases) == 0 {
		out.proof = fmt.Sprintf("no base: %s at %.7s records no release", t.where, t.commit)
		if len(releases) > 0 {
			out.proof += " before this commit"
		}
		return out, ctx.Err()
	}
	out.proof = "no base: this commit contains none of the releases recorded in " + t.where
	if r.isShallow(ctx) {
		out.proof += "; the checkout is shallow: check out with fetch-depth: 0"
	}
	return out, ctx.Err()
}

// isOurs reports whether the app that a commit has in the folder is not another one: two apps
// that exchange their names must not exchange what was accepted for them.
func (r repository) isOurs(ctx context.Context, commit string) bool {
	out, err := r.git(ctx, "cat-file", "blob", commit+":"+r.configuration())
	return err != nil || apps.Name([]byte(out), r.folder) == r.app
}

// ledgerTip is the newest commit of a ledger and the name of its branch.
type ledgerTip struct{ commit, where string }

// Upstream is the remote under which a checkout that goldenpath run made has the ledger
// of the user's remote "origin". Its own "origin" is the user's repository.
const Upstream = "upstream"

// ledgerTips returns the ledgers of a checkout. If there are none, why states the
// reason. actions/checkout with fetch-depth: 0 also fetches the ledger's branch; without
// that branch, ledgerTips asks the remote "origin".
func (r repository) ledgerTips(ctx context.Context) (tips []ledgerTip, why string) {
	for _, where := range []string{"origin/" + ledger.Branch, Upstream + "/" + ledger.Branch, ledger.Branch} {
		ref := "refs/heads/" + where
		if strings.Contains(where, "/") {
			ref = "refs/remotes/" + where
		}
		if tip, err := r.commit(ctx, ref); err == nil {
			tips = append(tips, ledgerTip{tip, where})
		}
	}
	if len(tips) > 0 {
		return tips, ""
	}
	if _, err := r.git(ctx, "remote", "get-url", "origin"); err != nil {
		return nil, "this repository has no branch " + ledger.Branch + ", so no release is recorded"
	}
	if r.offline {
		return nil, "the checkout has no branch " + ledger.Branch + ", and the remote \"origin\" was not asked"
	}
	ctx, cancel := context.WithTimeout(ctx, askOrigin)
	defer cancel()
	out, err := r.git(ctx, "ls-remote", "origin", "refs/heads/"+ledger.Branch)
	if err != nil {
		return nil, "the checkout has no branch " + ledger.Branch + ", and the remote \"origin\" could not be asked: check out with fetch-depth: 0"
	}
	tip, _, _ := strings.Cut(out, "\t")
	if !commitID.MatchString(tip) {
		return nil, "origin has no branch " + ledger.Branch + ", so no release is recorded"
	}
	if _, err := r.git(ctx, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "origin", tip); err != nil {
		return nil, "the branch " + ledger.Branch + " could not be fetched: check out with fetch-depth: 0"
	}
	return []ledgerTip{{tip, "origin/" + ledger.Branch}}, ""
}

// releases returns the releases that the ledger records, newest first, and for each
// commit only the newest release.
func (r repository) releases(ctx context.Context, tip string) ([]ledger.Entry, error) {
	var out []ledger.Entry
	l := (&ledger.Ledger{Git: git.Own(r.dir).AnyOwner()}).Of(r.folder, r.app)
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
