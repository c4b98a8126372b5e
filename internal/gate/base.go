package gate

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Base is the commit that a change is compared with.
type Base struct {
	Commit  string  // full id
	Proof   string  // why this commit is the base
	Changed Changes // what is examined: what differs between it and the checkout; nil: every file
	Differs Changes // what differs, also if every file is examined; nil: unknown
	// Files lists its tree without the excluded files, and returns its commit time.
	Files func(ctx context.Context) ([]File, time.Time, error)
	// Moved maps the new names of renamed files to their names in the base.
	Moved func(ctx context.Context) (map[string]string, error)
	// CheckOut writes those files, and no others, below a new folder.
	CheckOut func(ctx context.Context, files []File) (dir string, err error)
}

// compare marks the findings and partial gaps that also exist in the base. Only scanners
// with either scan the base, so a change without findings costs no second scan. It returns
// the findings of the base, by the index of the finding that each made known.
func (o Options) compare(ctx context.Context, runs []run, findings []report.Finding, changed Changes) (map[int]report.Finding, error) {
	if o.Against == nil {
		return nil, nil
	}
	in := o.Input
	in.Base, in.Whole, in.Head = "", false, o.Against.Commit
	again := o
	again.Scanners = nil
	var want, tree []File
	var when time.Time
	seen := map[string]bool{}
	for _, r := range runs {
		partial := slices.ContainsFunc(r.Missing, func(g Gap) bool { return g.Partial })
		if len(r.Findings) == 0 && !partial || r.Compared || r.err != nil {
			continue
		}
		if tree == nil {
			var err error
			if tree, when, err = o.Against.Files(ctx); err != nil {
				return nil, fmt.Errorf("cannot list the files of the base %.7s: %w", o.Against.Commit, err)
			}
		}
		files, ok := r.scanner.Select(tree, changed)
		if !ok || len(files) == 0 {
			continue
		}
		again.Scanners = append(again.Scanners, r.scanner)
		for _, f := range files {
			if !seen[f.Path] {
				seen[f.Path] = true
				want = append(want, f)
			}
		}
	}
	if len(again.Scanners) == 0 {
		return nil, nil
	}
	dir, err := o.Against.CheckOut(ctx, want)
	if err != nil {
		return nil, fmt.Errorf("cannot check out the base %.7s: %w", o.Against.Commit, err)
	}
	in.Dir, in.Files, in.Part, in.Artifact = dir, tree, true, ""
	before := scanAll(ctx, again, in, changed)
	for _, r := range before {
		if r.err != nil {
			err = errors.Join(err, fmt.Errorf("cannot scan the base %.7s with %s: %w", o.Against.Commit, r.scanner.Name(), r.err))
		}
	}
	markGaps(runs, before)
	moved, movedErr := o.Against.Moved(ctx)
	if movedErr != nil {
		err = errors.Join(err, fmt.Errorf("cannot find the files that were renamed since the base %.7s: %w", o.Against.Commit, movedErr))
	}
	counterpart := markKnown(findings, joined(before), moved, func(old, name string) lineMap { return readLines(dir, old, o.Dir, name) })
	o.markLinks(findings)
	for i := range findings {
		f := &findings[i]
		if f.Status == report.Known && f.Published != nil && f.Published.After(when) {
			f.Status = report.Disclosed
			if o.Counted {
				f.Status = report.New
			}
		}
	}
	return counterpart, err
}

// markLinks marks the findings in symbolic links, which are not checked out from the base: in
// an unchanged link they are known, and in another one if the file that it leads to has the
// same one, known.
func (o Options) markLinks(findings []report.Finding) {
	known := map[string]bool{}
	for _, f := range findings {
		if f.Status == report.Known {
			known[f.At.Path+"\x00"+unplaced(f)] = true
		}
	}
	root, err := filepath.EvalSymlinks(o.Dir)
	differs := o.Against.Differs
	for _, f := range o.Files {
		if !f.Link || differs == nil {
			continue
		}
		to, linkErr := filepath.EvalSymlinks(filepath.Join(o.Dir, filepath.FromSlash(f.Path)))
		target, relErr := filepath.Rel(root, to)
		leads := errors.Join(err, linkErr, relErr) == nil
		for i := range findings {
			one := &findings[i]
			if one.At.Path == f.Path && (!differs[f.Path] || leads && known[filepath.ToSlash(target)+"\x00"+unplaced(*one)]) {
				one.Status = report.Known
			}
		}
	}
}

// markGaps marks the partial gaps that the same scanner has in the base.
func markGaps(runs, base []run) {
	for _, r := range runs {
		for _, b := range base {
			if r.scanner.Name() != b.scanner.Name() || r.scanner.Kind() != b.scanner.Kind() {
				continue
			}
			for i := range r.Missing {
				g := &r.Missing[i]
				g.Known = g.Known || g.Partial && slices.ContainsFunc(b.Missing, func(o Gap) bool { return o.Partial && o.What == g.What })
			}
		}
	}
}
