// Package change finds out, with git, what a change changes: the commit to
// compare with, the paths that differ, and the files of both sides.
package change

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Asked is what somebody wants the checkout compared with.
type Asked struct {
	Dir     string // absolute path of the checkout
	Scratch string // folder that the caller removes
	// Base is the commit to compare with: a name git knows, or the commit that the
	// event names. Empty looks at everything.
	Base  string
	Event string // what named Base: pull_request, push…; empty: a person
	// Merge is the commit that GitHub made of a pull request and its base. When it is
	// what is checked out, its first parent is the base, which has moved since Base.
	Merge string
	// Committed says that only commits count: in CI what earlier steps wrote is no part
	// of the change. Else what is not committed yet counts too.
	Committed bool
}

// Change is a checkout and what it is compared with.
type Change struct {
	Head    string // commit of the checkout; empty: the folder is no repository
	Trusted string // commit that the policy is read from; empty: the checkout itself

	repository
	compared  string // where the histories part; empty: everything counts
	why       string // why there is nothing to compare with, though somebody asked
	committed bool
	changed   gate.Changes // between compared and the checkout
}

// Resolve finds the commits. A base that a person named wrongly is a
// *report.UsageError; one of an event that git cannot get is an error, but for a
// push that replaced history: then there is nothing left to compare with, and
// everything is looked at.
func Resolve(ctx context.Context, a Asked) (*Change, error) {
	c := &Change{repository: repository{dir: a.Dir, scratch: a.Scratch}, committed: a.Committed}
	if _, err := os.Lstat(filepath.Join(a.Dir, ".git")); err == nil {
		head, err := c.commit(ctx, "HEAD")
		if err != nil && !errors.Is(err, errNoBase) {
			return nil, err
		}
		c.Head = head // empty: a repository without a commit
	}
	if a.Base == "" {
		return c, nil
	}
	base, why, err := c.base(ctx, a, c.Head)
	if err != nil {
		return nil, err
	}
	c.why = why
	if base == nil {
		return c, nil
	}
	c.Trusted, c.compared = base.trusted, base.compared
	c.changed, err = c.differs(ctx, c.compared, c.Head, c.committed)
	return c, err
}

// Listing is what there is to look at.
type Listing struct {
	Against *gate.Base  // nil: nothing is compared
	Files   []gate.File // of the checkout
	Scope   string      // what is looked at, in words
	Missing []gate.Gap  // what is not in the checkout
}

// List lists the files, without what is excluded. With everything, all of them
// count as changed, and what the base has too is still known.
func (c *Change) List(ctx context.Context, exclude []string, everything bool) (*Listing, error) {
	if c.compared != "" && !everything {
		return c.compare(ctx, exclude)
	}
	l := &Listing{}
	var err error
	if c.Head == "" {
		l.Files, err = gate.Walk(ctx, c.dir, exclude)
	} else {
		err = c.everything(ctx, exclude, l)
	}
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	l.Scope = english.Plural(len(l.Files), "file", "") + ", everything"
	if c.Head != "" {
		l.Scope += fmt.Sprintf(" at %.7s", c.Head)
	}
	if c.why != "" {
		l.Scope += ": " + c.why
	}
	if c.compared != "" {
		l.Scope += fmt.Sprintf(", compared with %.7s", c.compared)
		l.Against = c.against(nil, exclude)
	}
	return l, nil
}

