package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// At writes the named files and folders of a commit below a new folder, and returns the
// new folder. Names that the commit does not contain are left out. If commit is "", At
// returns the folder of the checkout.
func (c *Change) At(ctx context.Context, commit string, names ...string) (string, error) {
	if commit == "" {
		return c.dir, nil
	}
	all, err := c.list(ctx, commit, nil, names...)
	if err != nil {
		return "", err
	}
	if len(all.links) > 0 {
		return "", report.Usage(fmt.Sprintf("%s:1:1 is a symbolic link in the base: policy is not read through links; commit the file itself", all.links[0]))
	}
	return c.checkOut(ctx, commit, all.files)
}

// Difference shows how a file or folder of the checkout differs from the base.
type Difference struct {
	Name string
	Text string // unified diff
}

// Diff compares the named files and folders with the base. Names without a difference
// are left out. Without a base, Diff returns nil.
func (c *Change) Diff(ctx context.Context, names ...string) ([]Difference, error) {
	if c.base.since == "" {
		return nil, nil
	}
	var out []Difference
	for _, name := range names {
		// --text: .gitattributes of the change must not hide a file as binary.
		text, err := c.git(ctx, "diff", "--text", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames",
			"--src-prefix=base/", "--dst-prefix=change/", c.base.since, "--", name)
		if err != nil {
			return nil, err
		}
		if text != "" {
			out = append(out, Difference{name, text})
		}
	}
	return out, nil
}

// Containing returns the files below a folder that contain a text in the base or in
// the checked-out commit.
func (c *Change) Containing(ctx context.Context, folder, text string) ([]string, error) {
	if c.base.since == "" {
		return nil, nil
	}
	var names []string
	for _, commit := range []string{c.base.since, c.Head} {
		out, err := c.git(ctx, "grep", "--text", "-l", "-z", "-F", "-e", text, commit, "--", folder)
		if err != nil && !git.Exited(err, 1) { // 1: no file matches
			return nil, err
		}
		for name := range strings.SplitSeq(out, "\x00") {
			if name = strings.TrimPrefix(name, commit+":"); name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// mostVersions is how many versions of a file are read.
const mostVersions = 50

// Accepted returns the versions of a file that may have decided about the base when the
// gate accepted it, newest first: a push is judged by the waivers of the commit before it.
// It returns nil if the gate did not accept the base, and only the base's own version if
// the base added goldenpath.
func (c *Change) Accepted(ctx context.Context, name string) ([][]byte, error) {
	commits := []string{c.base.compared}
	switch c.Kind {
	case Release, Passed:
		out, err := c.git(ctx, "log", "--first-parent", "--diff-merges=first-parent", "--no-renames", "--no-ext-diff", "--no-textconv", "--format=%H", "-n", strconv.Itoa(mostVersions), c.base.compared, "--", name)
		if err != nil {
			return nil, fmt.Errorf("cannot find the earlier versions of %s: %w", name, err)
		}
		commits = strings.Fields(out)
	case Adoption:
		if c.First {
			commits = []string{c.Head}
		}
	default:
		return nil, nil
	}
	var all [][]byte
	for _, id := range commits {
		out, err := c.git(ctx, "cat-file", "blob", id+":"+name)
		if err != nil {
			if failed := (*git.Error)(nil); errors.As(err, &failed) {
				continue // the commit does not have the file
			}
			return nil, err
		}
		all = append(all, []byte(out))
	}
	return all, nil
}
