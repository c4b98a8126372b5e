package inventory

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// files maps names to contents.
type files map[string]string

// listed reads one file of a repository and returns "name version" of each package, or
// "name (range)", "name own", "name git", and the error last.
func (f files) listed(name string) []string {
	all, err := NewReader(func(name string) ([]byte, bool) { b, ok := f[name]; return []byte(b), ok }).Read(name, []byte(f[name]))
	out := []string{}
	for _, p := range all {
		version := p.Version
		switch {
		case p.Origin != Registry:
			version = string(p.Origin)
		case version == "":
			version = "(" + p.Range + ")"
		}
		out = append(out, strings.TrimSpace(p.Name+" "+version))
	}
	if err != nil {
		out = append(out, "error: "+err.Error())
	}
	return out
}

// testKinds compares what is read of each first file with the wanted list.
func testKinds(t *testing.T, cases map[string]struct {
	read  string
	files files
	want  []string
}) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.files.listed(c.read)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

type kindCases = map[string]struct {
	read  string
	files files
	want  []string
}

func TestRequirementKinds(t *testing.T) {
	testKinds(t, kindCases{
		"a constraint for each marker": {"requirements.txt", files{"requirements.txt": "-c constraints.txt\na\nb>=1\nc==3\n",
			"constraints.txt": "a==1 ; python_version < \"3.8\"\na==2 ; python_version >= \"3.8\"\nb==5\nc==4\n"}, []string{"a 1", "a 2", "b 5", "c 3"}},
		"a variable":              {"requirements.txt", files{"requirements.txt": "a==${VERSION}\nb==1.${MINOR}\n"}, []string{"a (==${VERSION})", "b (==1.${MINOR})"}},
		"a comment after a tab":   {"requirements.txt", files{"requirements.txt": "a==1\t# pinned\nb==2 \t#x\n"}, []string{"a 1", "b 2"}},
		"a fragment":              {"requirements.txt", files{"requirements.txt": "git+https://e/x.git@v1#egg=x\n"}, []string{"x git"}},
		"charts of Helm":          {"requirements.lock", files{"requirements.lock": "dependencies:\n- name: a\n  version: 1.0.0\ndigest: sha256:aa\n"}, []string{}},
		"prose":                   {"software-requirements.txt", files{"software-requirements.txt": "The program needs 4 GB.\n\nIt runs on Linux.\n"}, []string{}},
		"prose in a requirements": {"requirements.txt", files{"requirements.txt": "a==1\nIt runs on Linux.\n"}, []string{"a 1", "error: line 2 is not a requirement"}},
		"not a sentence":          {"requirements.txt", files{"requirements.txt": "a b\n"}, []string{"error: line 1 is not a requirement"}},
	})
}

