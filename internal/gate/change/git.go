package change

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// repository is a checkout and its history.
type repository struct {
	dir     string
	scratch string // folder for what is checked out; the caller removes it
}

// git runs git without any configuration but the repository's own: no filter, no
// hook and no alias of this machine takes part. The checkout may belong to another
// user: in a container it always does.
func (r repository) git(ctx context.Context, args ...string) (string, error) {
	return r.with(ctx, nil, "", args...)
}

func (r repository) with(ctx context.Context, env []string, stdin string, args ...string) (string, error) {
	res, err := tool.Command{
		Argv: append([]string{"git", "-c", "core.quotePath=false"}, args...), Dir: r.dir, Stdin: strings.NewReader(stdin),
		Env: append([]string{"LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_ATTR_NOSYSTEM=1",
			"GIT_NO_REPLACE_OBJECTS=1", "GIT_OPTIONAL_LOCKS=0", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"}, env...),
	}.Run(ctx)
	if err != nil {
		return "", fmt.Errorf("run git %s: %w", args[0], err)
	}
	return string(res.Stdout), nil
}

// commit is the full id of what a name means.
func (r repository) commit(ctx context.Context, name string) (string, error) {
	out, err := r.git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	if err != nil {
		var exit *tool.ExitError
		if errors.As(err, &exit) {
			return "", errNoBase
		}
		return "", err
	}
	return strings.TrimSpace(out), nil
}

// fetch gets a commit that a shallow checkout lacks.
func (r repository) fetch(ctx context.Context, id string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	args := []string{"fetch", "--quiet", "--no-tags", "--no-recurse-submodules"}
	if r.isShallow(ctx) {
		args = append(args, "--unshallow")
	}
	if _, err := r.git(ctx, append(args, "origin", id)...); err != nil {
		return "", fmt.Errorf("%w, and cannot fetch it: %w", errNoBase, err)
	}
	return r.commit(ctx, id)
}

func (r repository) isShallow(ctx context.Context) bool {
	out, err := r.git(ctx, "rev-parse", "--is-shallow-repository")
	return err == nil && strings.TrimSpace(out) == "true"
}

// mergeBase is the commit where two histories part; empty: they have none in
// common, also not after what a shallow checkout lacks was fetched.
func (r repository) mergeBase(ctx context.Context, a, b string) (string, error) {
	out, err := r.git(ctx, "merge-base", a, b)
	var exit *tool.ExitError
	if errors.As(err, &exit) && exit.Code == 1 {
		if !r.isShallow(ctx) {
			return "", nil
		}
		if _, err := r.fetch(ctx, a); err != nil {
			return "", nil
		}
		if out, err = r.git(ctx, "merge-base", a, b); errors.As(err, &exit) && exit.Code == 1 {
			return "", nil
		}
	}
	return strings.TrimSpace(out), err
}

// differs are the paths in which a commit, or the checkout as it is, differs from
// the base. What git does not know is none of them.
func (r repository) differs(ctx context.Context, base, head string, committed bool) (gate.Changes, error) {
	args := []string{"diff-tree", "-r", "--name-only", "-z", "--no-renames", base, head}
	if !committed {
		args = []string{"diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty", base, "--"}
	}
	out, err := r.git(ctx, args...)
	if err != nil {
		return nil, err
	}
	changes := gate.Changes{}
	for name := range strings.SplitSeq(out, "\x00") {
		if name != "" {
			changes[name] = true
		}
	}
	return changes, nil
}

// moved tells which files are others of the base under a new name, mostly as they
// were: new to old.
func (c *Change) moved(ctx context.Context) (map[string]string, error) {
	args := []string{"diff-tree", "-r", "-z", "-M60%", "-l2000", "--diff-filter=R", "--name-status", c.compared, c.Head}
	if !c.committed {
		args = []string{"diff", "-z", "-M60%", "-l2000", "--diff-filter=R", "--name-status", "--no-ext-diff", "--no-textconv", c.compared, "--"}
	}
	out, err := c.git(ctx, args...)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	fields := strings.Split(out, "\x00") // R087, old, new
	for i := 0; i+2 < len(fields); i += 3 {
		names[fields[i+2]] = fields[i+1]
	}
	return names, nil
}

// listing is a commit's tree.
type listing struct {
	files   []gate.File
	modules []string
	links   []string // symbolic links
}

func (r repository) list(ctx context.Context, commit string, exclude []string, below ...string) (l listing, err error) {
	args := []string{"ls-tree", "-r", "-l", "-z", "--full-tree", commit, "--"}
	out, err := r.git(ctx, append(args, below...)...)
	if err != nil {
		return l, err
	}
	for entry := range strings.SplitSeq(out, "\x00") {
		about, name, _ := strings.Cut(entry, "\t")
		fields := strings.Fields(about) // mode, type, id, size
		if len(fields) != 4 || gate.Excluded(name, exclude) {
			continue
		}
		switch fields[0] {
		case "160000":
			l.modules = append(l.modules, name)
		case "120000":
			l.links = append(l.links, name)
		case "100644", "100755", "100664":
			size, err := strconv.ParseInt(fields[3], 10, 64)
			if err != nil {
				return l, fmt.Errorf("read the size of %s in %.7s: %w", name, commit, err)
			}
			l.files = append(l.files, gate.File{Path: name, Size: size})
		}
	}
	sortFiles(l.files)
	return l, nil
}

func sortFiles(files []gate.File) {
	slices.SortFunc(files, func(a, b gate.File) int { return cmp.Compare(a.Path, b.Path) })
}

// checkOut writes files of a commit below a new folder as git has them, through no
// filter.
func (r repository) checkOut(ctx context.Context, commit string, files []gate.File) (string, error) {
	dir, err := os.MkdirTemp(r.scratch, "base-*")
	if err != nil || len(files) == 0 {
		return dir, err
	}
	index := []string{"GIT_INDEX_FILE=" + filepath.Join(dir, "index")}
	var names strings.Builder
	for _, f := range files {
		names.WriteString(f.Path + "\x00")
	}
	to := filepath.Join(dir, "tree")
	if err := os.Mkdir(to, 0o700); err != nil {
		return dir, err
	}
	if _, err := r.with(ctx, index, "", "read-tree", commit); err != nil {
		return dir, err
	}
	if _, err := r.with(ctx, index, names.String(), "checkout-index", "--quiet", "-z", "--stdin", "--prefix="+to+"/"); err != nil {
		return dir, err
	}
	return to, nil
}

// Policy checks the named files and folders of the trusted commit out below a new
// folder. Those it does not have are left out. Without a trusted commit the folder
// is the checkout itself.
func (c *Change) Policy(ctx context.Context, names ...string) (string, error) {
	if c.Trusted == "" {
		return c.dir, nil
	}
	all, err := c.list(ctx, c.Trusted, nil, names...)
	if err != nil {
		return "", err
	}
	if len(all.links) > 0 {
		return "", report.Usage(fmt.Sprintf("%s:1:1 is a symbolic link in the base: commit the file itself, or nobody knows what its policy is", all.links[0]))
	}
	return c.checkOut(ctx, c.Trusted, all.files)
}

// Diff is what the change makes of the named files and folders, as a person reads
// it; empty when it leaves them alone.
func (c *Change) Diff(ctx context.Context, names ...string) (string, error) {
	touched := false
	for name := range c.changed {
		touched = touched || gate.Excluded(name, names)
	}
	if !touched {
		return "", nil
	}
	args := []string{"diff", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--src-prefix=base/", "--dst-prefix=change/", c.compared, "--"}
	for _, name := range names {
		args = append(args, ":(literal)"+name)
	}
	return c.git(ctx, args...)
}
