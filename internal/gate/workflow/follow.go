package workflow

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/seed-b235b314/goldenpath/internal/files"
)

// lockName is the file in which GitHub keeps the commits of actions (public preview).
const lockName = ".github/workflows/actions.lock"

var lockedCommit = regexp.MustCompile(`^(?:sha1-[0-9a-f]{40}|sha256-[0-9a-f]{64})$`)

// follow adds what only the folder shows: the actions that are reached by a symbolic
// link, and the commits in actions.lock.
func (t *Tree) follow(root *os.Root) {
	callers, called := t.files[0].callers, t.files[0].called
	for _, name := range sorted(callers) {
		if to := linked(root, name); called[name] == nil && called[to] != nil {
			called[name] = called[to]
			callers[to] = append(callers[to], callers[name]...)
		}
	}
	text, err := files.Read(root, lockName, maxFile)
	if err != nil {
		return // without it, nothing is locked
	}
	doc, err := load(text)
	if err != nil {
		return
	}
	commits := map[string]bool{}
	entries(get(doc, "dependencies"), func(_ string, k, v *yaml.Node) {
		commits[k.Value] = lockedCommit.MatchString(get(v, "commit").Value)
	})
	entries(get(doc, "workflows"), func(_ string, k, list *yaml.Node) {
		for _, f := range t.files {
			if f.Path != path.Clean(k.Value) {
				continue
			}
			f.locked = map[string]bool{}
			for _, entry := range list.Content {
				f.locked[resolve(entry).Value] = commits[resolve(entry).Value]
			}
		}
	})
}

// linked returns the folder to which the links in a path lead, relative to the
// repository, or "" if it is not in the repository.
func linked(root *os.Root, name string) string {
	base, err := filepath.EvalSymlinks(root.Name())
	if err != nil {
		return ""
	}
	to, err := filepath.EvalSymlinks(filepath.Join(base, filepath.FromSlash(name)))
	if err != nil {
		return ""
	}
	rel, err := filepath.Rel(base, to)
	if err != nil || strings.HasPrefix(rel, "..") {
		return ""
	}
	return filepath.ToSlash(rel)
}
