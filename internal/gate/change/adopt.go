package change

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/workflows"
)

// marks are files that only a repository that uses goldenpath has. A workflow that calls
// goldenpath is a mark too. A waiver file is not: it accepts what it names, and the commit
// that adds the first waiver must not accept everything else.
//
// The marks of an app in a folder are those of the folder: an app that a repository adds
// later has a baseline of its own.
func (r repository) marks() []string {
	if r.folder != "" {
		return []string{r.configuration(), path.Join(r.folder, ".goldenpath/baseline.json")}
	}
	return []string{r.configuration(), ".goldenpath/baseline.json", ".goldenpath/evidence.pub"}
}

// configuration is the configuration of the app.
func (r repository) configuration() string { return path.Join(r.folder, config.File) }

const (
	workflowFolder = ".github/workflows"
	mostMarks      = 100 // commits that are compared to find the oldest
)

// accepted is the commit whose findings are known, for a push and for a run on a laptop:
// both use this function, so they agree on what is new.
type accepted struct {
	commit string // empty: every finding is new
	proof  string // why this commit, or why none
	kind   Kind
}

// lastAccepted returns the newest commit that the gate accepted and that head contains.
// Without one, the commit that added goldenpath to the repository is the baseline: its
// findings existed when the gate examined the repository for the first time. Every later
// finding stays new until a release, a run that passes, a waiver or a committed baseline
// accepts it, also if the push that brought it was refused or never examined.
func (r repository) lastAccepted(ctx context.Context, head string) (accepted, error) {
	last, err := r.lastPass(ctx, head, false)
	if err != nil || last.commit != "" {
		return accepted{last.commit, last.proof, last.kind}, err
	}
	return r.baseline(ctx, head, last)
}

// lastPass returns the newest commit that the gate accepted and that head contains: a
// release, or a commit of an earlier run that the workflow names. With own, that can be
// head itself.
func (r repository) lastPass(ctx context.Context, head string, own bool) (released, error) {
	last, err := r.lastRelease(ctx, head, own)
	if err != nil {
		return last, err
	}
	if last.commit != "" {
		last.kind = Release
	}
	if len(r.passed) > 0 && r.isShallow(ctx) {
		_, _ = r.fetch(ctx, head) // where it fails, an older commit stays unproven
	}
	for _, id := range r.passed {
		if !commitID.MatchString(id) || id == head && !own || !r.isAncestor(ctx, id, head) {
			continue
		}
		if last.commit == "" || r.isAncestor(ctx, last.commit, id) {
			last.commit, last.kind = id, Passed
			last.proof = fmt.Sprintf("last pass: %.7s, which an earlier run of this workflow examined completely", id)
		}
		break
	}
	return last, ctx.Err()
}

// baseline returns the commit that added goldenpath.
//
// If the ledger records releases, a baseline is accepted only if one of them contains
// it. Otherwise a rewritten history could choose its own baseline.
func (r repository) baseline(ctx context.Context, head string, last released) (accepted, error) {
	added, err := r.adoption(ctx, head)
	if err != nil {
		return accepted{}, err
	}
	if added, err = r.merged(ctx, added, head, last.commit); err != nil {
		return accepted{}, err
	}
	trusted := last.commit != "" || len(last.releases) == 0 || slices.ContainsFunc(last.releases, func(id string) bool { return r.isAncestor(ctx, added, id) })
	switch {
	case added == "" || !trusted:
		if r.isShallow(ctx) && !strings.Contains(last.proof, "shallow") {
			last.proof += "; the checkout is shallow: check out with fetch-depth: 0"
		}
		return accepted{proof: last.proof}, ctx.Err()
	case added == head:
		return accepted{added, "first run: this commit added goldenpath, so its findings are the baseline", Adoption}, nil
	}
	why := strings.TrimPrefix(last.proof, "no base: ")
	return accepted{added, fmt.Sprintf("baseline: %.7s added goldenpath; %s", added, why), Adoption}, nil
}

