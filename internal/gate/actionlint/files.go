package actionlint

import (
	"path"
	"slices"
	"strings"
)

// kind of a file, as a reader calls it.
type kind string

const (
	other         kind = ""
	workflowFile  kind = "workflow"
	actionFile    kind = "action"
	configuration kind = "configuration"
)

// kindOf tells by its path what a file is. An action may lie in any folder; what
// only has such a name is seen when it is read. In node_modules are those of others,
// unless it is below .github.
func kindOf(name string) kind {
	dir, base := path.Split(name)
	switch {
	case dir == ".github/workflows/" && (path.Ext(base) == ".yml" || path.Ext(base) == ".yaml"):
		return workflowFile
	case (base == "action.yml" || base == "action.yaml") && (strings.HasPrefix(dir, ".github/") || !strings.Contains("/"+dir, "/node_modules/")):
		return actionFile
	case slices.Contains(configNames, name):
		return configuration
	}
	return other
}

// ours reports whether a file lies where a repository keeps its actions.
func ours(name string) bool {
	dir := path.Dir(name)
	parent := path.Dir(dir)
	return dir == "." || parent == "actions" || parent == ".github/actions"
}