func TestNuGetKinds(t *testing.T) {
	project := func(body string) string { return `<Project Sdk="Microsoft.NET.Sdk">` + body + "</Project>" }
	items := func(body string) string { return project("<ItemGroup>" + body + "</ItemGroup>") }
	ref := `<PackageReference Include="A"/>`
	testKinds(t, kindCases{
		"a version for each condition": {"a/a.csproj", files{"a/a.csproj": items(ref), "Directory.Packages.props": `<Project>
			<ItemGroup Condition="x"><PackageVersion Include="a" Version="1.0.0"/></ItemGroup><ItemGroup Condition="y"><PackageVersion Include="A" Version="2.0.0"/></ItemGroup></Project>`}, []string{"A 1.0.0", "A 2.0.0"}},
		"a property for each condition": {"a.csproj", files{"a.csproj": project(`<PropertyGroup Condition="x"><V>1.0.0</V></PropertyGroup><PropertyGroup><V Condition="y">2.0.0</V></PropertyGroup>
			<ItemGroup><PackageReference Include="A" Version="$(V)"/></ItemGroup>`)}, []string{"A 1.0.0", "A 2.0.0"}},
		"when": {"a.csproj", files{"a.csproj": project(`<Choose><When Condition="x"><PropertyGroup><V>1.0.0</V></PropertyGroup></When><Otherwise><PropertyGroup><V>2.0.0</V></PropertyGroup></Otherwise></Choose>
			<ItemGroup><PackageReference Include="A" Version="$(V)"/></ItemGroup>`)}, []string{"A 1.0.0", "A 2.0.0"}},
		"the last value": {"a.csproj", files{"a.csproj": project(`<PropertyGroup><V>1.0.0</V><V>2.0.0</V><V Condition="'$(V)' == ''">3.0.0</V></PropertyGroup>
			<ItemGroup><PackageReference Include="A" Version="$(V)"/></ItemGroup>`)}, []string{"A 2.0.0"}},
		"a default": {"a.csproj", files{"a.csproj": project(`<PropertyGroup><V Condition="'$(V)' == ''">3.0.0</V></PropertyGroup>
			<ItemGroup><PackageReference Include="A" Version="$(V)"/></ItemGroup>`)}, []string{"A 3.0.0"}},
		"a version element for each condition": {"a.csproj", files{"a.csproj": items(`<PackageReference Include="A"><Version Condition="x">1.0.0</Version><Version Condition="y">2.0.0</Version></PackageReference>`)}, []string{"A 1.0.0", "A 2.0.0"}},
		"targets":                              {"a/a.csproj", files{"a/a.csproj": project(""), "Directory.Build.targets": `<Project><ItemGroup><PackageReference Include="A" Version="1.0.0"/></ItemGroup></Project>`}, []string{"A 1.0.0"}},
		"an import of the project": {"a/a.csproj", files{"a/a.csproj": project(`<Import Project="..\build\x.props"/>`),
			"build/x.props": `<Project><Import Project="$(MSBuildThisFileDirectory)y.props"/></Project>`, "build/y.props": items(`<PackageReference Include="A" Version="1.0.0"/>`)}, []string{"A 1.0.0"}},
		"an import of the file above": {"a/a.csproj", files{"a/a.csproj": items(`<PackageReference Include="A" Version="$(V)"/>`), "Directory.Build.props": "<Project><PropertyGroup><V>1.0.0</V></PropertyGroup></Project>",
			"a/Directory.Build.props": `<Project><Import Project="$([MSBuild]::GetPathOfFileAbove('Directory.Build.props', '$(MSBuildThisFileDirectory)../'))"/></Project>`}, []string{"A 1.0.0"}},
		"an import on a condition": {"a.csproj", files{"a.csproj": project(`<PropertyGroup><V>1.0.0</V></PropertyGroup><Import Project="x.props" Condition="x"/><Import Project="y.props" Condition="Exists('y.props')"/><ItemGroup><PackageReference Include="A" Version="$(V)"/><PackageReference Include="B" Version="$(W)"/></ItemGroup>`),
			"x.props": "<Project><PropertyGroup><V>2.0.0</V><W>1.0.0</W></PropertyGroup></Project>", "y.props": "<Project><PropertyGroup><W>3.0.0</W></PropertyGroup></Project>"}, []string{"A 1.0.0", "A 2.0.0", "B 3.0.0"}},
		"a version in an import of the central file": {"a/a.csproj", files{"a/a.csproj": items(ref), "Directory.Packages.props": `<Project><Import Project="eng/V.props"/><ItemGroup><PackageVersion Include="A" Version="$(V)"/></ItemGroup></Project>`,
			"eng/V.props": "<Project><PropertyGroup><V>1.0.0</V></PropertyGroup></Project>"}, []string{"A 1.0.0"}},
		"a list":                          {"a.csproj", files{"a.csproj": items(`<PackageReference Include="A; B" Version="1.0.0"/>`)}, []string{"A 1.0.0", "B 1.0.0"}},
		"update":                          {"a/a.csproj", files{"a/a.csproj": items(`<PackageReference Update="a" Version="2.0.0"/>`), "Directory.Build.props": items(`<PackageReference Include="A" Version="1.0.0"/>`)}, []string{"a 2.0.0"}},
		"update of another property":      {"a/a.csproj", files{"a/a.csproj": items(`<PackageReference Update="A" PrivateAssets="all"/>`), "Directory.Build.props": items(`<PackageReference Include="A" Version="1.0.0"/>`)}, []string{"A 1.0.0"}},
		"update on a condition":           {"a/a.csproj", files{"a/a.csproj": items(`<PackageReference Update="A" Version="2.0.0" Condition="x"/>`), "Directory.Build.props": items(`<PackageReference Include="A" Version="1.0.0"/>`)}, []string{"A 1.0.0", "A 2.0.0"}},
		"update of what the SDK requires": {"a.csproj", files{"a.csproj": items(`<PackageReference Update="FSharp.Core" Version="2.0.0"/>`)}, []string{"FSharp.Core 2.0.0"}},
		"remove":                          {"a/a.csproj", files{"a/a.csproj": items(`<PackageReference Remove="A"/>`), "Directory.Build.props": items(`<PackageReference Include="A" Version="1.0.0"/>`)}, []string{}},
		"remove on a condition":           {"a/a.csproj", files{"a/a.csproj": items(`<PackageReference Remove="A" Condition="x"/>`), "Directory.Build.props": items(`<PackageReference Include="A" Version="1.0.0"/>`)}, []string{"A 1.0.0"}},
		"a lock of another":               {"b.csproj", files{"b.csproj": items(`<PackageReference Include="A" Version="1.0.0"/><PackageReference Include="ok" Version="1.0.0"/>`), "packages.lock.json": `{"version":1,"dependencies":{"net8.0":{"OK":{"type":"Direct","resolved":"1.0.0"}}}}`}, []string{"A 1.0.0"}},
		"its own lock": {"b.csproj", files{"b.csproj": items(`<PackageReference Include="A" Version="1.0.0"/>`), "packages.lock.json": `{"version":1,"dependencies":{"net8.0":{}}}`,
			"packages.b.lock.json": `{"version":1,"dependencies":{"net8.0":{"A":{"type":"Direct","resolved":"1.0.0"}}}}`}, []string{}},
		"tools and downloads":      {"a.csproj", files{"a.csproj": items(`<PackageDownload Include="A" Version="[1.0.0]"/><DotNetCliToolReference Include="B" Version="2.0.0"/>`)}, []string{"A 1.0.0", "B 2.0.0"}},
		"an SDK":                   {"a.csproj", files{"a.csproj": `<Project Sdk="A/1.0.0"><Sdk Name="B" Version="2.0.0"/><Sdk Name="C"/></Project>`}, []string{"A 1.0.0", "B 2.0.0", "C ()"}},
		"what projects begin with": {"Directory.Build.props", files{"Directory.Build.props": items(`<PackageReference Include="A" Version="1.0.0"/>`)}, []string{}},
		"for every project":        {"Directory.Packages.props", files{"Directory.Packages.props": items(`<GlobalPackageReference Include="A" Version="1.0.0"/><PackageVersion Include="B" Version="2.0.0"/>`)}, []string{"A 1.0.0"}},
	})
}