// everything lists what git has of the checkout, and what it could have: only what
// it was told to ignore, and is no part of a commit, is left out.
func (c *Change) everything(ctx context.Context, exclude []string, l *Listing) error {
	out, err := c.git(ctx, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return err
	}
	all, err := c.list(ctx, c.Head, exclude)
	if err != nil {
		return err
	}
	l.Missing = c.submodules(all.modules, nil)
	names := strings.Split(out, "\x00")
	for _, f := range all.files { // also what the index no longer has
		names = append(names, f.Path)
	}
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	committed := map[string]bool{}
	for _, f := range all.files {
		committed[f.Path] = true
	}
	var absent []string
	seen := map[string]bool{}
	for _, name := range names {
		name = strings.TrimSuffix(name, "/") // a repository within this one
		if name == "" || seen[name] || gate.Excluded(name, exclude) {
			continue
		}
		seen[name] = true
		info, err := os.Lstat(filepath.Join(c.dir, filepath.FromSlash(name)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if committed[name] {
				absent = append(absent, name)
			}
		case err != nil:
			return err
		case info.Mode().IsRegular():
			l.Files = append(l.Files, gate.File{Path: name, Size: info.Size()})
		case info.Mode()&fs.ModeSymlink != 0:
			if f, ok := gate.Link(root, name); ok {
				l.Files = append(l.Files, f)
			}
		case info.IsDir():
			files, err := c.below(ctx, name, exclude)
			if err != nil {
				return err
			}
			l.Files = append(l.Files, files...)
		}
	}
	sortFiles(l.Files)
	missing, err := c.absent(ctx, absent)
	l.Missing = append(l.Missing, missing...)
	return err
}

// below lists the files of a repository within this one.
func (c *Change) below(ctx context.Context, name string, exclude []string) ([]gate.File, error) {
	files, err := gate.Walk(ctx, filepath.Join(c.dir, filepath.FromSlash(name)), nil)
	out := files[:0]
	for _, f := range files {
		if f.Path = name + "/" + f.Path; !gate.Excluded(f.Path, exclude) {
			out = append(out, f)
		}
	}
	return out, err
}

// found is a base and how it is to be used.
type found struct{ trusted, compared string }

// base resolves the commit to compare with. Nil with a reason is: there is none,
// and everything counts.
func (r repository) base(ctx context.Context, a Asked, head string) (*found, string, error) {
	if strings.HasPrefix(a.Base, "-") {
		return nil, "", report.Usage(fmt.Sprintf("--base %q is no commit", a.Base))
	}
	if head == "" {
		return nil, "", report.Usage(fmt.Sprintf("--base %s: the folder is no git repository with a commit", a.Base))
	}
	by, person := "the "+a.Event+" event", a.Event == ""
	name := a.Base
	if a.Merge != "" && a.Merge == head {
		name = head + "^1"
	}
	base, err := r.commit(ctx, name)
	if err != nil && !person {
		base, err = r.fetch(ctx, a.Base)
	}
	switch {
	case err != nil && person:
		hint := ""
		if r.isShallow(ctx) {
			hint = ": a shallow checkout lacks it; use fetch-depth: 0"
		}
		return nil, "", report.Usage(fmt.Sprintf("--base %s is no commit of this checkout%s", a.Base, hint))
	case err != nil && a.Event == "push":
		return nil, fmt.Sprintf("the commit before this push (%.7s) is gone", a.Base), nil
	case err != nil:
		return nil, "", fmt.Errorf("find the base %.7s that %s names: %w\n  try: check out with fetch-depth: 0", a.Base, by, err)
	case base == head && person:
		return nil, "", report.Usage(fmt.Sprintf("--base %s is the commit itself: there is no change to compare", a.Base))
	case base == head:
		return nil, "the base is this commit itself", nil
	}
	common, err := r.mergeBase(ctx, base, head)
	if err != nil {
		return nil, "", err
	}
	switch {
	case common == head && person:
		return nil, "", report.Usage(fmt.Sprintf("--base %s already contains the commit: there is no change to compare", a.Base))
	case common == head:
		return nil, fmt.Sprintf("it was in %.7s before", base), nil
	case common == "" && person:
		return nil, "", report.Usage(fmt.Sprintf("--base %s has no commit in common with the checkout: a shallow checkout may lack it; use fetch-depth: 0", a.Base))
	case common == "" && a.Event == "push":
		return nil, fmt.Sprintf("it has no commit in common with %.7s", base), nil
	case common == "":
		return nil, "", fmt.Errorf("compare with the base %.7s: the checkout has no commit in common with it\n  try: check out with fetch-depth: 0", base)
	}
	return &found{trusted: base, compared: common}, "", nil
}

// compare lists both sides of the change.
func (c *Change) compare(ctx context.Context, exclude []string) (*Listing, error) {
	here, err := c.list(ctx, c.Head, exclude)
	if err != nil {
		return nil, err
	}
	l := &Listing{Missing: c.submodules(here.modules, c.changed)}
	files, absent, err := c.present(ctx, here, exclude)
	if err != nil {
		return nil, err
	}
	l.Files, l.Missing = files, append(l.Missing, absent...)
	// Of a submodule that changed everything counts: git tells here of its commit only.
	for _, name := range here.modules {
		if !c.changed[name] {
			continue
		}
		files, err := c.below(ctx, name, exclude)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, f := range files {
			c.changed[f.Path] = true
		}
		l.Files = append(l.Files, files...)
	}
	n := 0
	for name := range c.changed {
		if !gate.Excluded(name, exclude) {
			n++
		}
	}
	l.Scope = fmt.Sprintf("%s of %d changed since %.7s", english.Plural(n, "file", ""), len(l.Files), c.compared)
	l.Against = c.against(c.changed, exclude)
	return l, nil
}

func (c *Change) against(changed gate.Changes, exclude []string) *gate.Base {
	return &gate.Base{
		Commit: c.compared, Changed: changed,
		Files: func(ctx context.Context) ([]gate.File, time.Time, error) {
			before, err := c.list(ctx, c.compared, exclude)
			if err != nil {
				return nil, time.Time{}, err
			}
			when, err := c.time(ctx, c.compared)
			return before.files, when, err
		},
		Moved: c.moved,
		CheckOut: func(ctx context.Context, files []gate.File) (string, error) {
			return c.checkOut(ctx, c.compared, files)
		},
	}
}

// present are the files of the commit as they are in the checkout, where somebody
// may have changed some since, and a gap for those that should be there.
func (c *Change) present(ctx context.Context, here listing, exclude []string) ([]gate.File, []gate.Gap, error) {
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	known := map[string]bool{}
	var out []gate.File
	var absent []string
	look := func(name string) {
		known[name] = true
		info, err := root.Lstat(filepath.FromSlash(name))
		switch {
		case err != nil:
			absent = append(absent, name)
		case info.Mode().IsRegular():
			out = append(out, gate.File{Path: name, Size: info.Size()})
		case info.Mode()&fs.ModeSymlink != 0:
			if f, ok := gate.Link(root, name); ok {
				out = append(out, f)
			}
		}
	}
	for _, f := range here.files {
		if c.changed[f.Path] {
			look(f.Path)
		} else {
			out = append(out, f)
		}
	}
	for _, name := range here.links {
		// A link changes with what it is to.
		to, err := filepath.EvalSymlinks(filepath.Join(c.dir, filepath.FromSlash(name)))
		if rel, relErr := filepath.Rel(c.dir, to); err == nil && relErr == nil && c.changed[filepath.ToSlash(rel)] {
			c.changed[name] = true
		}
		look(name)
	}
	expected := len(absent)
	for name := range c.changed {
		if !known[name] && !gate.Excluded(name, exclude) {
			look(name) // not yet committed, or gone
		}
	}
	sortFiles(out)
	missing, err := c.absent(ctx, absent[:expected])
	return out, missing, err
}

// absent is a gap for files of the commit that are not in the checkout: where only
// commits count all of them, else those that git was told to leave out.
func (c *Change) absent(ctx context.Context, names []string) ([]gate.Gap, error) {
	if len(names) > 0 && !c.committed {
		out, err := c.git(ctx, "ls-files", "-v", "-z")
		if err != nil {
			return nil, err
		}
		names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !strings.Contains("\x00"+out, "\x00S "+name+"\x00") })
	}
	if len(names) == 0 {
		return nil, nil
	}
	what := names[0]
	if more := len(names) - 1; more > 0 {
		what += fmt.Sprintf(" and %d more", more)
	}
	return []gate.Gap{{What: what, Why: "the commit has it and the checkout does not", Remedy: "check out without a sparse-checkout, or exclude it (gate.exclude)"}}, nil
}

// submodules are gaps for those whose files are not there.
func (r repository) submodules(modules []string, changed gate.Changes) []gate.Gap {
	var out []gate.Gap
	for _, name := range modules {
		if entries, err := os.ReadDir(filepath.Join(r.dir, filepath.FromSlash(name))); !changed.Has(name) || err == nil && len(entries) > 0 {
			continue
		}
		out = append(out, gate.Gap{What: "submodule " + name, Why: "its files are not in the checkout",
			Remedy: "check out with submodules: true, or exclude it (gate.exclude)"})
	}
	return out
}

var errNoBase = errors.New("git knows no such commit")

func (r repository) time(ctx context.Context, commit string) (time.Time, error) {
	out, err := r.git(ctx, "show", "--no-patch", "--format=%ct", commit)
	if err != nil {
		return time.Time{}, err
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(out), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the time of %.7s: %w", commit, err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
