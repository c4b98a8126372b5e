package lockfile

import (
	"testing"
)

// A manifest asks for a lock file in every notation of dependencies, and only then.
func TestAsks(t *testing.T) {
	for _, c := range []struct {
		file, text string
		want       bool
	}{
		{"package.json", `{"devDependencies": {"a": "1"}}`, true},
		{"package.json", `{"dependencies": {}, "scripts": {"dependencies": "x"}}`, false},
		{"deno.jsonc", "{ // c\n\"imports\": {\"a\": \"npm:a@1\"}}", true},
		{"pyproject.toml", "[project]\nname = \"x\"\n[dependency-groups]\ndev = [\"a==1\"]\n", true},
		{"pyproject.toml", "[project]\ndependencies = [\n \"a\",\n]\n", true},
		{"pyproject.toml", "project.optional-dependencies.x = [\"a\"]\n", true},
		{"pyproject.toml", "[tool.poetry.group.dev.dependencies]\na = \"1\"\n", true},
		{"pyproject.toml", "[tool.poetry.dependencies]\npython = \"^3\"\n", false},
		{"pyproject.toml", "[project]\ndependencies = []\ndynamic = [\"dependencies\"]\n", false},
		{"pyproject.toml", "[build-system]\nrequires = [\"setuptools\"]\n", false}, // no lock file has these
		{"pyproject.toml", "{{ dependencies }}\n", true},
		{"setup.py", "setup(extras_require={'a': ['b']})", true},
		{"Cargo.toml", "[target.'cfg(unix)'.dependencies]\na = \"1\"\n", true},
		{"Cargo.toml", "dependencies.a = \"1\"\n", true},
		{"Cargo.toml", "[dependencies]\n", false},
		{"composer.json", `{"require-dev": {"a/b": "1"}}`, true},
		{"composer.json", `{"require": {"php": ">=8.1", "ext-json": "*"}}`, false},
		{"pubspec.yaml", "dependencies: # all\n  a: 1\n", true},
		{"pubspec.yaml", "dependencies: {a: 1}\n", true},
		{"pubspec.yaml", "dependency_overrides:\n  a: 1\n", true},
		{"pubspec.yaml", "name: x\ndependencies:\n", false},
		{"x.gemspec", "s.add_dependency 'a'", true},
		{"build.gradle", "dependencies {\n  implementation group: 'g', name: 'a', version: '1'\n}\n", true},
		{"build.gradle", "dependencies {\n  implementation libs.a\n}\n", true},
		{"build.gradle", "dependencies { implementation platform('g:a:1') }\n", true},
		{"build.gradle", "dependencies {\n  compile 'g:a:1'\n}\n", true},
		{"build.gradle.kts", "dependencies {\n  \"ksp\"(\"g:a:1\")\n}\n", true},
		{"build.gradle.kts", "kotlin { sourceSets { commonMain { dependencies {\n  api(libs.a)\n} } } }\n", true},
		{"build.gradle.kts", "plugins {\n  id(\"a.b\") version \"1\"\n}\n", true},
		{"build.gradle.kts", "plugins {\n  alias(libs.plugins.a) apply false\n}\n", true},
		{"gradle/deps.gradle", "dependencies {\n  api 'g:a:1'\n}\n", true},
		{"build.gradle.kts", "plugins { java }\ndependencies {\n  // implementation(\"g:a:1\")\n  implementation(project(\":x\"))\n  api(projects.core)\n  implementation fileTree(dir: 'libs')\n}\n", false},
		{"settings.gradle", "include ':app'\n", false},
	} {
		m, ok := Of(c.file)
		if got := ok && m.Asks([]byte(c.text)); got != c.want {
			t.Errorf("%s %q: %v, want %v", c.file, c.text, got, c.want)
		}
	}
}

func filesOf(all map[string]string) *Files {
	f := NewFiles(func(name string) []byte { return []byte(all[name]) })
	for name := range all {
		f.Add(name)
	}
	return f
}

