package workflow

import (
	"path"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/lockfile"
)

// kind is the type of a file. Its text is the noun used in reports.
type kind string

const (
	other         kind = ""
	workflow      kind = "workflow"
	action        kind = "action"
	configuration kind = "configuration"
	dependabot    kind = "Dependabot configuration"
	preCommit     kind = "pre-commit configuration"
)

// kindOf classifies a file by its path. An action may be in any folder; whether the
// file really is an action is decided when it is read. Actions in node_modules belong
// to dependencies and are skipped, except below .github.
func kindOf(name string) kind {
	dir, _ := path.Split(name)
	switch {
	case lockfile.IsWorkflow(name):
		return workflow
	case lockfile.IsAction(name) && (strings.HasPrefix(dir, ".github/") || !strings.Contains("/"+dir, "/node_modules/")):
		return action
	case name == ".github/dependabot.yml" || name == ".github/dependabot.yaml":
		return dependabot
	case name == ".pre-commit-config.yaml":
		return preCommit
	case slices.Contains(configNames, name), name == lockName:
		return configuration
	}
	return other
}

// ours reports whether a file is in a place where a repository keeps its own actions.
func ours(name string) bool {
	dir := path.Dir(name)
	parent := path.Dir(dir)
	return dir == "." || parent == "actions" || parent == ".github/actions"
}
