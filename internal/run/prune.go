package run

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/stage"
)

// Bounds limit what the state folder keeps of earlier runs.
type Bounds struct {
	Runs  int   // newest runs that are kept
	Bytes int64 // of all runs together; the newest run is kept whatever its size
}

// Limits are the bounds that each run applies.
var Limits = Bounds{Runs: 20, Bytes: 500 << 20}

// Old is something that clean removes.
type Old struct {
	Path  string
	What  string // such as "run 3f9c2d1"
	Bytes int64
	when  time.Time
}

// prune removes the oldest runs that exceed the bounds, and never the run in the folder
// keep. Evidence and releases are not in these folders: they are in the registry and in the
// ledger.
func prune(state, keep string, b Bounds) error {
	all, err := oldRuns(state, keep)
	if err != nil {
		return err
	}
	var total int64
	for i, run := range all {
		total += run.Bytes
		if i+1 < b.Runs && total <= b.Bytes { // the run in keep is one too
			continue
		}
		if err := os.RemoveAll(run.Path); err != nil {
			return fmt.Errorf("cannot remove an old run: %w", err)
		}
	}
	return nil
}

// oldRuns lists the runs of a state folder except one, the newest first.
func oldRuns(state, keep string) ([]Old, error) {
	dir := filepath.Join(state, "runs")
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot list the runs: %w", err)
	}
	var all []Old
	for _, e := range entries {
		run := Old{Path: filepath.Join(dir, e.Name()), What: fmt.Sprintf("run %.7s", e.Name())}
		if run.Path == keep || !e.IsDir() {
			continue
		}
		if run.Bytes, err = size(run.Path); err != nil {
			return nil, err
		}
		run.when = modified(run.Path)
		all = append(all, run)
	}
	slices.SortFunc(all, func(a, b Old) int { return cmp.Or(b.when.Compare(a.when), strings.Compare(a.Path, b.Path)) })
	return all, nil
}

// modified returns when a run last recorded something.
func modified(run string) time.Time {
	info, err := os.Stat(filepath.Join(run, "run.json"))
	if err != nil {
		info, err = os.Stat(run)
	}
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// size returns the bytes of the files below a folder, or of a file.
func size(dir string) (int64, error) {
	var n int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it is being removed
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if info, err := d.Info(); err == nil {
			n += info.Size()
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("cannot measure %s: %w", dir, err)
	}
	return n, nil
}

// Removable lists what can be removed from the state folder and the build folder without
// losing a release, its evidence or an environment: the runs, the logs of failed
// deployments, and the checkout with its installed dependencies.
func Removable(state, build string) ([]Old, error) {
	all, err := oldRuns(state, "")
	if err != nil {
		return nil, err
	}
	for _, one := range []Old{
		{Path: filepath.Join(state, "logs"), What: "logs of deployments that failed"},
		{Path: filepath.Join(state, "stages"), What: "logs of single commands"},
		{Path: build, What: "build folder, with installed dependencies"},
	} {
		if _, err := os.Stat(one.Path); err != nil {
			continue
		}
		if one.Bytes, err = size(one.Path); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// Clean removes what Removable lists. It refuses while a run is active.
func Clean(state, build string) ([]Old, error) {
	unlock, err := lock(state)
	if err != nil {
		return nil, err
	}
	defer unlock()
	all, err := Removable(state, build)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		if err := stage.RemoveTree(one.Path); err != nil {
			return nil, fmt.Errorf("cannot remove %s: %w", one.What, err)
		}
	}
	return all, nil
}
