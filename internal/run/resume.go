package run

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// resumeFor is the age up to which a result is used again. Advisories and waivers
// change with time.
const resumeFor = 24 * time.Hour

// resume returns the index of the first stage that has to run. The stages before it
// passed within resumeFor, and their results still exist.
func (x *execution) resume(ctx context.Context, all []step) int {
	first := slices.IndexFunc(all, func(s step) bool {
		age := x.Now().Sub(x.state.outcome(s.name).Ended) // negative if the clock was set back
		return !x.state.passed(s.name) || age < 0 || age > resumeFor || s.holds != nil && !s.holds(ctx, x)
	})
	if first < 0 {
		return len(all)
	}
	if all[first].checkout && !x.hasCheckout() {
		return 0
	}
	if after := all[first].after; after != "" {
		return slices.Index(names(all), after)
	}
	return first
}

// first returns the index of the first stage that has to run: where --from says, or where
// the results of an earlier call end.
func (x *execution) first(ctx context.Context, all []step, from, until int) (int, error) {
	if x.From == "" {
		return x.resume(ctx, all), nil
	}
	refuse := func(format string, args ...any) (int, error) {
		return 0, report.Usage("--from " + x.From + ": " + fmt.Sprintf(format, args...))
	}
	missing, commit := x.firstOpen(all[:from]), x.Job.Commit.ID
	switch {
	case missing != "":
		return refuse("stage %s has not passed for %.7s: run without --from", missing, commit)
	case x.lacksCheckout(all[from : until+1]):
		return refuse("a run of another commit replaced the checkout of %.7s: use --from validate", commit)
	case all[from].after != "" && !x.previewAlive(ctx):
		return refuse("the preview of %.7s was removed when its run ended: use --from %s", commit, all[from].after)
	}
	return from, nil
}

// firstOpen returns the first stage that has not passed, or "".
func (x *execution) firstOpen(all []step) string {
	for _, s := range all {
		if !x.state.passed(s.name) {
			return s.name
		}
	}
	return ""
}

// lacksCheckout reports whether one of the stages needs a checkout that a run of another
// commit replaced. validate makes a new one.
func (x *execution) lacksCheckout(some []step) bool {
	return !x.hasCheckout() && some[0].name != "validate" && slices.ContainsFunc(some, func(s step) bool { return s.checkout })
}

// packaged reports whether the image of an earlier call is still in the repository,
// with provenance that the current key verifies.
func packaged(ctx context.Context, x *execution) bool {
	r := x.state.report("package")
	if r == nil || r.Digest == "" {
		return false
	}
	if _, err := x.Image.Resolve(ctx, r.Digest, v1.Platform{}); err != nil {
		return false
	}
	c, err := evidence.Collect(ctx, x.Image, x.Trust, r.Digest, x.Now())
	if err != nil {
		return false
	}
	return c.Verdict(evidence.Provenance, "").Found()
}

// bounds returns the indexes of the first and the last stage.
func bounds(all []string, from, until string) (first, last int, err error) {
	find := func(flag, name string, otherwise int) (int, error) {
		if name == "" {
			return otherwise, nil
		}
		i := slices.Index(all, name)
		if i < 0 {
			return 0, report.Usage(fmt.Sprintf("%s: unknown stage %q; stages are: %s%s", flag, name, strings.Join(all, ", "), config.Suggest(name, all)))
		}
		return i, nil
	}
	if first, err = find("--from", from, 0); err != nil {
		return 0, 0, err
	}
	if last, err = find("--until", until, len(all)-1); err != nil {
		return 0, 0, err
	}
	if first > last {
		return 0, 0, report.Usage(fmt.Sprintf("--from %s is a later stage than --until %s: exchange the two stages", from, until))
	}
	return first, last, nil
}

// lock ensures that only one run at a time uses a state folder.
func lock(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("cannot open the state of the run: %w", err)
	}
	l := flock.New(filepath.Join(dir, "run.lock"))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("cannot open the state of the run: %w", err)
	}
	if !ok {
		return nil, report.Usage(fmt.Sprintf("another goldenpath run is active in this repository (%s): wait for it, or stop it", l.Path()))
	}
	return func() { _ = l.Unlock() }, nil
}
