package osv

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEveryExtractorOfThePresets: what osv-scanner enables for source code is what
// decides here which files it gets.
func TestEveryExtractorOfThePresets(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/google/osv-scanner/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	theirs := parseGo(t, filepath.Join(strings.TrimSpace(string(dir)), "internal/scalibrplugin/presets.go"))
	ast.Inspect(theirs, func(n ast.Node) bool {
		kv, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		preset, ok := kv.Key.(*ast.BasicLit)
		lit, isMap := kv.Value.(*ast.CompositeLit)
		if !ok || !isMap || !slices.Contains([]string{`"lockfile"`, `"sbom"`, `"directory"`}, preset.Value) {
			return !ok
		}
		for _, e := range lit.Elts {
			want = append(want, importOf(theirs, e.(*ast.KeyValueExpr).Key.(*ast.SelectorExpr)))
		}
		return false
	})
	ours := parseGo(t, "kinds.go")
	own := "github.com/google/osv-scanner/v2/internal/scalibrextract/"
	got := []string{own + "filesystem/vendored", own + "language/osv/osvscannerjson", own + "vcs/gitrepo"} // said in kinds.of
	ast.Inspect(ours, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "New" {
			got = append(got, importOf(ours, s))
		}
		return true
	})
	slices.Sort(want)
	slices.Sort(got)
	want = slices.Compact(want)
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 30 {
		t.Errorf("%d extractors of osv-scanner, -want +got:\n%s", len(want), diff)
	}
}

func parseGo(t *testing.T, name string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func importOf(f *ast.File, s *ast.SelectorExpr) string {
	for _, i := range f.Imports {
		p := strings.Trim(i.Path.Value, `"`)
		if i.Name == nil && path.Base(p) == s.X.(*ast.Ident).Name {
			return p
		}
	}
	return "?" + s.X.(*ast.Ident).Name
}

func TestKinds(t *testing.T) {
	k, err := newKinds()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"go.mod": "go/gomod", "a/b/pom.xml": "inventory/Maven", "x.pom": "inventory/Maven", "a/App.csproj": "inventory/NuGet project",
		"requirements-dev.txt": "inventory/requirements", "my_requirements_x.txt": "inventory/requirements", "requirements/base.txt": "inventory/requirements",
		"gradle/verification-metadata.xml": "inventory/Gradle verification", "verification-metadata.xml": "", "node_modules/a/package-lock.json": "", "conan.lock": "inventory/Conan", "a.deps.json": "dotnet/depsjson", "a.cdx.json": "sbom/cdx", "BOM.json": "sbom/cdx", "a.spdx.json": "sbom/spdx",
		"go.tool.mod": moduleFile, "pylock.dev.toml": "inventory/pylock", "osv-scanner-custom.json": customJSON,
		"third_party/zlib/src/deflate.c": vendored, "third_party/deflate.c": "", "src/deflate.c": "",
		"go.sum": "", "main.go": "", "package.json": "", "var/lib/dpkg/status": "", "lib/apk/db/installed": "",
	} {
		if got := k.of(name, 0); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := vendoredLibrary("a/third_party/zlib/src/deflate.c"); got != "a/third_party/zlib" {
		t.Error(got)
	}
}
