package scaffold

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// language defines how a language is recognised and read. To add one, write its read
// function in a file of its own and add a line to languages.
//
// read gets the repository's files, a folder and the marker that was found in it. It
// returns the part with the commands that install, check, test, build and start it, or
// nil if the folder is not a part. It runs nothing, and it uses file content only to
// choose between commands that it knows. Each command has a reason (why), for the report
// and the comments in .goldenpath.yml. What the commands need (a program, a script, a
// file) is derived from their text by package runnable, which doctor runs: teach it the
// language's package manager there.
type language struct {
	name    string
	markers []string // base names or patterns, such as *.csproj
	read    func(t *tree, dir, marker string) *Part
}

// languages lists the languages that init knows. Order matters: the first part that
// starts becomes the artifact.
func languages() []language {
	return []language{
		{"node", []string{"package.json"}, nodePart},
		{"go", []string{"go.mod"}, goPart},
		{"python", append([]string{"pyproject.toml", "requirements.txt", "Pipfile", "setup.py"}, programs...), pythonPart},
		{"java", []string{"pom.xml", "build.gradle", "build.gradle.kts"}, javaPart},
		{"rust", []string{"Cargo.toml"}, rustPart},
		{"ruby", []string{"Gemfile"}, rubyPart},
		{"php", []string{"composer.json", "*.php"}, phpPart},
		{"dotnet", []string{"*.sln", "*.slnx", "*.csproj", "*.fsproj"}, dotnetPart},
		{"deno", []string{"deno.json", "deno.jsonc"}, denoPart},
	}
}

// isMarker reports whether a base name marks a part.
func isMarker(base string) bool {
	for _, l := range languages() {
		for _, m := range l.markers {
			if ok, _ := path.Match(m, base); ok {
				return true
			}
		}
	}
	return base == "Dockerfile" || base == "Chart.yaml" || base == "kustomization.yaml"
}

// maxParts is the number of parts that init writes commands for.
const maxParts = 6

// parts finds the parts, those nearest the root first. A folder inside one of the same
// language belongs to that part, as a workspace or a module does.
func parts(t *tree) []Part {
	var all []Part
	for _, l := range languages() {
		var dirs []string
		for _, marker := range l.markers {
			for _, name := range t.find(marker, 3) {
				dir := path.Dir(name)
				if slices.ContainsFunc(dirs, func(d string) bool { return within(d, dir) }) {
					continue
				}
				if p := l.read(t, dir, name); p != nil {
					p.Dir, p.Language = dir, l.name
					dirs = append(dirs, dir)
					all = append(all, *p)
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Part) int {
		return strings.Count(path.Join("x", a.Dir), "/") - strings.Count(path.Join("x", b.Dir), "/")
	})
	for _, p := range slices.Clone(all) {
		for _, dir := range p.members {
			if m := member(t, &p, dir); m != nil {
				all = append(all, *m)
			}
		}
	}
	return all
}

func within(dir, other string) bool {
	return dir == "." || other == dir || strings.HasPrefix(other, dir+"/")
}

// steps returns the checks of all parts, with unique names.
func (f *Facts) steps() []step {
	var all []step
	taken := map[string]bool{}
	parts := f.checked()
	for _, p := range parts {
		for _, s := range p.Steps {
			if p.Dir != "." {
				s.run = "cd " + p.Dir + " && " + s.run
				if s.junit != "" {
					s.junit = path.Join(p.Dir, s.junit)
				}
			}
			if len(parts) > 1 {
				prefix := p.Language
				if p.Dir != "." {
					prefix = slug(path.Base(p.Dir))
				}
				s.name = strings.Trim(prefix[:min(len(prefix), 24)], "-") + "-" + s.name
			}
			for name, n := s.name, 2; taken[s.name]; n++ {
				s.name = fmt.Sprintf("%s-%d", name, n)
			}
			taken[s.name] = true
			all = append(all, s)
		}
	}
	return all
}

// proven reports whether any step writes JUnit.
func (f *Facts) proven() bool {
	return slices.ContainsFunc(f.steps(), func(s step) bool { return s.junit != "" })
}

// copied copies only the commit's files to a folder, without output of the checks.
const copied = `rm -rf dist/app && mkdir -p dist/app && git archive "$GOLDENPATH_COMMIT" | tar -xf - -C dist/app && cd dist/app`

// archive is copied for a part in a subfolder.
func archive(dir string) string {
	if dir == "." {
		return copied
	}
	return strings.Replace(copied, `"$GOLDENPATH_COMMIT"`, `"$GOLDENPATH_COMMIT:`+dir+`"`, 1)
}
