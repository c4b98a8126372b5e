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

// elsewhere replaces a reference that actionlint must not open. It looks like a
// reference to another repository, which actionlint does not open.
const elsewhere = "not/opened/.github/workflows/x.yml@v1"

// reference rewrites a uses: for actionlint. GitHub resolves $/path in the repository
// of the file at the running commit, which is what actionlint checks for ./path. A path
// that leads out of the repository, or to something other than a small regular file, is
// replaced, so that actionlint does not open it.
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

// opens reports whether actionlint may open a local reference. why is the reason for a
// refusal. It is empty for a path that leaves the repository by "..", because GitHub
// finds no file there either.
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

// refused returns the reason why actionlint must not open a file. It returns "" for a
// file that may be opened, and for a file that does not exist, which actionlint reports
// itself.
func (l *linter) refused(name string) string {
	info, err := l.root.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return ""
	case err != nil:
		return "the path leads out of the repository"
	case info.IsDir():
		return ""
	}
	if err := workflow.Bounded(l.root, name); err != nil {
		return err.Error()
	}
	return ""
}
