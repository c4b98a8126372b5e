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
	"github.com/seed-b235b314/goldenpath/internal/git"
)

// repository is a checkout and its history.
type repository struct {
	dir     string
	folder  string // of the app; "": the top
	app     string // name of the app
	scratch string // folder for temporary files; the caller removes it
	offline bool   // no remote is asked
	passed  []string
}

// git runs git in the repository. git may fetch objects that a partial clone lacks.
func (r repository) git(ctx context.Context, args ...string) (string, error) {
	out, err := git.Foreign(r.dir).AllowFetch().Output(ctx, nil, args...)
	return string(out), err
}

// commit returns the full id of the commit that a name means, or errNoCommit.
func (r repository) commit(ctx context.Context, name string) (string, error) {
	out, err := r.git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	if err != nil {
		var failed *git.Error
		if errors.As(err, &failed) {
			return "", errNoCommit
		}
		return "", err
	}
	return strings.TrimSpace(out), nil
}

// fetch gets a commit that a shallow checkout lacks.
func (r repository) fetch(ctx context.Context, id string) (string, error) {
	if r.offline {
		return "", fmt.Errorf("%w, and --offline forbids to fetch it", errNoCommit)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	args := []string{"fetch", "--quiet", "--no-tags", "--no-recurse-submodules"}
	if r.isShallow(ctx) {
		args = append(args, "--unshallow")
	}
	if _, err := r.git(ctx, append(args, "origin", id)...); err != nil {
		return "", fmt.Errorf("%w and cannot fetch the commit: %w", errNoCommit, err)
	}
	return r.commit(ctx, id)
}

// isAncestor reports whether b contains a. It returns false for a commit that is not in
// the checkout.
func (r repository) isAncestor(ctx context.Context, a, b string) bool {
	_, err := r.git(ctx, "merge-base", "--is-ancestor", a, b)
	return err == nil
}

func (r repository) isShallow(ctx context.Context) bool {
	out, err := r.git(ctx, "rev-parse", "--is-shallow-repository")
	return err == nil && strings.TrimSpace(out) == "true"
}

// mergeBase returns the newest commit that two histories have in common. It is empty if
// the histories have no commit in common, even after the rest of a shallow history was
// fetched.
func (r repository) mergeBase(ctx context.Context, a, b string) (string, error) {
	out, err := r.git(ctx, "merge-base", a, b)
	if git.Exited(err, 1) && r.isShallow(ctx) {
		if _, err := r.fetch(ctx, a); err != nil {
			return "", nil
		}
		out, err = r.git(ctx, "merge-base", a, b)
	}
	if git.Exited(err, 1) {
		return "", nil
	}
	return strings.TrimSpace(out), err
}

// differs returns the paths that differ between the base and a commit or, with
// committed false, between the base and the files of the checkout. Files that git does
// not track are left out.
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

// moved maps the new names of renamed files to their names in the base. git treats a
// file as renamed if at least 60 % of its content is unchanged.
func (c *Change) moved(ctx context.Context) (map[string]string, error) {
	args := append(append([]string{"diff-tree", "-r"}, git.Renames()...), c.base.compared, c.Head)
	if !c.committed {
		args = append(append([]string{"diff", "--no-ext-diff", "--no-textconv"}, git.Renames()...), c.base.compared, "--")
	}
	out, err := c.git(ctx, args...)
	if err != nil {
		return nil, err
	}
	return git.ParseRenames(out), nil
}

// unknown is the size of a file whose object the repository does not have, as in a clone
// that was damaged or that has only a part of the objects.
const unknown = -1

// listing is the tree of a commit.
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
			if err != nil { // BAD: the repository does not have the object
				size = unknown
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

// checkOut writes files of a commit below a new folder, byte for byte as git stores
// them, and returns the folder.
func (r repository) checkOut(ctx context.Context, commit string, files []gate.File) (string, error) {
	dir, err := os.MkdirTemp(r.scratch, "base-*")
	if err != nil || len(files) == 0 {
		return dir, err
	}
	var names strings.Builder
	for _, f := range files {
		names.WriteString(f.Path + "\x00")
	}
	to := filepath.Join(dir, "tree")
	if err := os.Mkdir(to, 0o700); err != nil {
		return dir, err
	}
	repo := git.Foreign(r.dir).AllowFetch().WithEnv("GIT_INDEX_FILE=" + filepath.Join(dir, "index"))
	if _, err := repo.Run(ctx, "read-tree", commit); err != nil {
		return dir, err
	}
	_, err = repo.Output(ctx, strings.NewReader(names.String()), "checkout-index", "--quiet", "-z", "--stdin", "--prefix="+to+"/")
	if err != nil {
		return dir, err
	}
	return to, nil
}
