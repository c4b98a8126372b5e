package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/scorecard"
)

// maxCommits is the largest number of commits whose messages are read.
const maxCommits = 10_000

// messages returns the full messages of the commits between base and c, except those that
// change only files of other apps. An empty base means the beginning of the history. If
// commits are missing in the clone, or there are more than maxCommits, the result is partial.
func (c Commit) messages(ctx context.Context, base string, most int) scorecard.Input[[]string] {
	span := c.ID
	if base != "" {
		if err := has(ctx, c.Repo, base); err != nil {
			return scorecard.Unknown[[]string](err)
		}
		span = base + ".." + c.ID
	}
	paths := c.concerning()
	counted, err := c.Repo.Run(ctx, append([]string{"rev-list", "--count", span}, paths...)...)
	if err != nil {
		return scorecard.Unknown[[]string](fmt.Errorf("cannot count the commits: %w", err))
	}
	total, err := strconv.Atoi(counted)
	if err != nil {
		return scorecard.Unknown[[]string](fmt.Errorf("cannot count the commits: %w", err))
	}
	out, err := c.Repo.Output(ctx, nil, append([]string{"-c", "log.showSignature=false", "log", "--max-count=" + strconv.Itoa(most), "--format=%H%n%B%x00", span}, paths...)...)
	if err != nil {
		return scorecard.Unknown[[]string](fmt.Errorf("cannot read the commit messages: %w", err))
	}
	cut, err := shallow(ctx, c.Repo)
	if err != nil {
		return scorecard.Unknown[[]string](err)
	}
	var ids, messages []string
	for _, entry := range nulSeparated(out) {
		id, message, _ := strings.Cut(strings.TrimPrefix(entry, "\n"), "\n")
		if id != "" {
			ids, messages = append(ids, id), append(messages, message)
		}
	}
	switch {
	case slices.ContainsFunc(ids, func(id string) bool { return cut[id] }):
		return scorecard.Partial(messages, errShallow)
	case len(messages) != total:
		return scorecard.Partial(messages, fmt.Errorf("only %[2]d of %[1]d commits were read: release more often, or remove requirements from scorecard.must for this release", total, len(messages)))
	}
	return scorecard.Known(messages)
}

// concerning returns the arguments with which git selects the commits that concern the app.
func (c Commit) concerning() []string {
	others := c.Apps.Others(c.Folder)
	if len(others) == 0 {
		return nil
	}
	args := []string{"--", "."}
	for _, folder := range others {
		args = append(args, ":(exclude,literal)"+folder)
	}
	return args
}

// newMigrations returns the migrations below folder that c adds to base, or changes:
// every file but notes, lock files and those that only a rollback runs, such as
// 002_votes.down.sql. An empty base is the empty tree.
func (c Commit) newMigrations(ctx context.Context, base, folder string) scorecard.Input[[]string] {
	if folder == "" {
		return scorecard.Known[[]string](nil)
	}
	names, err := c.folder(ctx, slashed(folder))
	if err == nil && base != "" {
		names, err = c.changed(ctx, base, folder)
	}
	if err != nil {
		return scorecard.Unknown[[]string](err)
	}
	return scorecard.Known(slices.DeleteFunc(names, notMigration))
}

func notMigration(name string) bool {
	base := strings.ToLower(path.Base(name))
	return strings.HasPrefix(base, ".") || slices.Contains([]string{".md", ".txt", ".toml", ".lock", ".sum"}, path.Ext(base)) ||
		base == "down.sql" || strings.HasSuffix(base, ".down.sql") || strings.HasSuffix(base, "_down.sql") || base == "embed.go"
}

// changed returns the files below folder that differ from base, except deleted ones.
// A renamed file is included as a new file, because its content may have changed too.
func (c Commit) changed(ctx context.Context, base, folder string) ([]string, error) {
	if err := has(ctx, c.Repo, base); err != nil {
		return nil, err
	}
	out, err := c.Repo.Output(ctx, nil, "diff-tree", "-r", "-z", "--name-only", "--no-renames", "--diff-filter=d", base, c.ID, "--", ":(literal)"+c.in(slashed(folder)))
	if err != nil {
		return nil, fmt.Errorf("cannot compare with commit %.7s: %w", base, err)
	}
	names := nulSeparated(out)
	for i, name := range names {
		names[i] = c.out(name)
	}
	return names, nil
}

// errShallow reports an incomplete history.
var errShallow = errors.New("the clone is shallow: check out with fetch-depth: 0, or run git fetch --unshallow")

// shallow returns the commits at which a shallow clone ends. The clone lacks their parents.
func shallow(ctx context.Context, r git.Repository) (map[string]bool, error) {
	dir, err := GitDir(ctx, r)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(dir, "shallow"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("cannot read the depth of the clone: %w", err)
	}
	ends := map[string]bool{}
	for id := range strings.FieldsSeq(string(b)) {
		ends[id] = true
	}
	return ends, nil
}

// parent returns the first parent of the commit, or "" for a root commit. The first parent
// of the merge commit that GitHub creates for a pull request is the tip of the base branch.
func (c Commit) parent(ctx context.Context) (string, error) {
	cut, err := shallow(ctx, c.Repo)
	if err != nil {
		return "", err
	}
	if cut[c.ID] {
		return "", errShallow
	}
	out, err := c.Repo.Run(ctx, "rev-list", "--max-count=1", "--parents", c.ID)
	if err != nil {
		return "", fmt.Errorf("cannot read the parents of commit %.7s: %w", c.ID, err)
	}
	ids := strings.Fields(out)
	if len(ids) < 2 {
		return "", nil
	}
	return ids[1], nil
}