// A lock file above a manifest counts if the manifest is a member of its workspace.
func TestLock(t *testing.T) {
	const own = "[package]\nname = \"fuzz\"\n"
	for name, c := range map[string]struct {
		manifest, lock string
		files          map[string]string
		want           bool
	}{
		"npm":                      {"packages/w/package.json", "package-lock.json", map[string]string{"package-lock.json": `{"packages":{"":{},"packages/w":{"version":"1"}}}`}, true},
		"npm, another":             {"tools/gen/package.json", "package-lock.json", map[string]string{"package-lock.json": `{"packages":{"":{"dependencies":{"tools/gen":"1"}},"node_modules/tools/gen":{}}}`}, false},
		"npm 1":                    {"web/package.json", "package-lock.json", map[string]string{"package-lock.json": `{"dependencies":{"web":{"version":"1"}}}`}, false},
		"pnpm":                     {"packages/w/package.json", "pnpm-lock.yaml", map[string]string{"pnpm-lock.yaml": "importers:\n\n  .: {}\n\n  packages/w:\n    dependencies:\n"}, true},
		"pnpm, with a space":       {"a b/package.json", "pnpm-lock.yaml", map[string]string{"pnpm-lock.yaml": "importers:\n\n  a b:\n    dependencies:\n"}, true},
		"pnpm, another":            {"w/package.json", "pnpm-lock.yaml", map[string]string{"pnpm-lock.yaml": "importers:\n  .: {}\npackages:\n  w@1.0.0:\n    resolution: {}\n"}, false},
		"Yarn":                     {"packages/w/package.json", "yarn.lock", map[string]string{"yarn.lock": "", "package.json": `{"workspaces":["packages/*"]}`}, true},
		"Yarn, an object":          {"packages/w/package.json", "yarn.lock", map[string]string{"yarn.lock": "", "package.json": `{"workspaces":{"packages":["./packages/**"]}}`}, true},
		"Yarn, another":            {"web/package.json", "yarn.lock", map[string]string{"yarn.lock": "", "package.json": `{"workspaces":["packages/*"]}`}, false},
		"Bun":                      {"packages/w/package.json", "bun.lock", map[string]string{"bun.lock": "{\"workspaces\":{\"\":{},\"packages/w\":{\"name\":\"w\"},},}"}, true},
		"Deno":                     {"w/deno.json", "deno.lock", map[string]string{"deno.lock": `{"workspace":{"members":{"w":{}}}}`}, true},
		"Cargo":                    {"fuzz/Cargo.toml", "Cargo.lock", map[string]string{"fuzz/Cargo.toml": own, "Cargo.lock": "version = 4\n\n[[package]]\nname = \"fuzz\"\nversion = \"0.1.0\"\ndependencies = [\n \"a\",\n]\n"}, true},
		"Cargo, the last":          {"fuzz/Cargo.toml", "Cargo.lock", map[string]string{"fuzz/Cargo.toml": own, "Cargo.lock": "[[package]]\nname = \"fuzz\"\nversion = \"0.1.0\"\n"}, true},
		"Cargo, another":           {"fuzz/Cargo.toml", "Cargo.lock", map[string]string{"fuzz/Cargo.toml": own, "Cargo.lock": "[[package]]\nname = \"fuzz\"\nversion = \"0.1.0\"\nsource = \"registry+x\"\n\n[[package]]\nname = \"b\"\nversion = \"0.1.0\"\n"}, false},
		"uv":                       {"packages/a/pyproject.toml", "uv.lock", map[string]string{"uv.lock": "source = { editable = \"packages/a\" }\n"}, true},
		"uv, another":              {"tools/pyproject.toml", "uv.lock", map[string]string{"uv.lock": "source = { virtual = \".\" }\n"}, false},
		"Poetry":                   {"lib/pyproject.toml", "poetry.lock", map[string]string{"poetry.lock": "[package.source]\ntype = \"directory\"\nurl = \"lib\"\n"}, true},
		"requirements":             {"tools/gen/pyproject.toml", "requirements.txt", map[string]string{"requirements.txt": "a==1\n-e ./tools/gen\n"}, true},
		"requirements, another":    {"tools/gen/pyproject.toml", "requirements.txt", map[string]string{"requirements.txt": "a==1\n"}, false},
		"requirements of the docs": {"setup.py", "requirements-docs.txt", map[string]string{"requirements-docs.txt": "a==1\n"}, false},
		"Composer":                 {"tools/phpstan/composer.json", "composer.lock", map[string]string{"composer.lock": "{}"}, false},
		"Composer, a path":         {"packages/a/composer.json", "composer.lock", map[string]string{"composer.lock": `{"dist": {"type": "path", "url": "packages/a"}}`}, true},
		"Bundler":                  {"docs/Gemfile", "Gemfile.lock", map[string]string{"Gemfile.lock": "GEM\n  remote: https://rubygems.org/\n"}, false},
		"a gem":                    {"engines/a/a.gemspec", "Gemfile.lock", map[string]string{"Gemfile.lock": "PATH\n  remote: engines/a\n"}, true},
		"pub":                      {"packages/a/pubspec.yaml", "pubspec.lock", map[string]string{"pubspec.lock": "", "packages/a/pubspec.yaml": "resolution: workspace\n"}, true},
		"pub, another":             {"packages/a/pubspec.yaml", "pubspec.lock", map[string]string{"pubspec.lock": "", "packages/a/pubspec.yaml": "name: a\n"}, false},
		"Mix":                      {"apps/a/mix.exs", "mix.lock", map[string]string{"mix.lock": "", "apps/a/mix.exs": "lockfile: \"../../mix.lock\","}, true},
		"Mix, another":             {"apps/a/mix.exs", "mix.lock", map[string]string{"mix.lock": "", "apps/a/mix.exs": "{:a, \"1\"}"}, false},
		"Swift":                    {"Packages/Core/Package.swift", "Package.resolved", map[string]string{"Package.resolved": "{}", "Package.swift": ".package(path: \"Packages/Core\")"}, true},
		"Gradle":                   {"build.gradle", "gradle.lockfile", map[string]string{"gradle.lockfile": "# Gradle\ng:a:1=x\nempty=\n"}, true},
		"Gradle, nothing":          {"build.gradle", "gradle.lockfile", map[string]string{"gradle.lockfile": "# a:b:c\nempty=x\n"}, false},
		"Gradle, another project":  {"app/build.gradle.kts", "gradle.lockfile", map[string]string{"gradle.lockfile": "g:a:1=x\nempty=\n"}, false},
		"Gradle, a script":         {"gradle/deps.gradle", "gradle.lockfile", map[string]string{"gradle.lockfile": "g:a:1=x\nempty=\n"}, true},
		"Gradle, verification":     {"app/build.gradle", "gradle/verification-metadata.xml", map[string]string{"gradle/verification-metadata.xml": "<components><component group=\"g\"/></components>"}, true},
		"Gradle, no verification":  {"build.gradle", "gradle/verification-metadata.xml", map[string]string{"gradle/verification-metadata.xml": "<components/>"}, false},
		"NuGet":                    {"a/a.csproj", "packages.lock.json", map[string]string{"packages.lock.json": "{}", "a/x": ""}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m, ok := Of(c.manifest)
			if got := filesOf(c.files).Lock(m, c.manifest); !ok || (got == c.lock) != c.want || got != "" && got != c.lock {
				t.Errorf("%q, want %v", got, c.want)
			}
		})
	}
}

