package stage

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// tree is the repository that contains the checkout.
func (j *Job) tree() git.Repository {
	if j.Top == j.Commit.Repo.Dir() {
		return j.Commit.Repo
	}
	return git.Own(j.Top)
}

// changed lists the files of the commit that differ in the checkout.
func (j *Job) changed(ctx context.Context) ([]string, error) {
	out, err := j.tree().Output(ctx, nil, "diff", "--name-only", "--no-ext-diff", "--ignore-submodules", "-z", "HEAD", "--")
	if err != nil {
		return nil, fmt.Errorf("cannot tell whether the checks change files: %w", err)
	}
	return nulSeparated(out), nil
}

// reportChanges warns if checks changed files of the commit that had not been changed
// before: such a check says nothing about the commit. In a checkout of its own goldenpath
// restores the files, so that the image is built from the commit.
func (j *Job) reportChanges(ctx context.Context, r *report.Report, before []string) error {
	after, err := j.changed(ctx)
	if err != nil {
		return err
	}
	after = slices.DeleteFunc(after, func(name string) bool { return slices.Contains(before, name) })
	if len(after) == 0 {
		return nil
	}
	names := strings.Join(after[:min(len(after), 3)], ", ")
	if more := len(after) - 3; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	c := report.Check{
		Name: "changes", State: report.Warned,
		Result: fmt.Sprintf("the checks changed %s of the commit: %s", english.Plural(len(after), "file", ""), text.OneLine(names, 300)),
		Note:   "a check that repairs files passes for a commit that is wrong: let it only report (eslint without --fix), or commit the changes",
	}
	if j.Own.Run != "" {
		if _, err := j.tree().Run(ctx, "reset", "--quiet", "--hard", "HEAD"); err != nil {
			return fmt.Errorf("cannot restore the files that the checks changed: %w", err)
		}
		c.Result += "; they were restored"
	}
	r.Checks = append(r.Checks, c)
	if r.Verdict == report.Pass {
		r.Verdict, r.Title = report.Warn, r.Title+", but they changed files of the commit"
	}
	return nil
}
