package osv

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

func TestSelect(t *testing.T) {
	tree := []string{
		"README.md", "api/go.mod", "api/go.sum", "api/main.go", "go.mod", "go.sum", "java/a/pom.xml", "java/pom.xml", "lib/poetry.lock",
		"lib/pyproject.toml", "notes/b.txt", "py/base.txt", "py/pins/prod.lock", "py/requirements.txt", "py/requirements/dev.in", "web/package-lock.json", "web/package.json",
		"net/a/a.csproj", "net/eng/Versions.props", "jvm/gradle/libs.versions.toml",
	}
	for name, c := range map[string]struct {
		changed gate.Changes
		want    []string
	}{
		"everything": {nil, []string{"api/go.mod", "api/go.sum", "go.mod", "go.sum", "java/a/pom.xml", "java/pom.xml", "lib/poetry.lock",
			"lib/pyproject.toml", "notes/b.txt", "py/base.txt", "py/pins/prod.lock", "py/requirements.txt", "py/requirements/dev.in", "web/package-lock.json", "web/package.json",
			"net/a/a.csproj", "net/eng/Versions.props", "jvm/gradle/libs.versions.toml"}},
		"documents":                   {gate.Changes{"README.md": true, "docs/x.md": true}, nil},
		"one module":                  {gate.Changes{"api/go.mod": true, "README.md": true}, []string{"api/go.mod", "api/go.sum"}},
		"sums alone":                  {gate.Changes{"api/go.sum": true}, []string{"api/go.mod", "api/go.sum"}},
		"a parent":                    {gate.Changes{"java/pom.xml": true}, []string{"java/a/pom.xml", "java/pom.xml"}},
		"what requirements include":   {gate.Changes{"py/base.txt": true}, []string{"notes/b.txt", "py/base.txt", "py/pins/prod.lock", "py/requirements.txt", "py/requirements/dev.in"}},
		"with another name":           {gate.Changes{"py/pins/prod.lock": true}, []string{"notes/b.txt", "py/base.txt", "py/pins/prod.lock", "py/requirements.txt", "py/requirements/dev.in"}},
		"what they included, gone":    {gate.Changes{"py/more.txt": true}, []string{"notes/b.txt", "py/base.txt", "py/pins/prod.lock", "py/requirements.txt", "py/requirements/dev.in"}},
		"a project file beside":       {gate.Changes{"lib/pyproject.toml": true}, []string{"lib/poetry.lock", "lib/pyproject.toml"}},
		"a manifest without versions": {gate.Changes{"web/package.json": true}, []string{"web/package-lock.json", "web/package.json"}},
		"a shrinkwrap, gone":          {gate.Changes{"web/npm-shrinkwrap.json": true}, []string{"web/package-lock.json", "web/package.json"}},
		"a lock file, gone":           {gate.Changes{"old/Cargo.lock": true}, nil},
		"what a project imports":      {gate.Changes{"net/eng/Versions.props": true}, []string{"net/a/a.csproj", "net/eng/Versions.props"}},
		"what it imported, gone":      {gate.Changes{"net/x.targets": true}, []string{"net/a/a.csproj", "net/eng/Versions.props"}},
		"a lock file of NuGet, gone":  {gate.Changes{"net/a/packages.lock.json": true}, []string{"net/a/a.csproj", "net/eng/Versions.props"}},
		"a lock file of Gradle, gone": {gate.Changes{"jvm/gradle.lockfile": true}, []string{"jvm/gradle/libs.versions.toml"}},
	} {
		var files []gate.File
		for _, f := range tree {
			files = append(files, gate.File{Path: f})
		}
		got, ok := Scanner{}.Select(files, c.changed)
		var names []string
		for _, f := range got {
			names = append(names, f.Path)
		}
		if diff := cmp.Diff(c.want, names); diff != "" || ok != (c.want != nil) {
			t.Errorf("%s: %v\n%s", name, ok, diff)
		}
	}
}
