package runnable

import (
	"path"
	"slices"
	"strings"
)

// manifests are the files, one of which a build tool reads from the current folder.
var manifests = map[string][]string{
	"cargo": {"Cargo.toml"}, "mvn": {"pom.xml"}, "bundle": {"Gemfile"}, "composer": {"composer.json"}, "poetry": {"pyproject.toml"}, "pipenv": {"Pipfile"},
	"gradle": {"build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"}, "deno": {"deno.json", "deno.jsonc"}, "uv": {"pyproject.toml"},
}

// locks are the lock files that a flag makes a build tool demand.
var locks = []struct{ program, flag, file string }{
	{"cargo", "--locked", "Cargo.lock"}, {"cargo", "--frozen", "Cargo.lock"}, {"uv", "--frozen", "uv.lock"}, {"uv", "--locked", "uv.lock"},
	{"deno", "--frozen", "deno.lock"}, {"pipenv", "--deploy", "Pipfile.lock"},
}

func init() {
	for program := range manifests {
		launchers[program] = func(c *checker, args []string) { buildTool(c, program, args) }
	}
	launchers["pip"], launchers["pip3"] = requirementFile, requirementFile
	launchers["dotnet"] = project
}

// buildTool checks that the manifest of a build tool exists, and the lock file that a
// flag demands. A tool with a flag that names another place is not checked.
func buildTool(c *checker, program string, args []string) {
	for _, elsewhere := range []string{"-C", "-f", "-p", "--file", "--manifest-path", "--project", "--directory", "--config", "-V", "--version", "--help"} {
		if slices.Contains(args, elsewhere) && !(program == "cargo" && elsewhere == "-p") {
			return
		}
	}
	if program == "uv" && len(args) > 0 && !slices.Contains([]string{"sync", "run", "export", "lock"}, args[0]) {
		return
	}
	if program == "deno" && (len(args) == 0 || args[0] != "task") {
		return
	}
	exists := func(name string) bool { return c.Exists(path.Join(c.dir, name)) }
	if files := manifests[program]; !slices.ContainsFunc(files, exists) {
		c.add(strings.Join(files, " or ")+" is not in "+folder(c.dir)+", and "+program+" needs it", "commit it, or correct the command")
		return
	}
	for _, l := range locks {
		if l.program == program && slices.Contains(args, l.flag) && !exists(l.file) {
			c.add(path.Join(c.dir, l.file)+" is not in the repository, and "+l.flag+" needs it", "commit it, or remove "+l.flag)
		}
	}
}

func folder(dir string) string {
	if dir == "." {
		return "the root"
	}
	return dir
}

// requirementFile checks the files of pip install -r.
func requirementFile(c *checker, args []string) {
	for i, a := range args {
		if (a == "-r" || a == "-c" || a == "--requirement") && i+1 < len(args) {
			c.file(args[i+1], "the file")
		}
	}
}

// project checks the project that dotnet builds.
func project(c *checker, args []string) {
	for _, a := range args {
		if slices.Contains([]string{".sln", ".slnx", ".csproj", ".fsproj", ".vbproj"}, path.Ext(a)) {
			c.file(a, "the project")
		}
	}
}