// adoption returns the commit that added goldenpath to the history of head: the oldest
// commit that adds one of its files or calls one of its workflows. If several unrelated
// commits did, it returns the newest commit that all of them contain. It returns "" if
// there is none, or if a part of the history is missing, because the oldest commit of a
// shallow history adds every file.
func (r repository) adoption(ctx context.Context, head string) (string, error) {
	if r.isShallow(ctx) {
		_, _ = r.fetch(ctx, head) // where it fails, the history stays shallow
		if r.isShallow(ctx) {
			return "", ctx.Err()
		}
	}
	// -m: a merge may add a file that no merged commit has.
	log := []string{"log", "-m", "--full-history", "--no-renames", "--no-ext-diff", "--no-textconv", "--topo-order", "--reverse", "--format=%H"}
	var oldest []string
	adding := [][]string{append([]string{"--diff-filter=A", head, "--"}, r.marks()...)}
	if r.folder == "" {
		adding = append(adding, []string{"-S" + workflows.Repository() + "/", head, "--", workflowFolder})
	}
	for _, args := range adding {
		out, err := r.git(ctx, append(slices.Clone(log), args...)...)
		if err != nil {
			return "", fmt.Errorf("cannot find the commit that added goldenpath: %w", err)
		}
		all := slices.Compact(strings.Fields(out))
		for _, id := range all[:min(mostMarks, len(all))] { // the oldest first
			if !slices.ContainsFunc(oldest, func(o string) bool { return r.isAncestor(ctx, o, id) }) {
				oldest = append(slices.DeleteFunc(oldest, func(o string) bool { return r.isAncestor(ctx, id, o) }), id)
			}
		}
	}
	if len(oldest) < 2 {
		return strings.Join(oldest, ""), nil
	}
	out, err := r.git(ctx, append([]string{"merge-base", "--octopus"}, oldest...)...)
	if git.Exited(err, 1) {
		return "", nil
	}
	return strings.TrimSpace(out), err
}

// merged returns the commit that brought goldenpath to the branch of head: the merge, if it
// was added on another branch and the branch had moved on, else added. What the branch
// had by then was there before goldenpath, as after a squash merge. Only a merge that is part
// of the last accepted commit counts: any other could bring anything.
func (r repository) merged(ctx context.Context, added, head, last string) (string, error) {
	if added == "" || added == head || last == "" {
		return added, nil
	}
	out, err := r.git(ctx, "rev-list", "--first-parent", "--reverse", head, "^"+added)
	if err != nil {
		return "", fmt.Errorf("cannot find the merge that brought goldenpath to the branch: %w", err)
	}
	branch := strings.Fields(out) // the commits of the branch that added does not contain
	before, err := r.git(ctx, "rev-parse", "--verify", "--quiet", branch[0]+"^1")
	if err != nil && !git.Exited(err, 1) {
		return "", err
	}
	if before = strings.TrimSpace(before); before == "" || before == added {
		return added, nil // the branch itself added it
	}
	// A commit after the merge contains what the merge contains.
	i := sort.Search(len(branch), func(i int) bool { return r.isAncestor(ctx, added, branch[i]) })
	if i < len(branch) && r.isAncestor(ctx, branch[i], last) {
		added = branch[i]
	}
	return added, ctx.Err()
}

// adopted reports whether a commit has goldenpath: the configuration of the app or, for an
// app at the top, a call of one of its workflows or actions.
func (r repository) adopted(ctx context.Context, commit string) bool {
	for _, mark := range r.marks() {
		if _, err := r.git(ctx, "rev-parse", "--verify", "--quiet", commit+":"+mark); err == nil {
			return true
		}
	}
	if r.folder != "" {
		return false
	}
	_, err := r.git(ctx, "grep", "--quiet", "-F", "-e", workflows.Repository()+"/", commit, "--", workflowFolder)
	return err == nil
}

// adopting reports whether the checkout has a configuration that is not committed yet.
func (r repository) adopting(ctx context.Context, head string) bool {
	if _, err := os.Lstat(filepath.Join(r.dir, filepath.FromSlash(r.configuration()))); err != nil {
		return false
	}
	_, err := r.git(ctx, "rev-parse", "--verify", "--quiet", head+":"+r.configuration())
	return git.Exited(err, 1)
}

// clean reports whether the checkout has nothing that differs from its commit.
func (r repository) clean(ctx context.Context) (bool, error) {
	out, err := r.git(ctx, "status", "--porcelain", "--untracked-files=all", "--ignore-submodules=none")
	return err == nil && out == "", err
}
