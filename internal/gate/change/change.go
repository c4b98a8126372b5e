// Package change determines, with git, what a change changes: the commit to compare
// with, the paths that differ, and the files of both commits.
package change

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// Request names a checkout and what to compare it with.
type Request struct {
	Dir     string // absolute path of the checkout
	Folder  string // of the app, slash-separated, relative to Dir; "": the top
	App     string // name of the app, whose releases were accepted for it
	Scratch string // folder for temporary files; the caller removes it
	Base    string // commit that a person named; empty: the event decides
	Event   Event
	// Passed are commits that earlier runs of the same workflow examined completely and
	// passed, newest first. The caller has them from a place that the change cannot write.
	Passed []string
	// Committed examines the commit alone: in CI, files that earlier steps wrote are
	// not part of the change. Otherwise uncommitted changes are examined too.
	Committed bool
	Offline   bool // the remote "origin" is not asked for anything
}

// Event is the GitHub event that started the run. The zero value is a run outside
// GitHub Actions.
type Event struct {
	Name string // pull_request, merge_group, push…
	Base string // base of a pull request or merge group; of a push the commit before it
	// Branch is the branch that a pull request or merge group merges into; "": unknown.
	Branch string
	Tag    bool // the push is of a tag
	// Merge is the commit that GitHub made of a pull request and its base. Where it is
	// checked out, its first parent is the base, which may be newer than Base.
	Merge string
}

// Change is a checkout and the base that it is compared with.
type Change struct {
	Head    string // commit of the checkout; empty: the folder is not a repository
	Policy  string // commit that the configuration is read from; empty: the checkout
	Waivers string // commit that the waivers are read from; empty: the checkout
	Proof   string // why the checkout is compared with this base, or with none
	Kind    Kind   // what makes the findings of the base known
	// Counted means that what was published after the base counts as new.
	Counted bool
	// First means that the checkout is the baseline itself: it is compared with nothing,
	// and its findings are known.
	First bool

	repository
	base      base
	committed bool
	changed   gate.Changes // what differs between base.compared and the checkout
}

// Resolve finds the commits of a change. If a person named an invalid base, the error
// is a *report.UsageError. A base that a pull request or merge group names and that git
// cannot fetch is an error. A push without a proven base is compared with nothing, so
// every finding is new.
func Resolve(ctx context.Context, q Request) (*Change, error) {
	c := &Change{repository: repository{dir: q.Dir, folder: q.Folder, app: q.App, scratch: q.Scratch, offline: q.Offline, passed: q.Passed}, committed: q.Committed}
	if _, err := os.Lstat(filepath.Join(q.Dir, ".git")); err == nil {
		head, err := c.commit(ctx, "HEAD")
		if err != nil && !errors.Is(err, errNoCommit) {
			return nil, err
		}
		c.Head = head // empty: a repository without a commit
	}
	b, err := c.repository.base(ctx, q, c.Head)
	if err != nil {
		return nil, err
	}
	c.base, c.Policy, c.Waivers, c.Proof, c.Kind, c.Counted = b, b.policy, b.waivers, b.proof, b.kind, b.counted
	if b.compared != "" && b.compared == c.Head {
		c.First = c.committed
		if !c.First {
			if c.First, err = c.clean(ctx); err != nil {
				return nil, err
			}
		}
		if c.First {
			c.base.compared = ""
		}
	}
	if c.base.compared != "" {
		c.changed, err = c.differs(ctx, c.base.compared, c.Head, c.committed)
	}
	return c, err
}

var errNoCommit = errors.New("git does not know this commit")

func (r repository) time(ctx context.Context, commit string) (time.Time, error) {
	out, err := r.git(ctx, "show", "--no-patch", "--format=%ct", commit)
	if err != nil {
		return time.Time{}, err
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(out), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("cannot read the commit date of %.7s: %w", commit, err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
