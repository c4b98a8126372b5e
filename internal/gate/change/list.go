package change

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// Listing names the files to examine.
type Listing struct {
	Against *gate.Base  // nil: nothing is compared
	Files   []gate.File // of the checkout
	Scope   string      // one line for a person: how many files, and compared with what
	Missing []gate.Gap  // files that are not in the checkout
}

// List lists the files, without the excluded ones. If everything is true, and for a
// push, all files are examined, not only the changed ones. Findings that also exist in
// the base are still known findings.
func (c *Change) List(ctx context.Context, exclude []string, everything bool) (*Listing, error) {
	if c.base.compared != "" && !everything && !c.base.whole {
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
		return nil, fmt.Errorf("cannot list the files of the checkout: %w", err)
	}
	l.Scope = english.Plural(len(l.Files), "file", "") + ", everything"
	if c.Head != "" {
		l.Scope += fmt.Sprintf(" at %.7s", c.Head)
		if !c.committed {
			if clean, err := c.clean(ctx); err == nil && !clean {
				l.Scope += " with uncommitted changes"
			}
		}
	}
	if c.base.compared != "" {
		l.Scope += fmt.Sprintf(", compared with %.7s (%s)", c.base.compared, c.Proof)
		l.Against = c.against(nil, exclude)
	} else if c.Head != "" {
		l.Scope += "; " + c.Proof
	}
	return l, nil
}

// everything lists all files of the checkout that git tracks and, outside CI, those that
// it could track. Ignored files are left out unless they are part of the commit.
func (c *Change) everything(ctx context.Context, exclude []string, l *Listing) error {
	args := []string{"ls-files", "-z", "--cached"}
	if !c.committed {
		args = append(args, "--others", "--exclude-standard")
	}
	out, err := c.git(ctx, args...)
	if err != nil {
		return err
	}
	all, err := c.list(ctx, c.Head, exclude)
	if err != nil {
		return err
	}
	l.Missing = c.submodules(all.modules, nil)
	names := strings.Split(out, "\x00")
	for _, f := range all.files { // also files that were removed from the index
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
				c.followLink(name)
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

// followLink marks a link as changed if its target is.
func (c *Change) followLink(name string) {
	dir, dirErr := filepath.EvalSymlinks(c.dir)
	to, err := filepath.EvalSymlinks(filepath.Join(c.dir, filepath.FromSlash(name)))
	if err != nil || dirErr != nil {
		return // it leads nowhere, which the scanners report
	}
	if rel, err := filepath.Rel(dir, to); err == nil && c.changed[filepath.ToSlash(rel)] {
		c.changed[name] = true
	}
}

// below lists the files of a nested repository, such as a submodule, at this path.
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

// compare lists the files of the checkout and marks the changed ones.
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
	// All files of a changed submodule count as changed: git names only its commit.
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
	l.Scope = fmt.Sprintf("%s of %d changed since %.7s (%s)", english.Plural(n, "file", ""), len(l.Files), c.base.compared, c.Proof)
	l.Against = c.against(c.changed, exclude)
	return l, nil
}

func (c *Change) against(changed gate.Changes, exclude []string) *gate.Base {
	return &gate.Base{
		Commit: c.base.compared, Proof: c.Proof, Changed: changed, Differs: c.changed,
		Files: func(ctx context.Context) ([]gate.File, time.Time, error) {
			before, err := c.list(ctx, c.base.compared, exclude)
			if err != nil {
				return nil, time.Time{}, err
			}
			when, err := c.time(ctx, c.base.compared)
			return before.files, when, err
		},
		Moved: c.moved,
		CheckOut: func(ctx context.Context, files []gate.File) (string, error) {
			return c.checkOut(ctx, c.base.compared, files)
		},
	}
}

// present returns the files of the commit with their sizes in the checkout, where some
// may have been edited since. It returns a gap for the files that are missing.
func (c *Change) present(ctx context.Context, here listing, exclude []string) ([]gate.File, []gate.Gap, error) {
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	known := map[string]bool{}
	var out []gate.File
	var absent []string
	add := func(name string) {
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
		if c.changed[f.Path] || f.Size == unknown {
			add(f.Path)
		} else {
			out = append(out, f)
		}
	}
	for _, name := range here.links {
		c.followLink(name)
		add(name)
	}
	expected := len(absent)
	for name := range c.changed {
		if !known[name] && !gate.Excluded(name, exclude) {
			add(name) // not yet committed, or gone
		}
	}
	sortFiles(out)
	missing, err := c.absent(ctx, absent[:expected])
	return out, missing, err
}
