package osv

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/package-url/packageurl-go"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// GP-GATE-10: the package URL of each ecosystem is the one that its specification defines.
func TestPURLs(t *testing.T) {
	files := map[string]string{
		"package-lock.json":          `{"lockfileVersion":3,"packages":{"node_modules/@a/b":{"version":"1.0.0-rc.1+x"},"node_modules/c":{"version":"2.0.0"}}}`,
		"deno.lock":                  `{"version":"5","npm":{"@d/e@1.0.0":{}},"jsr":{"@std/path@1.0.0":{}}}`,
		"requirements.txt":           "Flask_SQL.x==1.0+cpu\n",
		"Cargo.lock":                 "[[package]]\nname = \"serde_json\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\n",
		"Gemfile.lock":               "GEM\n  specs:\n    rack-x (1.0.0-java)\n\nPLATFORMS\n  java\n",
		"composer.lock":              `{"packages":[{"name":"Vendor/Lib","version":"v1.2.3"}]}`,
		"pom.xml":                    "<project><dependencies><dependency><groupId>org.A</groupId><artifactId>b</artifactId><version>1</version></dependency></dependencies></project>",
		"packages.lock.json":         `{"version":1,"dependencies":{"net8.0":{"New.Json":{"type":"Direct","resolved":"13.0.1"}}}}`,
		"pubspec.lock":               "packages:\n  a_b:\n    source: hosted\n    version: \"1.0.0\"\n",
		"mix.lock":                   "%{\n  \"a_b\": {:hex, :a_b, \"1.0.0\", \"x\"},\n}\n",
		"Package.resolved":           `{"version":2,"pins":[{"kind":"remoteSourceControl","location":"https://github.com/Acme/bad.git","state":{"version":"1.0.0"}}]}`,
		"go.mod":                     "module m\n\ngo 1.25.5\n\nrequire example.org/A/b/v2 v2.0.0\n",
		"renv.lock":                  `{"Packages":{"R6":{"Package":"R6","Version":"2.5","Source":"Repository","Repository":"CRAN"}}}`,
		"conan.lock":                 `{"version":"0.5","requires":["zlib/1.2.11#x"]}`,
		"cabal.project.freeze":       "constraints: any.aeson ==2.0.0\n",
		"gradle/libs.versions.toml":  "[libraries]\nx = \"org.c:d:1.5\"\n",
		".github/workflows/test.yml": "jobs:\n  a:\n    steps:\n    - uses: a/b@v1\n",
	}
	res := scan(t, gate.Input{Dir: write(t, t.TempDir(), files), Databases: t.TempDir()})
	got := map[string]bool{}
	for _, p := range res.Packages {
		got[p.PURL] = true
		u, err := packageurl.FromString(p.PURL)
		if err != nil || u.Version == "" {
			t.Errorf("%s of %s: %v", p.PURL, p.At.Path, err)
		}
	}
	if !strings.Contains(res.Covered, "; 1 Maven project without what the dependencies depend on") {
		t.Errorf("covered: %s", res.Covered)
	}
	want := map[string]bool{}
	for _, purl := range []string{
		"pkg:npm/%40a/b@1.0.0-rc.1%2Bx", "pkg:npm/c@2.0.0", "pkg:npm/%40d/e@1.0.0", "pkg:pypi/flask-sql-x@1.0%2Bcpu", "pkg:cargo/serde_json@1.0.0", "pkg:gem/rack-x@1.0.0",
		"pkg:composer/vendor/lib@1.2.3", "pkg:maven/org.A/b@1", "pkg:maven/org.c/d@1.5", "pkg:nuget/New.Json@13.0.1", "pkg:pub/a_b@1.0.0", "pkg:hex/a_b@1.0.0",
		"pkg:swift/github.com/Acme/bad@1.0.0", "pkg:golang/example.org/a/b/v2@2.0.0", "pkg:golang/stdlib@1.25.5", "pkg:cran/R6@2.5", "pkg:conan/zlib@1.2.11", "pkg:hackage/aeson@2.0.0", "pkg:generic/%40std%2Fpath@1.0.0",
	} {
		want[purl] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