func TestMavenKinds(t *testing.T) {
	pom := func(id, body string) string {
		return "<project><groupId>g</groupId><artifactId>" + id + "</artifactId><version>1</version>" + body + "</project>"
	}
	dep := func(rest string) string {
		return "<dependency><groupId>e</groupId><artifactId>a</artifactId>" + rest + "</dependency>"
	}
	deps := func(body string) string { return "<dependencies>" + body + "</dependencies>" }
	managed := func(body string) string { return "<dependencyManagement>" + deps(body) + "</dependencyManagement>" }
	v := func(version string) string { return "<version>" + version + "</version>" }
	profile := func(body string) string { return "<profiles><profile><id>x</id>" + body + "</profile></profiles>" }
	parent := func(group, version string) string {
		return "<project><parent><groupId>" + group + "</groupId><artifactId>p</artifactId>" + v(version) + "</parent><artifactId>m</artifactId>" + deps(dep(v("${v}"))) + "</project>"
	}
	props := "<properties><v>2</v></properties>"
	testKinds(t, kindCases{
		"a profile's property":        {"pom.xml", files{"pom.xml": pom("a", props+profile("<properties><v>1</v></properties>")+deps(dep(v("${v}"))))}, []string{"e:a 2", "e:a 1"}},
		"a profile's managed version": {"pom.xml", files{"pom.xml": pom("a", managed(dep(v("2")))+profile(managed(dep(v("1"))))+deps(dep("")))}, []string{"e:a 2", "e:a 1"}},
		"a profile of the parent":     {"m/pom.xml", files{"m/pom.xml": parent("g", "1"), "pom.xml": pom("p", props+profile("<properties><v>1</v></properties>"))}, []string{"e:a 2", "e:a 1"}},
		"a profile of the parent that the project overrides": {"m/pom.xml", files{"pom.xml": pom("p", props+profile("<properties><v>1</v></properties>")),
			"m/pom.xml": strings.Replace(parent("g", "1"), "<dependencies>", "<properties><v>3</v></properties><dependencies>", 1)}, []string{"e:a 3"}},
		"a classifier":           {"pom.xml", files{"pom.xml": pom("a", managed(dep(v("1"))+dep(v("2")+"<type>test-jar</type><classifier>tests</classifier>"))+deps(dep("")))}, []string{"e:a 1"}},
		"of a classifier":        {"pom.xml", files{"pom.xml": pom("a", managed(dep(v("1"))+dep(v("2")+"<classifier>tests</classifier>"))+deps(dep("<classifier>tests</classifier>")))}, []string{"e:a 2"}},
		"a parent":               {"m/pom.xml", files{"m/pom.xml": parent("g", "1"), "pom.xml": pom("p", props)}, []string{"e:a 2"}},
		"a parent by a property": {"m/pom.xml", files{"m/pom.xml": parent("g", "${revision}"), "pom.xml": pom("p", props)}, []string{"e:a 2"}},
		"another version of it":  {"m/pom.xml", files{"m/pom.xml": parent("g", "7"), "pom.xml": pom("p", props)}, []string{"e:a (${v})"}},
		"a parent of another":    {"m/pom.xml", files{"m/pom.xml": parent("corp", "1"), "pom.xml": pom("p", props)}, []string{"e:a (${v})"}},
		"what only the build uses": {"pom.xml", files{"pom.xml": pom("a", managed(dep(v("1"))+dep(v("2")+"<scope>import</scope>"))+"<build><plugins><plugin><artifactId>p</artifactId>"+v("1")+deps("<dependency><groupId>g</groupId><artifactId>x</artifactId></dependency>")+"</plugin></plugins></build>")},
			[]string{"e:a build", "g:x build", "org.apache.maven.plugins:p build"}},
		"an extension":            {".mvn/extensions.xml", files{".mvn/extensions.xml": "<extensions><extension><groupId>g</groupId><artifactId>x</artifactId><version>1</version></extension></extensions>"}, []string{"g:x build"}},
		"an import":               {"m/pom.xml", mavenImport("1"), []string{"e:a 2"}},
		"an import of another":    {"m/pom.xml", mavenImport("9"), []string{"e:a ()"}},
		"an own module":           {"m/pom.xml", mavenModule("1"), []string{"g:b own"}},
		"a release of the module": {"m/pom.xml", mavenModule("0.9"), []string{"g:b 0.9"}},
		"its own version":         {"m/pom.xml", mavenModule("${project.version}"), []string{"g:b own"}},
	})
}

