package scaffold

import (
	"path"
	"regexp"
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
	for _, name := range t.match(6, func(name string) bool { return path.Ext(name) == ".sql" }) {
		dir := migrationsOf(name)
		if dir == "" {
			continue
		}
		if count[dir]++; f.Migrations == "" || count[dir] > count[f.Migrations] {
			f.Migrations = dir
		}
	}
}

// replaced matches folders of migrations that no release adds to any more.
var replaced = regexp.MustCompile(`(?i)(^|[/_-])(old|legacy|archived?|deprecated)([/_-]|$)`)

// migrationsOf returns the folder of all migrations that a file of SQL belongs to, or "".
// Prisma and Diesel keep each migration in a folder of its own below it, Diesel by database.
func migrationsOf(name string) string {
	var dir string
	for part := range strings.SplitSeq(path.Dir(name), "/") {
		dir = path.Join(dir, part)
		if strings.Contains(part, "migration") {
			if replaced.MatchString(dir) {
				return ""
			}
			return dir
		}
	}
	return ""
}

// nested reports whether a folder is inside one of the others, such as a subchart.
func nested(dir string, others []string) bool {
	return slices.ContainsFunc(others, func(o string) bool { return within(o, dir) })
}
