// Package change finds out, with git, what a change changes: the commit to
// compare with, the paths that differ, and the files of both sides.
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
	Merge   string
	Exclude []string
}

// Change is what there is to look at.
type Change struct {
	Head    string // commit of the checkout; empty: the folder is no repository
	Trusted string // commit that the policy is read from; empty: the checkout itself
	Against *gate.Base
	Files   []gate.File // of the checkout
	Scope   string      // what is looked at, in words
	Missing []gate.Gap  // what is not in the checkout
}

// Find resolves what is asked for. A base that a person named wrongly is a
// *report.UsageError; one of an event that git cannot get is an error, but for a
// push that replaced history: then there is nothing left to compare with, and
// everything is looked at.
func Find(ctx context.Context, a Asked) (*Change, error) {
	r := repository{dir: a.Dir, scratch: a.Scratch}
	c := &Change{}
	if _, err := os.Lstat(filepath.Join(a.Dir, ".git")); err == nil {
		head, err := r.commit(ctx, "HEAD")
		if err != nil && a.Base != "" {
			return nil, err
		}
		c.Head = head // empty: a repository without a commit
	}
	why := ""
	if a.Base != "" {
		base, reason, err := r.base(ctx, a, c.Head)
		if err != nil {
			return nil, err
		}
		if why = reason; base != nil {
			return c, r.compare(ctx, a, c, base)
		}
	}
	files, err := gate.Walk(ctx, a.Dir, a.Exclude)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	c.Files = files
	c.Scope = english.Plural(len(files), "file", "") + ", everything"
	if c.Head != "" {
		c.Scope += fmt.Sprintf(" at %.7s", c.Head)
		all, err := r.list(ctx, c.Head, a.Exclude)
		if err != nil {
			return nil, err
		}
		c.Missing = r.submodules(all.modules, nil)
	}
	if why != "" {
		c.Scope += ": " + why
	}
	return c, nil
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
		return nil, "", report.Usage(fmt.Sprintf("--base %s is no commit of this checkout: a shallow checkout lacks it; use fetch-depth: 0", a.Base))
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

// compare fills in what differs.
func (r repository) compare(ctx context.Context, a Asked, c *Change, base *found) error {
	c.Trusted = base.trusted
	changed, err := r.changed(ctx, base.compared)
	if err != nil {
		return err
	}
	here, err := r.list(ctx, c.Head, a.Exclude)
	if err != nil {
		return err
	}
	before, err := r.list(ctx, base.compared, a.Exclude)
	if err != nil {
		return err
	}
	when, err := r.time(ctx, base.compared)
	if err != nil {
		return err
	}
	c.Files = r.present(here.files, changed, a.Exclude)
	c.Missing = r.submodules(here.modules, changed)
	c.Against = &gate.Base{Commit: base.compared, Time: when, Changed: changed, Files: before.files, CheckOut: func(ctx context.Context, files []gate.File) (string, error) {
		return r.checkOut(ctx, base.compared, files)
	}}
	n := 0
	for name := range changed {
		if !gate.Excluded(name, a.Exclude) {
			n++
		}
	}
	c.Scope = fmt.Sprintf("%s of %d changed since %.7s", english.Plural(n, "file", ""), len(c.Files), base.compared)
	return nil
}

// present are the files of the commit as they are in the checkout, where somebody
// may have changed some since.
func (r repository) present(files []gate.File, changed gate.Changes, exclude []string) []gate.File {
	known := map[string]bool{}
	var out []gate.File
	add := func(f gate.File) {
		if !changed[f.Path] {
			out = append(out, f)
			return
		}
		if info, err := os.Lstat(filepath.Join(r.dir, filepath.FromSlash(f.Path))); err == nil && info.Mode().IsRegular() {
			out = append(out, gate.File{Path: f.Path, Size: info.Size()})
		}
	}
	for _, f := range files {
		known[f.Path] = true
		add(f)
	}
	for name := range changed {
		if !known[name] && !gate.Excluded(name, exclude) {
			add(gate.File{Path: name})
		}
	}
	sortFiles(out)
	return out
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
