package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/stage"
)

// A build folder belongs to one state folder, and so to one app. It has the same
// path for every commit, because compilers and test runners keep their caches by path, and
// it is outside the repository, so that no tool that walks through the repository finds a
// second copy of each file. The lock of the state folder protects it.
//
//	src         checkout of the commit that the last run worked on
//	commit      which run made src; absent while src is incomplete
//	installed   for what the dependencies in src were installed

// BuildFolder returns the build folder of a state folder, below the user's cache folder. A
// user without a cache folder gets one in the state folder.
func BuildFolder(cache, state string) string {
	if !filepath.IsAbs(cache) {
		return filepath.Join(state, "build")
	}
	sum := sha256.Sum256([]byte(state))
	repository, _, _ := strings.Cut(state, string(filepath.Separator)+".git"+string(filepath.Separator))
	repository = filepath.Base(repository) // of REPOSITORY/.git/goldenpath
	return filepath.Join(cache, "builds", repository+"-"+hex.EncodeToString(sum[:4]))
}

// own describes the checkout of a run that began at a time.
func own(build string, began time.Time) stage.Own {
	return stage.Own{Installed: filepath.Join(build, "installed"), Run: began.UTC().Format(time.RFC3339Nano)}
}

// checkOut brings the build folder to the commit of this run.
func (x *execution) checkOut(ctx context.Context) error {
	mark := filepath.Join(x.Build, "commit")
	if err := os.MkdirAll(x.Build, 0o700); err != nil {
		return fmt.Errorf("cannot create the build folder: %w: set XDG_CACHE_HOME to a writable folder", err)
	}
	if err := os.Remove(mark); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := x.CheckOutFor(ctx); err != nil {
		return err
	}
	return files.Write(mark, []byte(x.checkoutID()))
}

// checkoutID identifies the checkout of this run. A later run of another commit replaces it.
func (x *execution) checkoutID() string { return x.Job.Commit.ID + " " + x.Own.Run }

// hasCheckout reports whether the build folder has the checkout of this run, with what
// earlier stages left in it.
func (x *execution) hasCheckout() bool {
	b, err := os.ReadFile(filepath.Join(x.Build, "commit"))
	if err != nil || string(b) != x.checkoutID() {
		return false
	}
	_, err = os.Stat(x.Dir)
	return err == nil
}