// Files that nothing reads are named if they have dependencies and no lock file, which is
// named in their place.
func TestUnread(t *testing.T) {
	for file, c := range map[string]struct {
		files map[string]string
		want  bool
	}{
		"Podfile":                     {map[string]string{"Podfile": " pod 'A'\n"}, true},
		"a/Podfile":                   {map[string]string{"a/Podfile": " pod 'A'\n", "a/Podfile.lock": ""}, false},
		"build.sbt":                   {map[string]string{"build.sbt": `libraryDependencies += "a" % "b" % "1"`}, true},
		"x/build.sbt":                 {map[string]string{"x/build.sbt": `name := "a"`}, false},
		"environment-dev.yml":         {map[string]string{"environment-dev.yml": "dependencies:\n- pip\n"}, true},
		"environments.yaml":           {map[string]string{"environments.yaml": "a: b\n"}, false},
		"locks/conda-linux-64.lock":   {map[string]string{}, true},
		"Manifest.toml":               {map[string]string{"Manifest.toml": "julia_version = \"1\"\n"}, true},
		"DESCRIPTION":                 {map[string]string{"DESCRIPTION": "Package: x\nImports: a\n"}, true},
		"r/DESCRIPTION":               {map[string]string{"r/DESCRIPTION": "Package: x\nImports: a\n", "r/renv.lock": ""}, false},
		"doc/DESCRIPTION":             {map[string]string{"doc/DESCRIPTION": "What this is.\n"}, false},
		"x.xcodeproj/project.pbxproj": {map[string]string{"x.xcodeproj/project.pbxproj": "isa = XCRemoteSwiftPackageReference;"}, true},
		"y.xcodeproj/project.pbxproj": {map[string]string{"y.xcodeproj/project.pbxproj": "isa = XCRemoteSwiftPackageReference;", "W.xcworkspace/xcshareddata/swiftpm/Package.resolved": ""}, false},
		"node_modules/a/bower.json":   {map[string]string{}, false},
		"main.go":                     {map[string]string{}, false},
	} {
		if _, got := filesOf(c.files).Unread(file); got != c.want {
			t.Errorf("%s: %v, want %v", file, got, c.want)
		}
	}
}
