package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"

	"github.com/seed-b235b314/goldenpath/internal/host/protocol"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// room makes room for a new preview. Above the budget the previews that were deployed
// longest ago are removed. Releases are never removed.
func (h *Host) room(ctx context.Context, fresh *environment, say func(target.Phase)) error {
	all, err := h.all()
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(e *environment) bool { return !e.preview() || e.slug == fresh.slug })
	slices.SortFunc(all, func(a, b *environment) int { return a.Switched.Compare(b.Switched) })
	for len(all) >= h.Config.Budget.Previews {
		oldest := all[0]
		all = all[1:]
		if err := h.Down(ctx, oldest.App, oldest.Environment); err != nil {
			return fmt.Errorf("there is no room for another preview, and %s of %s cannot be removed: %w", oldest.Environment, oldest.App, err)
		}
		h.audit("evict", oldest.App, oldest.Environment, "the server has at most "+humanize.Comma(int64(h.Config.Budget.Previews))+" previews", nil)
		say(target.Phase{Name: "room", Detail: fmt.Sprintf("%s of %s was removed: this server has at most %d previews, and it was deployed longest ago", oldest.Environment, oldest.App, h.Config.Budget.Previews)})
	}
	return h.disk(0)
}

// disk refuses what would leave less free space than the configuration asks for.
func (h *Host) disk(more uint64) error {
	s, err := space(h.Dir)
	if err != nil {
		return err
	}
	if other, err := space(h.engine.storage()); err == nil { // often the same disk; some count no files
		s.Free = min(s.Free, other.Free)
		if other.Inodes > 0 && (s.Inodes == 0 || other.FreeInodes < s.FreeInodes) {
			s.Inodes, s.FreeInodes = other.Inodes, other.FreeInodes
		}
	}
	if s.Inodes > 0 && s.FreeInodes < leastInodes {
		return &target.Refusal{Problems: []string{fmt.Sprintf("the disk of the server has room for %s more files only: remove previews", humanize.Comma(int64(s.FreeInodes)))}}
	}
	least, err := humanize.ParseBytes(h.Config.Budget.Disk)
	if err != nil {
		return err
	}
	if s.Free < least+more {
		return &target.Refusal{Problems: []string{fmt.Sprintf("the server has %s of free disk and is to keep %s free: remove previews, or lower budget.disk in %s", humanize.IBytes(s.Free), humanize.IBytes(least), ConfigFile)}}
	}
	return nil
}

// leastInodes is how many files must still fit on the disk.
const leastInodes = 10_000

func space(dir string) (protocol.Space, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return protocol.Space{}, err
	}
	return protocol.Space{Total: s.Blocks * uint64(s.Bsize), Free: s.Bavail * uint64(s.Bsize), Inodes: s.Files, FreeInodes: s.Ffree}, nil
}

// pruneAfter is how long an image that nothing needs stays: it may have been sent for a
// deployment that is about to begin.
const pruneAfter = time.Hour

// prune removes the images that no generation needs, from the registry and the engine.
func (h *Host) prune(ctx context.Context) error {
	unlock, err := h.holdImages(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	all, err := h.all()
	if err != nil {
		return err
	}
	digests, ids := map[string]bool{}, map[string]bool{}
	for _, e := range all {
		numbers, err := e.generations()
		if err != nil {
			return err
		}
		for _, n := range numbers {
			g, err := e.generation(n)
			if err != nil {
				return err
			}
			if g != nil {
				digests[g.Digest], ids[g.Image] = true, true
			}
		}
		for _, d := range e.Served[max(0, len(e.Served)-keepServed):] {
			digests[d] = true
		}
	}
	out, err := h.engine.run(ctx, "images", "--no-trunc", "--filter", "reference=goldenpath.local/*", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}")
	if err != nil {
		return err
	}
	helper, err := h.helperTag()
	if err != nil {
		return err
	}
	for line := range strings.Lines(out) {
		id, tag, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.HasPrefix(id, "sha256:") {
			id = "sha256:" + id
		}
		if id == "sha256:" || ids[id] || tag == helper {
			continue
		}
		if _, rmErr := h.engine.run(ctx, "rmi", tag); rmErr != nil && !missing(rmErr) && !used.MatchString(rmErr.Error()) {
			err = errors.Join(err, rmErr)
		}
	}
	apps, readErr := os.ReadDir(filepath.Join(h.Dir, "images"))
	err = errors.Join(err, readErr)
	for _, app := range apps {
		if !app.IsDir() {
			continue
		}
		images, openErr := h.images(app.Name())
		if openErr != nil {
			err = errors.Join(err, openErr)
			continue
		}
		_, pruneErr := images.Prune(ctx, false, func(digest string) bool { return digests[digest] || h.sentLately(app.Name(), digest) })
		err = errors.Join(err, pruneErr)
	}
	return err
}

// used matches what an engine says of an image that a container still has: one that is
// about to end, whose image the next sweep removes.
var used = regexp.MustCompile(`in use|being used|is using`)

// sentLately reports whether an image may be about to be deployed.
func (h *Host) sentLately(app, digest string) bool {
	info, err := os.Stat(filepath.Join(h.Dir, "images", app, "blobs", "sha256", strings.TrimPrefix(digest, "sha256:")))
	return err == nil && time.Since(info.ModTime()) < pruneAfter
}

// keepServed is how many releases of an environment stay in the registry of the server, so
// that a rollback has nothing to send.
const keepServed = 5
