package osv

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

const npmGraph = `{"lockfileVersion":3,"packages":{
"":{"name":"app","dependencies":{"express":"4"},"devDependencies":{"old":"1"},"workspaces":["packages/x"]},
"packages/x":{"name":"x","version":"1.0.0","dependencies":{"lodash":"4"}},
"node_modules/x":{"link":true,"resolved":"packages/x"},
"node_modules/express":{"version":"4.18.0","license":"MIT","dependencies":{"body-parser":"1"}},
"node_modules/body-parser":{"version":"1.20.0","license":{"type":"MIT"},"dependencies":{"qs":"6"}},
"node_modules/body-parser/node_modules/qs":{"version":"6.5.0","license":"BSD-3-Clause"},
"node_modules/qs":{"version":"6.11.0"},
"node_modules/old":{"version":"1.0.0"},
"node_modules/lodash":{"version":"4.17.20"},
"node_modules/loop-a":{"version":"1.0.0","dependencies":{"loop-b":"1"}},
"node_modules/loop-b":{"version":"1.0.0","dependencies":{"loop-a":"1"}}}}`

// The dependency that requires a package, if the lock file names it.
func TestManifests(t *testing.T) {
	direct := dependency{direct: true}
	through := func(names ...string) dependency { return dependency{through: names} }
	for name, c := range map[string]struct {
		text, beside string
		want         manifest
	}{
		"package-lock.json": {text: npmGraph, want: manifest{
			{"express", "4.18.0"}:     {direct: true, licences: []string{"MIT"}},
			{"body-parser", "1.20.0"}: {through: []string{"express"}, licences: []string{"MIT"}},
			{"qs", "6.5.0"}:           {through: []string{"express", "body-parser"}, licences: []string{"BSD-3-Clause"}},
			{"qs", "6.11.0"}:          {}, {"old", "1.0.0"}: direct, {"lodash", "4.17.20"}: direct,
			{"loop-a", "1.0.0"}: {}, {"loop-b", "1.0.0"}: {},
		}},
		"go.mod": {text: "module m\n\ngo 1.22.1\n\nrequire a.com/x v1.0.0\nrequire b.com/y v1.2.0 // indirect\nreplace b.com/y => c.com/z v1.3.0\n", want: manifest{
			{"a.com/x", "1.0.0"}: direct, {"b.com/y", "1.2.0"}: {}, {"c.com/z", "1.3.0"}: {replaces: true}, {"stdlib", "1.22.1"}: direct,
		}},
		"Cargo.lock": {text: `[[package]]
name = "app"
version = "0.1.0"
dependencies = ["serde 1.0.0"]
[[package]]
name = "serde"
version = "1.0.0"
source = "registry+https://example.com"
dependencies = ["itoa"]
[[package]]
name = "serde"
version = "0.9.0"
source = "registry+https://example.com"
[[package]]
name = "itoa"
version = "2.0.0"
source = "registry+https://example.com"
`, want: manifest{{"serde", "1.0.0"}: direct, {"serde", "0.9.0"}: {}, {"itoa", "2.0.0"}: through("serde")}},
		"poetry.lock": {text: `[[package]]
name = "Flask"
version = "2.0.0"
[package.dependencies]
Jinja2 = ">=3"
[[package]]
name = "jinja2"
version = "3.0.0"
[[package]]
name = "pytest_cov"
version = "4.0.0"
`, beside: "[project]\ndependencies = [\"flask[async] >= 2\"]\n[tool.poetry.group.dev.dependencies]\npytest-cov = \"*\"\n",
			want: manifest{{"Flask", "2.0.0"}: direct, {"jinja2", "3.0.0"}: through("Flask"), {"pytest_cov", "4.0.0"}: direct}},
		"uv.lock": {text: `[[package]]
name = "app"
version = "0.1.0"
source = { virtual = "." }
dependencies = [{ name = "flask" }]
[[package]]
name = "flask"
version = "2.0.0"
source = { registry = "https://example.com" }
dependencies = [{ name = "jinja2", version = "3.0.0" }]
[[package]]
name = "jinja2"
version = "3.0.0"
source = { registry = "https://example.com" }
`, want: manifest{{"flask", "2.0.0"}: direct, {"jinja2", "3.0.0"}: through("flask")}},
		"pnpm-lock.yaml": {text: `lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      express: {specifier: ^4, version: 4.18.0(peer@1.0.0)}
packages:
  express@4.18.0: {resolution: {integrity: x}}
snapshots:
  express@4.18.0(peer@1.0.0):
    dependencies: {'@scope/qs': 6.5.0, string-width-cjs: string-width@4.2.3}
  '@scope/qs@6.5.0': {}
  string-width@4.2.3: {}
`, want: manifest{{"express", "4.18.0"}: direct, {"@scope/qs", "6.5.0"}: through("express"), {"string-width", "4.2.3"}: through("express")}},
	} {
		got := parserOf(name)([]byte(c.text), func(string) []byte { return []byte(c.beside) })
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(dependency{})); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// GP-GATE-9, 10: every package, its place, and who asks for it.
func TestPackages(t *testing.T) {
	lock := strings.ReplaceAll(npmGraph, `"6.5.0"`, `"6.5.0","dependencies":{"lodash":"4"}`)
	dir := write(t, t.TempDir(), map[string]string{"go.mod": goMod, "package-lock.json": lock, "requirements.txt": "flask\n"})
	res := scan(t, gate.Input{Dir: dir})
	found := map[string]gate.Package{}
	for _, p := range res.Packages {
		found[p.PURL] = p
	}
	for purl, want := range map[string]gate.Package{
		"pkg:npm/qs@6.5.0":                   {Through: []string{"express", "body-parser"}, Licences: []string{"BSD-3-Clause"}},
		"pkg:npm/express@4.18.0":             {Direct: true, Licences: []string{"MIT"}},
		"pkg:golang/golang.org/x/net@0.20.0": {Direct: true},
		"pkg:golang/stdlib@1.22.1":           {Direct: true},
		"pkg:pypi/flask":                     {}, // without a version, so not looked up
	} {
		got := found[purl]
		if got.At.Path == "" || got.At.Line == 0 {
			t.Errorf("%s has no place: %+v", purl, got)
		}
		got.PURL, got.At = "", want.At
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n%s", purl, diff)
		}
	}
	if len(res.Packages) != 11 {
		t.Errorf("%d packages: %v", len(res.Packages), res.Packages)
	}
}

// FuzzManifests: lock files are outside text.
func FuzzManifests(f *testing.F) {
	names := []string{"package-lock.json", "go.mod", "Cargo.lock", "poetry.lock", "uv.lock", "pnpm-lock.yaml"}
	f.Add(0, npmGraph)
	f.Add(1, goMod)
	f.Add(2, "[[package]]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"a 1\"]\n")
	f.Add(3, "[[package]]\nname = \"a\"\nversion = \"1\"\n[package.dependencies]\na = 1\n")
	f.Add(4, "[[package]]\nname = \"a\"\nversion = \"1\"\nsource = {virtual = \".\"}\n")
	f.Add(5, "importers:\n  .:\n    dependencies:\n      a: 1\npackages:\n  /a@1: {}\n")
	f.Fuzz(func(t *testing.T, which int, text string) {
		name := names[uint(which)%uint(len(names))]
		for k, d := range parserOf(name)([]byte(text), func(string) []byte { return []byte(text) }) {
			if d.direct && len(d.through) > 0 || len(d.through) > longest {
				t.Errorf("%s %v: %+v", name, k, d)
			}
		}
	})
}
