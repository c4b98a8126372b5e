package host

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/dustin/go-humanize"
)

// Guard keeps previews from filling the disk. It removes those whose data are larger than
// previews.disk, and if less is free than budget.disk, the largest ones until there is room.
// Nothing of a release is removed. Unless it is thorough, it looks at the data only if room
// is short.
func (h *Host) Guard(ctx context.Context, thorough bool) error {
	short := h.disk(0)
	if short == nil && !thorough {
		return nil
	}
	all, err := h.all()
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(e *environment) bool { return !e.preview() })
	sizes, err := h.measure(ctx, all)
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b *environment) int { return int(sizes[b.slug]>>10) - int(sizes[a.slug]>>10) })
	limit := h.Config.Previews.disk()
	var errs error
	for _, e := range all {
		size, why := sizes[e.slug], ""
		switch {
		case limit > 0 && size > limit:
			why = fmt.Sprintf("its data have %s, and previews.disk is %s", humanize.IBytes(size), h.Config.Previews.Disk)
		case size >= worthwhile && h.disk(0) != nil:
			why = fmt.Sprintf("less than %s of the disk is free, and no other preview uses more than its %s", h.Config.Budget.Disk, humanize.IBytes(size))
		default:
			continue
		}
		err := h.Down(ctx, e.App, e.Environment)
		h.audit("evict", e.App, e.Environment, why, err)
		errs = errors.Join(errs, err)
	}
	return errs
}

// worthwhile is how much a preview must use to be removed when room is short.
const worthwhile = 64 << 20

// measure returns the size of the data of environments, by slug. Only a container can read
// them.
func (h *Host) measure(ctx context.Context, all []*environment) (map[string]uint64, error) {
	volumes, err := h.engine.names(ctx, "volume")
	if err != nil {
		return nil, err
	}
	helper, err := h.helper(ctx)
	if err != nil {
		return nil, err
	}
	if err := h.engine.remove(ctx, measuring); err != nil { // of a call that was cut
		return nil, err
	}
	args, sizes := []string{"run", "--rm", "--name", measuring, "--network", "none"}, map[string]uint64{}
	for _, v := range volumes {
		slug, _, _ := cutLast(strings.TrimPrefix(v, "goldenpath."), ".")
		if slices.ContainsFunc(all, func(e *environment) bool { return e.slug == slug }) {
			args = append(args, "--volume", v+":/measure/"+v+":ro,nocopy")
		}
	}
	if !slices.Contains(args, "--volume") {
		return sizes, nil
	}
	out, err := h.engine.run(ctx, append(args, helper, "host", "measure", "/measure")...)
	if err != nil {
		return nil, err
	}
	for s := bufio.NewScanner(strings.NewReader(out)); s.Scan(); {
		var volume string
		var size uint64
		if _, err := fmt.Sscan(s.Text(), &volume, &size); err != nil {
			return nil, fmt.Errorf("cannot read the size of the data: %w", err)
		}
		slug, _, _ := cutLast(strings.TrimPrefix(volume, "goldenpath."), ".")
		sizes[slug] += size
	}
	return sizes, nil
}

// measuring is the name of the container that measures. It keeps volumes from being removed,
// so that who removes one ends it.
const measuring = "goldenpath-measure"

// perFile is what an empty file counts: a disk has room for so many of them only.
const perFile = 4096

// Measure prints the space on disk of each folder in dir. It runs in a container.
func Measure(w io.Writer, dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return err
	}
	for _, name := range names {
		var size uint64
		links := map[[2]uint64]bool{} // files with several names, by device and inode
		_ = filepath.WalkDir(name, func(_ string, d fs.DirEntry, err error) error {
			if err != nil { // it was removed just now
				return nil
			}
			if info, err := d.Info(); err == nil {
				if s, ok := info.Sys().(*syscall.Stat_t); ok {
					if at := [2]uint64{uint64(s.Dev), s.Ino}; s.Nlink > 1 && !d.IsDir() {
						if links[at] {
							return nil
						}
						links[at] = true
					}
					size += max(uint64(s.Blocks)*512, perFile)
				}
			}
			return nil
		})
		if _, err := fmt.Fprintln(w, filepath.Base(name), size); err != nil {
			return err
		}
	}
	return nil
}
