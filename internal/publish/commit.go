package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// releaser is the fixed author of a release's commits, so that every run creates the
// same commit ids.
const releaser, releaserMail = "goldenpath release", "41898282+github-actions[bot]@users.noreply.github.com"

// makeCommits creates the two commits of a release. The first commit names the images by
// digest and is tagged. The second commit pins the starters to the first. Both depend only on
// the source, the version and the images, so a second run creates the same two commits.
func makeCommits(ctx context.Context, r *release) ([]string, error) {
	parents, err := r.parents(ctx)
	if err != nil {
		return nil, err
	}
	first, err := r.imageChanges(ctx)
	if err != nil {
		return nil, err
	}
	message := fmt.Sprintf("release: %s\n\nThe actions name their images by digest. Source: %s.", r.o.Version, r.source.id)
	if r.pinned, err = r.commit(ctx, message, first, parents...); err != nil {
		return nil, err
	}
	if at := r.remote[r.o.tag()]; at != "" {
		if tagged, err := r.git(ctx, "rev-parse", "--verify", at+"^{commit}"); err != nil || tagged != r.pinned {
			return nil, fmt.Errorf("%s of %s is %s, and this source makes %s: a version must never change its commit\n  try: release the next version, and find out who moved the tag", r.o.tag(), r.o.Remote, at, r.pinned)
		}
	}
	second, err := r.starterChanges(ctx)
	if err != nil {
		return nil, err
	}
	message = fmt.Sprintf("release: starters and examples pin %s\n\nA commit cannot name itself: the tags name the one before.", r.o.Version)
	if r.starters, err = r.commit(ctx, message, second, r.pinned); err != nil {
		return nil, err
	}
	return []string{
		fmt.Sprintf("%s on %s: %d files name images by digest", r.pinned, r.source.short(), len(first)),
		fmt.Sprintf("%s on %s: %d files pin %s", r.starters, r.pinned[:12], len(second), r.pinned[:12]),
	}, nil
}

// parents returns the source, and the tip of the release's branch if it is not an
// ancestor, so that the branch is never rewritten. For an existing release it returns
// that release's parents.
func (r *release) parents(ctx context.Context) ([]string, error) {
	tagged, err := r.fetch(ctx, r.o.tag())
	if err != nil {
		return nil, err
	}
	if tagged != "" {
		text, err := r.git(ctx, "show", "--no-patch", "--format=%P", tagged)
		if err != nil {
			return nil, err
		}
		parents := strings.Fields(text)
		if len(parents) == 0 || parents[0] != r.source.id {
			return nil, fmt.Errorf("%s of %s is %s, which was not made from %s: a version must never change its commit\n  try: release the next version; to go on with this one, check out what the tag's first parent is", r.o.tag(), r.o.Remote, tagged, r.source.short())
		}
		return parents, nil
	}
	tip, err := r.fetch(ctx, r.o.branch())
	if err != nil || tip == "" {
		return []string{r.source.id}, err
	}
	if has, err := r.has(ctx, r.source.id, tip); err != nil || has {
		return []string{r.source.id}, err
	}
	return []string{r.source.id, tip}, nil
}

func (r *release) imageChanges(ctx context.Context) ([]change, error) {
	images := map[string]string{}
	for _, i := range r.images {
		images[i.product.name] = r.o.image(i.product) + ":" + r.o.Version + "@" + i.digest
	}
	return r.changes(ctx, r.source.id, func(name, text string) (string, error) {
		switch {
		case isAction(name):
			return pinImage(name, text, images)
		case name == "CHANGELOG.md":
			return dateSection(text, r.o.number(), r.source.time.Format(time.DateOnly)), nil
		}
		return text, nil
	})
}

func (r *release) starterChanges(ctx context.Context) ([]change, error) {
	return r.changes(ctx, r.pinned, func(name, text string) (string, error) {
		if isExample(name) {
			return pinSelf(text, r.o.Home, r.pinned, r.o.Version), nil
		}
		return text, nil
	})
}

// changes applies an edit to every file that a release may change.
func (r *release) changes(ctx context.Context, commit string, edit func(name, text string) (string, error)) ([]change, error) {
	list, err := r.git(ctx, "ls-tree", "-r", "-z", "--name-only", commit)
	if err != nil {
		return nil, err
	}
	var out []change
	for name := range strings.SplitSeq(list, "\x00") {
		if !isAction(name) && !isExample(name) && name != "CHANGELOG.md" {
			continue
		}
		text, err := r.file(ctx, commit, name)
		if err != nil {
			return nil, err
		}
		edited, err := edit(name, string(text))
		if err != nil {
			return nil, err
		}
		if edited != string(text) {
			out = append(out, change{name, edited})
		}
	}
	return out, nil
}

// commit creates a commit of its first parent's files with changes. It uses a temporary
// index and touches neither the checkout nor a ref.
func (r *release) commit(ctx context.Context, message string, changes []change, parents ...string) (string, error) {
	date := r.source.time.Format(time.RFC3339)
	env := []string{
		"GIT_INDEX_FILE=" + filepath.Join(r.scratch, "index"),
		"GIT_AUTHOR_NAME=" + releaser, "GIT_AUTHOR_EMAIL=" + releaserMail, "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=" + releaser, "GIT_COMMITTER_EMAIL=" + releaserMail, "GIT_COMMITTER_DATE=" + date,
	}
	defer os.Remove(filepath.Join(r.scratch, "index"))
	git := func(in string, args ...string) (string, error) {
		b, err := r.checkout().WithEnv(env...).Output(ctx, strings.NewReader(in), args...)
		return strings.TrimSpace(string(b)), err
	}
	if _, err := git("", "read-tree", parents[0]); err != nil {
		return "", err
	}
	for _, c := range changes {
		blob, err := git(c.text, "hash-object", "-w", "--stdin")
		if err != nil {
			return "", err
		}
		if _, err := git("", "update-index", "--cacheinfo", "100644,"+blob+","+c.name); err != nil {
			return "", err
		}
	}
	tree, err := git("", "write-tree")
	if err != nil {
		return "", err
	}
	args := []string{"commit-tree", tree}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	return git(message+"\n", args...)
}
