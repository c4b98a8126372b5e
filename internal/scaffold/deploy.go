package scaffold

import (
	"path"
	"slices"
	"strings"
)

// delivery finds charts, kustomizations, Terraform and migrations.
func (f *Facts) delivery(t *tree) {
	for _, name := range t.find("Chart.yaml", 4) {
		if dir := path.Dir(name); dir != "." && !nested(dir, f.Charts) && !strings.Contains(t.text(name), "type: library") {
			f.Charts = append(f.Charts, dir)
		}
	}
	for _, base := range []string{"kustomization.yaml", "kustomization.yml"} {
		for _, name := range t.find(base, 5) {
			f.Kustomizations = append(f.Kustomizations, path.Dir(name))
		}
	}
	for _, name := range t.match(4, func(name string) bool { return path.Ext(name) == ".tf" }) {
		if dir := path.Dir(name); !slices.Contains(f.Terraform, dir) {
			f.Terraform = append(f.Terraform, dir)
		}
	}
	count := map[string]int{}
	for _, name := range t.match(5, func(name string) bool {
		return path.Ext(name) == ".sql" && strings.Contains(path.Dir(name), "migration")
	}) {
		dir := path.Dir(name)
		if count[dir]++; f.Migrations == "" || count[dir] > count[f.Migrations] {
			f.Migrations = dir
		}
	}
}

// nested reports whether a folder is inside one of the others, such as a subchart.
func nested(dir string, others []string) bool {
	return slices.ContainsFunc(others, func(o string) bool { return within(o, dir) })
}
