package stage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// Own describes a checkout that belongs to goldenpath, and not to a person or a CI job.
type Own struct {
	Installed string // file that records for what the dependencies were installed
	Run       string // differs for each run of a commit
}

// CheckOutFor brings Job.Top to the commit. What the install command filled stays if it
// would be filled in the same way again.
func (j *Job) CheckOutFor(ctx context.Context) error {
	var keep []string
	if key, lasting := j.installKey(ctx); lasting && j.installed(key) {
		for _, folder := range j.Config.Install.Keep {
			keep = append(keep, j.Commit.in(path.Clean(filepath.ToSlash(folder))))
		}
	} else if err := j.forgetInstalled(); err != nil {
		return err
	}
	return j.Commit.Update(ctx, j.Top, keep)
}

// install runs the install command, unless this checkout has its result already. It
// returns false if there is nothing to install.
func (j *Job) install(ctx context.Context, r *report.Report) (bool, error) {
	in := j.Config.Install
	if in.Run == "" {
		return false, nil
	}
	c := report.Check{Name: "install", State: report.OK}
	key, lasting := j.installKey(ctx)
	if j.installed(key) {
		if c.Result = "done in this run"; lasting {
			c.Result = "kept: " + strings.Join(in.Lock, ", ") + " is the same as before"
		}
		r.Checks = append(r.Checks, c)
		return true, nil
	}
	if err := j.forgetInstalled(); err != nil {
		return true, err
	}
	j.Say("install: " + in.Run)
	log, err := os.Create(filepath.Join(j.Out, "install.log"))
	if err != nil {
		return true, err
	}
	defer log.Close()
	res, err := tool.Command{
		Argv: tool.Shell(in.Run), Dir: j.Dir, Env: []string{"GOLDENPATH_COMMIT=" + j.Commit.ID}, Timeout: in.Timeout.D(), Guard: j.Guard, Transcript: log,
	}.Run(ctx)
	if ctx.Err() != nil {
		return true, context.Cause(ctx)
	}
	if err := built(ctx, r, "install", log.Name(), res, err); err != nil || r.Verdict == report.Fail {
		return true, err
	}
	return true, j.rememberInstalled(key)
}

// installKey identifies the result of the install command. lasting reports that later runs
// have the same key while nothing changes that the result depends on.
func (j *Job) installKey(ctx context.Context) (key string, lasting bool) {
	in := j.Config.Install
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q %s\n", in.Run, in.Keep, installers(in))
	lasting = len(in.Lock) > 0 && len(in.Keep) > 0
	for _, name := range in.Lock {
		b, err := j.Commit.read(ctx, path.Clean(filepath.ToSlash(name)))
		lasting = lasting && err == nil
		fmt.Fprintf(sum, "%s %d %x\n", name, len(b), sha256.Sum256(b))
	}
	if !lasting {
		fmt.Fprintf(sum, "%s %s\n", j.Commit.ID, j.Own.Run)
	}
	return hex.EncodeToString(sum.Sum(nil)), lasting
}

// installers describes the programs that the result depends on, because a compiled module
// of one version of Node or Python does not work with another.
func installers(in config.Install) string {
	var all strings.Builder
	first, _, _ := strings.Cut(in.Run, " ")
	for _, name := range []string{first, "node", "python3", "ruby", "php"} {
		at, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if real, err := filepath.EvalSymlinks(at); err == nil {
			at = real
		}
		if info, err := os.Stat(at); err == nil {
			fmt.Fprintf(&all, "%s %d %d\n", at, info.Size(), info.ModTime().UnixNano())
		}
	}
	return all.String()
}

// installed reports whether the checkout has the result with this key. The record is
// outside the checkout, where no command of the repository writes.
func (j *Job) installed(key string) bool {
	if j.Own.Installed == "" {
		return false
	}
	b, err := os.ReadFile(j.Own.Installed)
	if err != nil || string(b) != key {
		return false
	}
	for _, folder := range j.Config.Install.Keep {
		if info, err := os.Lstat(filepath.Join(j.Dir, filepath.FromSlash(folder))); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}

func (j *Job) rememberInstalled(key string) error {
	if j.Own.Installed == "" {
		return nil
	}
	return files.Write(j.Own.Installed, []byte(key))
}

func (j *Job) forgetInstalled() error {
	if j.Own.Installed == "" {
		return nil
	}
	if err := os.Remove(j.Own.Installed); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