func mavenImport(version string) files {
	return files{
		"pom.xml":   "<project><groupId>g</groupId><artifactId>p</artifactId><version>1</version><modules><module>b</module><module>m</module></modules></project>",
		"b/pom.xml": "<project><groupId>g</groupId><artifactId>b</artifactId><version>1</version><dependencyManagement><dependencies><dependency><groupId>e</groupId><artifactId>a</artifactId><version>2</version></dependency></dependencies></dependencyManagement></project>",
		"m/pom.xml": "<project><parent><groupId>g</groupId><artifactId>p</artifactId><version>1</version></parent><artifactId>m</artifactId><dependencyManagement><dependencies><dependency><groupId>g</groupId><artifactId>b</artifactId><version>" + version +
			"</version><type>pom</type><scope>import</scope></dependency></dependencies></dependencyManagement><dependencies><dependency><groupId>e</groupId><artifactId>a</artifactId></dependency></dependencies></project>",
	}
}

func mavenModule(version string) files {
	all := mavenImport("1")
	all["m/pom.xml"] = "<project><parent><groupId>g</groupId><artifactId>p</artifactId><version>1</version></parent><artifactId>m</artifactId><dependencies><dependency><groupId>g</groupId><artifactId>b</artifactId><version>" + version + "</version></dependency></dependencies></project>"
	return all
}

