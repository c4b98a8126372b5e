package inventory

import (
	"maps"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/lockfile"
)

// pyproject is the part of pyproject.toml that names what a lock file has.
type pyproject struct {
	Name         string
	Dependencies []string
	Optional     map[string][]string `toml:"optional-dependencies"`
}

func (f file) pyproject() pyproject {
	var manifest struct{ Project pyproject }
	if beside, ok := f.beside("pyproject.toml"); !ok || decodeTOML(beside.text, &manifest) != nil {
		return pyproject{}
	}
	return manifest.Project
}

// requirePython adds the project beside the file and what it requires on every machine,
// which uv and Poetry lock completely.
func (f file) requirePython(l *links) {
	type group struct{ Dependencies map[string]any }
	var manifest struct {
		Groups map[string][]any `toml:"dependency-groups"`
		Tool   struct {
			Poetry struct {
				group
				Dev   map[string]any `toml:"dev-dependencies"`
				Group map[string]group
			}
		}
	}
	beside, ok := f.beside("pyproject.toml")
	if !ok || decodeTOML(beside.text, &manifest) != nil {
		return
	}
	project := f.pyproject()
	if project.Name != "" {
		l.need(1, lockfile.PyPIName(project.Name))
	}
	wanted := slices.Concat(append(slices.Collect(maps.Values(project.Optional)), project.Dependencies)...)
	for _, list := range manifest.Groups {
		for _, d := range list {
			wanted = append(wanted, text(d))
		}
	}
	for _, d := range wanted {
		if name, always := pythonRequirement(d); always {
			l.need(1, name)
		}
	}
	groups := append(slices.Collect(maps.Values(manifest.Tool.Poetry.Group)), manifest.Tool.Poetry.group, group{manifest.Tool.Poetry.Dev})
	for _, g := range groups {
		requireTables(l, g.Dependencies)
	}
}

// requireTables adds the dependencies of Poetry or Pipenv that hold on every machine.
func requireTables(l *links, all map[string]any) {
	for name, how := range all {
		table, _ := how.(map[string]any)
		_, several := how.([]map[string]any)
		conditional := several
		for _, key := range []string{"markers", "python", "platform", "path", "sys_platform", "os_name", "platform_system", "python_version", "optional"} {
			conditional = conditional || table[key] != nil
		}
		if !conditional && lockfile.PyPIName(name) != "python" {
			l.need(1, lockfile.PyPIName(name))
		}
	}
}
