package osv

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// GP-GATE-17: the standard library is that of the release that builds, not the lowest
// release that go.mod allows.
func TestToolchain(t *testing.T) {
	dbs := advisoriesOf(t, "Go", "stdlib", map[string]string{"GO-1": `[{"introduced":"0"},{"fixed":"1.25.6"},{"introduced":"1.26.0-0"},{"fixed":"1.26.3"}]`})
	setup := func(with string) string {
		return "on: push\nenv: {GO: '1.25.9'}\njobs:\n  a:\n    strategy: {matrix: {go: ['1.24', '1.26.3'], include: [{go: '1.23'}]}}\n    steps:\n    - uses: actions/setup-go@v6\n      with: {" + with + "}\n    - run: go build ./...\n"
	}
	const old, mod = "pkg:golang/stdlib@1.25.5 GO-1", "module m\n\ngo 1.25.5\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"nothing builds":         {map[string]string{"go.mod": mod}, old},
		"a line, newest release": {map[string]string{"go.mod": "module m\n\ngo 1.25\n"}, ""},
		"an old line":            {map[string]string{"go.mod": "module m\n\ngo 1.24\n"}, "pkg:golang/stdlib@1.24 GO-1"},
		"a toolchain line":       {map[string]string{"go.mod": mod + "\ntoolchain go1.25.6\n"}, ""},
		"an old image":           {map[string]string{"go.mod": mod, "Dockerfile": "FROM golang:1.25.3\n"}, old},
		"an image":               {map[string]string{"go.mod": mod, "build/api.Dockerfile": "ARG V=1.25.7\nFROM --platform=$BUILDPLATFORM docker.io/library/golang:${V}-alpine AS build\nFROM scratch\n"}, ""},
		"an affected image":      {map[string]string{"go.mod": mod, "Dockerfile": "FROM golang:1.26.2\n"}, "pkg:golang/stdlib@1.26.2 GO-1"},
		"an image of a line":     {map[string]string{"go.mod": mod, "Dockerfile": "FROM golang:1.26-bookworm\n"}, ""},
		"the newest image":       {map[string]string{"go.mod": mod, "Dockerfile": "FROM golang\n"}, ""},
		"another image":          {map[string]string{"go.mod": mod, "Dockerfile": "FROM example/golang-tools:1.26\n"}, old},
		"a default of an image":  {map[string]string{"go.mod": mod, "Dockerfile": "FROM golang:${V:-1.25.8}\n"}, ""},
		"setup-go":               {map[string]string{"go.mod": mod, ".github/workflows/a.yml": setup("go-version: 1.25.8")}, ""},
		"setup-go, a line":       {map[string]string{"go.mod": mod, ".github/workflows/a.yml": setup("go-version: 1.25.x")}, ""},
		"setup-go, stable":       {map[string]string{"go.mod": mod, ".github/workflows/a.yml": setup("go-version: stable")}, ""},
		"setup-go, matrix":       {map[string]string{"go.mod": mod, ".github/workflows/a.yml": setup("go-version: '${{ matrix.go }}'")}, ""},
		"setup-go, environment":  {map[string]string{"go.mod": mod, ".github/workflows/a.yml": setup("go-version: '${{ env.GO }}'")}, ""},
		"setup-go, go.mod":       {map[string]string{"go.mod": mod, ".github/workflows/a.yml": setup("go-version-file: go.mod")}, old},
		"setup-go, a file":       {map[string]string{"go.mod": mod, ".tool-versions": "nodejs 20\ngolang 1.25.8\n", ".github/workflows/a.yml": setup("go-version-file: .tool-versions")}, ""},
		"the highest":            {map[string]string{"go.mod": mod, "Dockerfile": "FROM golang:1.25.2\n", ".github/workflows/a.yml": setup("go-version: '1.25.8'")}, ""},
		"shipped by an image":    {map[string]string{"go.mod": "module m\n\ngo 1.25\n", "Dockerfile": "FROM golang:1.25.5-alpine\n", ".github/workflows/a.yml": setup("go-version: stable")}, old},
		"image before toolchain": {map[string]string{"go.mod": mod + "\ntoolchain go1.25.8\n", "Dockerfile": "FROM golang:1.25.5\n"}, old},
		"an unknown release":     {map[string]string{"go.mod": mod, ".github/workflows/a.yml": setup("go-version: '${{ inputs.go }}'")}, " go-release-unknown"},
		"the Go of the runner":   {map[string]string{"go.mod": mod, ".github/workflows/a.yml": "on: push\njobs:\n  a:\n    steps:\n    - run: go build ./...\n"}, " go-release-unknown"},
		"unknown, toolchain":     {map[string]string{"go.mod": mod + "\ntoolchain go1.25.5\n", "Dockerfile": "FROM golang:${V}\n"}, old},
		"not affected anyway":    {map[string]string{"go.mod": "module m\n\ngo 1.25.6\n", "Dockerfile": "FROM golang:${V}\n"}, ""},
	} {
		res := scan(t, gate.Input{Dir: write(t, t.TempDir(), c.files), Databases: dbs})
		var got []string
		for _, f := range res.Findings {
			got = append(got, f.Package+" "+f.Rule)
			if f.At.Line != 3 && !strings.HasPrefix(c.files["go.mod"][21:], "toolchain") {
				t.Errorf("%s: line %d", name, f.At.Line)
			}
		}
		if diff := cmp.Diff(c.want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%s: -want +got:\n%s%s %v", name, diff, res.Covered, res.Missing)
		}
	}
}