// A lock file that lacks what it requires, or what the manifest beside it requires.
func TestStale(t *testing.T) {
	lacks := func(line, name string) string {
		return "error: line " + line + " requires \"" + name + "\", which is not in the file: the file is not complete"
	}
	npm := `{"dependencies":{"a":"1","own":"file:x","@s/b":"workspace:*"},"devDependencies":{"ok":"1"}}`
	const pnpm = "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      ok:\n        specifier: 1.0.0\n        version: 1.0.0\npackages:\n  ok@1.0.0:\n    resolution: {integrity: sha512-x}\nsnapshots:\n  ok@1.0.0: {}\n"
	const berry = "__metadata:\n  version: 8\n\n\"ok@npm:1\":\n  version: 1.0.0\n  resolution: \"ok@npm:1.0.0\"\n  linkType: hard\n"
	const poetry = "package = []\n\n[metadata]\nlock-version = \"2.1\"\n"
	const uv = "version = 1\n\n[[package]]\nname = \"x\"\nversion = \"1\"\nsource = { virtual = \".\" }\n"
	const pub = "# Generated by pub\npackages: {}\nsdks:\n  dart: \">=3.0.0\"\n"
	composer := func(packages string) string { return `{"packages":[` + packages + `],"packages-dev":[]}` }
	gems := "GEM\n  remote: https://rubygems.org/\n  specs:\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  a (= 1.0)!\n"
	testKinds(t, kindCases{
		"npm lost an entry":         {"package-lock.json", files{"package-lock.json": `{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":"1"}}}}`}, []string{lacks("1", "a")}},
		"npm lost one of a package": {"package-lock.json", files{"package-lock.json": `{"lockfileVersion":3,"packages":{"":{},"node_modules/b":{"version":"1.0.0","dependencies":{"a":"1"},"optionalDependencies":{"c":"1"}}}}`}, []string{"b 1.0.0", lacks("1", "a")}},
		"npm with both lists":       {"package-lock.json", files{"package-lock.json": `{"lockfileVersion":2,"packages":{"":{}},"dependencies":{"a":{"version":"1.0.0"}}}`}, []string{lacks("1", "a")}},
		"npm":                       {"package-lock.json", files{"package-lock.json": `{"lockfileVersion":3,"packages":{"":{},"node_modules/ok":{"version":"1.0.0"}}}`, "package.json": npm}, []string{"ok 1.0.0", lacks("1", "a")}},
		"npm, an optional one":      {"package-lock.json", files{"package-lock.json": `{"lockfileVersion":3,"packages":{"":{"optionalDependencies":{"a":"1"}}}}`, "package.json": `{"optionalDependencies":{"a":"1"}}`}, []string{}},
		"npm, complete":             {"package-lock.json", files{"package-lock.json": `{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":"npm:ok@1"}},"node_modules/a":{"name":"ok","version":"1.0.0"},"node_modules/ok":{"version":"1.0.0"}}}`, "package.json": npm}, []string{"ok 1.0.0", "ok 1.0.0"}[:1]},
		"npm 1":                     {"package-lock.json", files{"package-lock.json": `{"lockfileVersion":1,"dependencies":{"ok":{"version":"1.0.0"}}}`, "package.json": npm}, []string{"ok 1.0.0", lacks("1", "a")}},
		"nothing":                   {"package-lock.json", files{"package-lock.json": `{}`, "package.json": npm}, []string{lacks("1", "a")}},
		"another lock file":         {"package-lock.json", files{"package-lock.json": `{"lockfileVersion":1,"dependencies":{"ok":{"version":"1.0.0"}}}`, "package.json": npm, "yarn.lock": "x"}, []string{"ok 1.0.0"}},
		"pnpm":                      {"pnpm-lock.yaml", files{"pnpm-lock.yaml": pnpm, "package.json": npm}, []string{"ok 1.0.0", lacks("1", "a")}},
		"bun":                       {"bun.lock", files{"bun.lock": `{"lockfileVersion":2,"packages":{"ok":["ok@1.0.0"],},}`, "package.json": npm}, []string{"ok 1.0.0", lacks("1", "a")}},
		"bun lost an entry":         {"bun.lock", files{"bun.lock": `{"lockfileVersion":1,"workspaces":{"":{"dependencies":{"a":"1"}}},"packages":{}}`}, []string{lacks("1", "a")}},
		"Yarn":                      {"yarn.lock", files{"yarn.lock": berry, "package.json": npm}, []string{"ok 1.0.0", lacks("1", "a")}},
		"Composer":                  {"composer.lock", files{"composer.lock": composer(""), "composer.json": `{"require":{"a/b":"1","php":"8","ext-json":"*"}}`}, []string{lacks("1", "a/b")}},
		"Composer, another name":    {"composer.lock", files{"composer.lock": composer(`{"name":"x/y","version":"1.0.0","provide":{"a/b":"1"}}`), "composer.json": `{"require":{"A/B":"1"}}`}, []string{"x/y 1.0.0"}},
		"pub":                       {"pubspec.lock", files{"pubspec.lock": pub, "pubspec.yaml": "dependencies:\n  a: 1\n"}, []string{lacks("1", "a")}},
		"pub, a workspace":          {"pubspec.lock", files{"pubspec.lock": pub, "pubspec.yaml": "workspace: [x]\ndependencies:\n  a: 1\n"}, []string{}},
		"Poetry":                    {"poetry.lock", files{"poetry.lock": poetry, "pyproject.toml": "[tool.poetry.dependencies]\npython = \"^3\"\nA_b = \"1\"\n"}, []string{lacks("1", "a-b")}},
		"Poetry, on conditions":     {"poetry.lock", files{"poetry.lock": poetry, "pyproject.toml": "[project]\nname = \"p\"\n[tool.poetry.dependencies]\na = {version = \"1\", markers = \"x\"}\nb = {path = \"../b\"}\n"}, []string{}},
		"uv":                        {"uv.lock", files{"uv.lock": uv, "pyproject.toml": "[project]\nname = \"x\"\ndependencies = [\"a==1\"]\n"}, []string{"x own", lacks("1", "a")}},
		"uv, a group":               {"uv.lock", files{"uv.lock": uv, "pyproject.toml": "[project]\nname = \"x\"\n[dependency-groups]\ndev = [\"a==1\", {include-group = \"b\"}]\n"}, []string{"x own", lacks("1", "a")}},
		"uv, a marker":              {"uv.lock", files{"uv.lock": uv, "pyproject.toml": "[project]\nname = \"x\"\ndependencies = [\"a==1; sys_platform == 'x'\"]\n"}, []string{"x own"}},
		"uv, a script":              {"tool.py.lock", files{"tool.py.lock": uv, "pyproject.toml": "[project]\nname = \"y\"\ndependencies = [\"a==1\"]\n"}, []string{"x own"}},
		"Pipenv":                    {"Pipfile.lock", files{"Pipfile.lock": `{"_meta":{},"default":{}}`, "Pipfile": "[packages]\na = \"*\"\nb = {path = \".\"}\n"}, []string{lacks("1", "a")}},
		"Bundler":                   {"Gemfile.lock", files{"Gemfile.lock": gems, "Gemfile": "gem \"a\", \"1.0\"\n"}, []string{lacks("9", "a")}},
		"Bundler, a platform":       {"Gemfile.lock", files{"Gemfile.lock": gems, "Gemfile": "gem \"a\", platforms: %i[windows jruby]\n"}, []string{}},
		"Bundler, in a block":       {"Gemfile.lock", files{"Gemfile.lock": gems, "Gemfile": "platforms :jruby do\n  gem \"a\"\nend\n"}, []string{}},
	})
}

