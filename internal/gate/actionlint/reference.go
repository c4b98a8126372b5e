package actionlint

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/workflow"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// elsewhere replaces a reference that actionlint must not open. It does not open
// references to other repositories.
const elsewhere = "not/opened/.github/workflows/x.yml@v1"

// reference rewrites a uses: for actionlint. GitHub resolves $/path in the repository
// of the file at the running commit, which is what actionlint checks for ./path. A
// path that actionlint must not open, because it leads out of the repository or to
// something that is not a small file, is replaced.
func (l *linter) reference(f *workflow.File, s *actionlint.String) {
	was := s.Value
	path, own := strings.CutPrefix(was, "$/")
	if !own {
		if path, own = strings.CutPrefix(was, "./"); !own {
			return
		}
	} else {
		s.Value = "./" + path
		l.newer.translated++
	}
	why, ok := l.opens(path)
	if ok {
		return
	}
	s.Value = elsewhere
	g := gate.Gap{What: text.OneLine(was, 120) + " in " + f.Path, Why: why, Remedy: "put a regular file of less than 1 MiB there, or remove the reference"}
	if why != "" && !slices.Contains(l.gaps, g) {
		l.gaps = append(l.gaps, g)
	}
}

// opens reports whether actionlint may open a local reference, and if not, why.
// There is no reason for a path that leaves the repository by "..": GitHub finds
// nothing there either.
func (l *linter) opens(ref string) (why string, ok bool) {
	if slices.Contains(strings.Split(strings.ReplaceAll(ref, `\`, "/"), "/"), "..") {
		return "", false
	}
	for _, name := range []string{path.Clean(ref), path.Join(ref, "action.yaml"), path.Join(ref, "action.yml")} {
		if why := l.refused(name); why != "" {
			return why, false
		}
	}
	return "", true
}

// refused returns why a file cannot be opened. It is "" for a file that does not
// exist, which actionlint reports itself.
func (l *linter) refused(name string) string {
	info, err := l.root.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return ""
	case err != nil:
		return "it leads out of the repository"
	case info.IsDir():
		return ""
	}
	if err := workflow.Bounded(l.root, name); err != nil {
		return err.Error()
	}
	return ""
}