// A change to what builds is a change of the standard library.
func TestSelectToolchain(t *testing.T) {
	var files []gate.File
	for _, f := range []string{".github/workflows/a.yml", "Dockerfile", "README.md", "go.mod", "sub/go.mod"} {
		files = append(files, gate.File{Path: f})
	}
	got, ok := Scanner{}.Select(files, gate.Changes{"Dockerfile": true})
	if text := fmt.Sprint(got); !ok || !strings.Contains(text, "Dockerfile") || !strings.Contains(text, "workflows") || !strings.Contains(text, "go.mod") {
		t.Errorf("%v %v", ok, got)
	}
}

// GP-GATE-13: each use of an action is looked up by its tag, or by the comment beside a
// commit. An action is not a part of the app.
func TestActions(t *testing.T) {
	const sha = "0123456789012345678901234567890123456789"
	dir := write(t, t.TempDir(), map[string]string{".github/workflows/a.yml": "on: push\njobs:\n  a:\n    steps:\n" +
		"    - uses: Some/Bad@v1\n    - uses: some/bad@v2\n    - uses: some/bad@v2.0.9\n    - uses: some/bad@v2.1.0\n    - uses: some/bad/sub@" + sha + " # v1.9.9\n    - uses: some/bad@" + sha + "\n    - uses: ./own\n    - uses: other/bad@v1\n"})
	dbs := advisoriesOf(t, "GitHub Actions", "some/bad", map[string]string{"GHSA-1": `[{"introduced":"0"},{"fixed":"2.1.0"}]`})
	res := scan(t, gate.Input{Dir: dir, Databases: dbs})
	var got []string
	for _, f := range res.Findings {
		got = append(got, fmt.Sprintf("%d %s %s", f.At.Line, f.Package, f.Fix))
	}
	want := []string{
		"5 pkg:github/Some/Bad@v1 use Some/Bad at v2.1.0, pinned to its full commit",
		"7 pkg:github/some/bad@v2.0.9 use some/bad at v2.1.0, pinned to its full commit",
		"9 pkg:github/some/bad@v1.9.9 use some/bad at v2.1.0, pinned to its full commit",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(res.Packages) > 0 || len(res.Missing) > 0 || res.Covered != "6 actions; 1 action without a version not looked up" {
		t.Errorf("%q %v %v", res.Covered, res.Packages, res.Missing)
	}
	// Nothing else was looked up, so the repository is not clean.
	res = scan(t, gate.Input{Dir: dir, Databases: t.TempDir()})
	if len(res.Missing) != 1 || res.Missing[0].What != ".github/workflows/a.yml (GitHub Actions, 6 actions)" || !strings.Contains(res.Missing[0].Remedy, "'GitHub Actions'") || !strings.HasPrefix(res.Covered, "0 packages; ") || !strings.Contains(res.Covered, "6 actions not looked up") {
		t.Errorf("%q %v", res.Covered, res.Missing)
	}
	write(t, dir, map[string]string{"requirements.txt": "a==1\n"})
	res = scan(t, gate.Input{Dir: dir, Databases: advisoriesOf(t, "PyPI", "a", map[string]string{"GHSA-1": `[{"introduced":"0"},{"fixed":"0.1"}]`})})
	if len(res.Missing) != 0 || !strings.Contains(res.Covered, "6 actions not looked up") {
		t.Errorf("%q %v", res.Covered, res.Missing)
	}
}