// Entries that do not come from a registry, or in a notation of their own.
func TestEntries(t *testing.T) {
	testKinds(t, kindCases{
		"pnpm 7, a folder": {"pnpm-lock.yaml", files{"pnpm-lock.yaml": "lockfileVersion: 5.4\nspecifiers:\n  ext: file:ext\ndependencies:\n  ext: file:ext\n  b: 2.0.0\npackages:\n  file:ext:\n    resolution: {directory: ext, type: directory}\n    name: ext\n    version: 9.9.9\n    dev: false\n  /b/2.0.0:\n    resolution: {integrity: sha512-x}\n"}, []string{"ext own", "b 2.0.0"}},
		"Yarn, generated":  {"yarn.lock", files{"yarn.lock": "__metadata:\n  version: 8\n\n\"a@exec:./gen.js::locator=x\":\n  version: 1.0.0\n  resolution: \"a@exec:./gen.js#./gen.js::hash=aa\"\n  linkType: hard\n"}, []string{"a own"}},
		"pylock 2":         {"pylock.toml", files{"pylock.toml": "lock-version = \"2.0\"\n"}, []string{"error: lock-version 2.0 is not a known version of the format; known are 1.0: use a newer goldenpath"}},
		"Deno": {"deno.lock", files{"deno.lock": `{"version":"5","remote":{"https://esm.sh/a@1.0.0":"x","https://esm.sh/v135/@s/b@2.0.0/x.js":"x","https://deno.land/x/oak@v1.0.0/mod.ts":"x","https://deno.land/x/oak@v1.0.0/b.ts":"x","https://e/x.ts":"x"}}`},
			[]string{"https://deno.land/x/oak v1.0.0", "https://e/x.ts (https://e/x.ts)", "a 1.0.0", "@s/b 2.0.0"}},
		"R": {"renv.lock", files{"renv.lock": `{"Packages":{"a":{"Version":"1","Source":"Repository"},"b":{"Version":"1","Source":"Repository","Repository":"RSPM"},
			"c":{"Version":"1","Source":"GitHub","RemoteSha":"0123"},"d":{"Version":"1","Source":"Bioconductor"},"e":{"Version":"1","Source":"Local"}}}`}, []string{"a 1", "b 1", "c git", "d 1", "e own"}},
		"cabal, one line":      {"cabal.project.freeze", files{"cabal.project.freeze": "constraints: any.a ==1.0, any.b ==2.0,\n  b +flag, \n  -- x\n c >=1 && <2\n"}, []string{"a 1.0", "b 2.0", "c (>=1 && <2 )"}},
		"Conan":                {"conan.lock", files{"conan.lock": `{"requires":["a/1.0@acme/stable#aa%1","b/[>=1 <2]"],"config_requires":["c/3.0#aa"]}`}, []string{"a 1.0", "b ([>=1 <2])", "c 3.0"}},
		"Gleam":                {"manifest.toml", files{"manifest.toml": "packages = [\n{ name = \"a\", version = \"1.0\", source = \"hex\" },\n]\n[requirements]\na = { version = \"1\" }\nb = { version = \"1\" }\n"}, []string{"a 1.0", `error: line 1 requires "b", which is not in the file: the file is not complete`}},
		"of another tool":      {"manifest.toml", files{"manifest.toml": "a = 1\n"}, []string{}},
		"a lock of nothing":    {"gradle/libs.versions.toml", files{"gradle/libs.versions.toml": "[libraries]\na = \"g:a:1\"\n", "gradle.lockfile": "empty=x\n"}, []string{"g:a 1"}},
		"a lock":               {"gradle/libs.versions.toml", files{"gradle/libs.versions.toml": "[libraries]\na = \"g:a:1\"\n", "gradle.lockfile": "g:a:1=x\nempty=\n"}, []string{}},
		"plugins of a catalog": {"gradle/libs.versions.toml", files{"gradle/libs.versions.toml": "[versions]\nv = \"2\"\n[plugins]\na = { id = \"p.a\", version = \"1\" }\nb = { id = \"p.b\", version.ref = \"v\" }\nc = \"p.c:3\"\n"}, []string{"p.a:p.a.gradle.plugin 1", "p.b:p.b.gradle.plugin 2", "p.c:p.c.gradle.plugin 3"}},
		"a link of npm":        {"package-lock.json", files{"package-lock.json": `{"lockfileVersion":3,"packages":{"":{},"node_modules/w":{"resolved":"w","link":true},"w":{"version":"1.0.0"}}}`}, []string{"w own"}},
	})
}

// Names of files that are read.
func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"requirements.lock": "requirements", "requirements-dev.lock": "requirements", "requirements-dev/base.txt": "requirements", "notes/base.txt": "",
		"packages.Web.config": "NuGet packages", "packages.config": "NuGet packages", "packages.web.lock.json": "NuGet lock", "packages.lock.json": "NuGet lock", "gemfiles/rails_7.gemfile.lock": "Bundler", "Gemfile.next.lock": "Bundler", "Gemfile": "",
		"tool.py.lock": "uv", "a.lock": "", "pom-server.xml": "Maven", "pompom.xml": "", "a.vcxproj": "NuGet project", "a.sqlproj": "NuGet project",
	} {
		if got := Format(name); got != want {
			t.Errorf("%s is read as %q, not as %q", name, got, want)
		}
	}
}
