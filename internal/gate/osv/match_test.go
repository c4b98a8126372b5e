package osv

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// The names and the listed versions of advisories are compared by the rules of the
// ecosystem, not as texts.
func TestSpelling(t *testing.T) {
	for name, c := range map[string]struct {
		ecosystem, advisory, affected, file, text string
		want                                      int
	}{
		"PyPI, a name":             {"PyPI", "Jw_Util", `"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.3"}]}]`, "requirements.txt", "jw.util==2.2\n", 1},
		"PyPI, the fixed version":  {"PyPI", "Jw_Util", `"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.3"}]}]`, "requirements.txt", "jw.util==2.3\n", 0},
		"PyPI, a listed version":   {"PyPI", "gratient", `"versions":["0.5"]`, "requirements.txt", "gratient==0.5.0\n", 1},
		"PyPI, another":            {"PyPI", "gratient", `"versions":["0.5"]`, "requirements.txt", "gratient==0.5.1\n", 0},
		"NuGet, a name":            {"NuGet", "Bad.Package", `"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]`, "packages.config", `<packages><package id="bad.package" version="1.0.0"/></packages>`, 1},
		"NuGet, a listed version":  {"NuGet", "Bad", `"versions":["1.0.0"]`, "packages.config", `<packages><package id="Bad" version="1.0"/></packages>`, 1},
		"Maven, another artifact":  {"Maven", "g:a", `"versions":["1.0"]`, "gradle.lockfile", "g:a:1.0.0=x\nempty=\n", 0},
		"crates.io, a name":        {"crates.io", "bad_crate", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]`, "Cargo.lock", "[[package]]\nname = \"Bad-crate\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\n", 1},
		"Packagist, a name":        {"Packagist", "Acme/Bad", `"versions":["1.0.0"]`, "composer.lock", `{"packages":[{"name":"acme/bad","version":"v1.0.0"}]}`, 1},
		"SwiftURL, a name":         {"SwiftURL", "github.com/Example/Bad", `"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]`, "Package.resolved", `{"pins":[{"identity":"bad","kind":"remoteSourceControl","location":"https://github.com/example/bad.git","state":{"version":"1.0.0"}}],"version":2}`, 1},
		"npm, two packages":        {"npm", "JSONStream", `"versions":["1.0.0"]`, "package-lock.json", `{"lockfileVersion":3,"packages":{"node_modules/jsonstream":{"version":"1.0.0"}}}`, 0},
		"CRAN, by another mirror":  {"CRAN", "badcran", `"versions":["1.0.0"]`, "renv.lock", `{"Packages":{"badcran":{"Version":"1.0.0","Source":"Repository","Repository":"RSPM"}}}`, 1},
		"Hackage, on one line":     {"Hackage", "bad", `"versions":["1.0"]`, "cabal.project.freeze", "constraints: any.ok ==1.0, any.bad ==1.0\n", 1},
		"Conan, of a user":         {"ConanCenter", "bad", `"versions":["1.0"]`, "conan.lock", `{"requires":["bad/1.0@acme/stable#aa"]}`, 1},
		"a layer below another":    {"PyPI", "bad", `"versions":["1.0"]`, "requirements.txt", "bad==1.0\n", 1},
		"an SBOM, by its purl":     {"npm", "@acme/bad", `"versions":["1.0.0"]`, "bom.json", `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"The bad library","version":"1.0.0","purl":"pkg:npm/%40acme/bad"}]}`, 1},
		"an SBOM with any name":    {"npm", "bad", `"versions":["1.0.0"]`, "app-sbom.json", `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"x","version":"1.0.0","purl":"pkg:npm/bad@1.0.0"}]}`, 1},
		"an SBOM of SPDX":          {"npm", "bad", `"versions":["1.0.0"]`, "sbom.json", `{"spdxVersion":"SPDX-2.3","dataLicense":"CC0-1.0","SPDXID":"SPDXRef-DOCUMENT","name":"x","documentNamespace":"https://e/x","creationInfo":{"created":"2026-01-01T00:00:00Z","creators":["Tool: x"]},"packages":[{"SPDXID":"SPDXRef-a","name":"bad","versionInfo":"1.0.0","downloadLocation":"NOASSERTION","externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:npm/bad@1.0.0"}]}]}`, 1},
		"settings of an SBOM tool": {"npm", "bad", `"versions":["1.0.0"]`, "sbom-settings.json", `{"purl":"pkg:npm/bad@1.0.0"}`, 0},
		"an SBOM, not by its name": {"npm", "bad", `"versions":["1.0.0"]`, "bom.json", `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"bad","version":"1.0.0","purl":"pkg:npm/good@1.0.0"}]}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			dbs := t.TempDir()
			pack(t, archive(dbs, c.ecosystem), map[string]string{"X-1.json": fmt.Sprintf(`{"id":"X-1","affected":[{"package":{"ecosystem":%q,"name":%q},%s}]}`, c.ecosystem, c.advisory, c.affected)})
			dir := write(t, t.TempDir(), map[string]string{c.file: c.text})
			if c.file == "requirements.txt" { // another layer has only its constraints from it
				write(t, dir, map[string]string{"dev-requirements.txt": "-c requirements.txt\n"})
			}
			res := scan(t, gate.Input{Dir: dir, Databases: dbs})
			if len(res.Findings) != c.want || len(res.Missing) != 0 {
				t.Errorf("%d findings, want %d; not checked: %v", len(res.Findings), c.want, res.Missing)
			}
		})
	}
}

// The packages of an SBOM that cannot be looked up are counted.
func TestUnidentified(t *testing.T) {
	for text, want := range map[string]int{
		`{"components":[{"type":"library","name":"a"},{"type":"library","name":"b","purl":"pkg:npm/b@1"},{"type":"file","name":"c"},{"type":"application","components":[{"type":"framework","name":"d"}]}]}`:                                         2,
		`{"packages":[{"SPDXID":"x","name":"x"},{"SPDXID":"a","name":"a"},{"SPDXID":"b","externalRefs":[{"referenceType":"purl"}]}],"relationships":[{"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES","relatedSpdxElement":"x"}]}`: 1,
		`<bom/>`: 0,
	} {
		if got := unidentified([]byte(text)); got != want {
			t.Errorf("%d packages in %s, want %d", got, text, want)
		}
	}
}

// TestScript: the dependencies of a program in Python (PEP 723) are looked up, and other programs
// are not read. A changed program does not concern the lock files beside it.
func TestScript(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{
		"tools/a.py": "# /// script\n# dependencies = [\n#   \"bad==1.0\",\n#   \"open>2\",\n# ]\n# ///\n", "tools/b.py": "import bad\n", "tools/requirements.txt": "bad==1.0\n",
	})
	res := scan(t, gate.Input{Dir: dir, Databases: advisoriesOf(t, "PyPI", "bad", map[string]string{"GHSA-1": `[{"introduced":"0"},{"fixed":"2.0"}]`})})
	var got []string
	for _, f := range res.Findings {
		got = append(got, f.At.String()+" "+f.Package)
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"tools/a.py:3 pkg:pypi/bad@1.0", "tools/requirements.txt:1 pkg:pypi/bad@1.0"}, got); diff != "" || res.Covered != "2 lockfiles, 2 packages (and 1 without a version, not looked up)" || len(res.Missing) > 0 {
		t.Errorf("%s %q %v", diff, res.Covered, res.Missing)
	}
	files, err := gate.Walk(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	some, ok := Scanner{}.Select(files, gate.Changes{"tools/a.py": true})
	if !ok || len(some) != 1 || some[0].Path != "tools/a.py" {
		t.Errorf("%v", some)
	}
}

// What is not looked up is a package of the app too, for the policy and the SBOM.
func TestOthers(t *testing.T) {
	for file, c := range map[string]struct{ text, want string }{
		"requirements.txt":  {"a>=1\nb\nc @ https://e/x.whl\n-e .\n", "pkg:pypi/a pkg:pypi/b pkg:pypi/c"},
		"package-lock.json": {`{"lockfileVersion":3,"packages":{"":{"dependencies":{"@s/n":"github:a/n"}},"node_modules/@s/n":{"version":"1.0.0","license":"MIT","resolved":"git+ssh://git@github.com/a/n.git#0123456789012345678901234567890123456789"}}}`, "pkg:npm/%40s/n direct MIT"},
		"pom.xml":           {"<project><dependencies><dependency><groupId>g</groupId><artifactId>A</artifactId></dependency></dependencies></project>", "pkg:maven/g/A"},
		"deno.lock":         {`{"version":"5","jsr":{"@s/p@1.0.0":{}},"remote":{"https://e/x.ts":"aa"}}`, "pkg:generic/%40s%2Fp@1.0.0 pkg:generic/https:%2F%2Fe%2Fx.ts"},
	} {
		res := scan(t, gate.Input{Dir: write(t, t.TempDir(), map[string]string{file: c.text})})
		var got []string
		for _, p := range res.Packages {
			text := p.PURL
			if p.Direct {
				text += " direct"
			}
			got = append(got, strings.Join(append([]string{text}, p.Licences...), " "))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", file, got, c.want)
		}
	}
}

// A go.mod with another name is read like one, and other files with this extension are not.
func TestModuleFiles(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{
		"go.tool.mod": goMod, "song.mod": "M.K.", "a/go.mod": "module a\n\ngo 1.22.1\n\ntoolchain default\n",
	})
	res := scan(t, gate.Input{Dir: dir, Databases: databases(t, "Go")})
	var got []string
	for _, f := range res.Findings {
		got = append(got, fmt.Sprintf("%s:%d %s", f.At.Path, f.At.Line, f.Package))
	}
	if want := "a/go.mod:3 pkg:golang/stdlib@1.22.1 go.tool.mod:3 pkg:golang/stdlib@1.22.1 go.tool.mod:5 pkg:golang/golang.org/x/net@0.20.0"; strings.Join(got, " ") != want || len(res.Missing) != 0 {
		t.Errorf("%q, want %q; not checked %v", got, want, res.Missing)
	}
}

// The row counts what only builds the app, and no version that a module uses.
func TestBuildParts(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{
		"pom.xml": "<project><groupId>g</groupId><artifactId>p</artifactId><version>1</version><modules><module>m</module></modules><dependencyManagement><dependencies><dependency><groupId>e</groupId><artifactId>a</artifactId><version>1</version></dependency>" +
			"<dependency><groupId>e</groupId><artifactId>b</artifactId><version>1</version></dependency></dependencies></dependencyManagement></project>",
		"m/pom.xml": "<project><parent><groupId>g</groupId><artifactId>p</artifactId><version>1</version></parent><artifactId>m</artifactId><dependencies><dependency><groupId>e</groupId><artifactId>a</artifactId></dependency></dependencies>" +
			"<build><plugins><plugin><artifactId>x</artifactId></plugin></plugins></build></project>",
	})
	if res := scan(t, gate.Input{Dir: dir, Databases: t.TempDir()}); !strings.HasSuffix(res.Covered, "1 Maven project without what the dependencies depend on, which Maven has no lock file for; 2 plugins and managed versions of Maven not looked up") {
		t.Errorf("%q", res.Covered)
	}
}
