package scaffold

import (
	"bytes"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	packageMain = regexp.MustCompile(`(?m)^package main\b`)
	ignored     = regexp.MustCompile(`(?m)^//go:build ignore\b`)
)

// goPart reads a module. `go test` writes no JUnit, so its tests run but are not counted
// until a team adds a tool that writes it.
func goPart(t *tree, dir, marker string) *Part {
	p := &Part{Manager: "go", Ecosystem: "gomod", From: marker, Steps: []step{{name: "vet", run: "go vet ./...", why: marker}}}
	sum := path.Join(dir, "go.sum")
	if t.has(sum) {
		p.From += ", " + sum
	} else if bytes.Contains(t.read(marker), []byte("\nrequire")) {
		p.Lacks = marker + " has no go.sum: run go mod tidy and commit it"
	}
	below := func(name string) bool { return within(dir, path.Dir(name)) }
	if file, what := embedsMissing(t, dir); file != "" {
		p.Lacks = file + " embeds " + what + ", which is not in the repository: add a check before vet that makes it, and make it in artifact.build"
	}
	if i := slices.IndexFunc(t.names, func(name string) bool { return below(name) && strings.HasSuffix(name, "_test.go") }); i >= 0 {
		p.Steps = append(p.Steps, step{name: "unit", run: "go test ./...", why: t.names[i]})
	}
	p.Hooks = []hook{
		{id: "gofmt", entry: `sh -c 'bad=$(gofmt -l "$@") && test -z "$bad" || { echo "run gofmt -w $bad"; exit 1; }' --`, files: `\.go$`, names: true},
		{id: "go-vet", entry: "go vet ./...", files: `\.go$`},
	}
	p.Start = goStart(t, dir)
	return p
}

// goPrograms returns the folders of the module's programs.
func goPrograms(t *tree, dir string) []string {
	var folders []string
	for _, name := range t.match(12, func(name string) bool {
		at := path.Dir(name)
		return path.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go") && (at == dir || path.Dir(at) == path.Join(dir, "cmd"))
	}) {
		at := path.Dir(name)
		if b := t.read(name); !slices.Contains(folders, at) && isMain(b) && !ignored.Match(b) {
			folders = append(folders, at)
		}
	}
	slices.Sort(folders)
	return folders
}

var embeds = regexp.MustCompile(`(?m)^//go:embed (.+)$`)

// embedsMissing returns a file that embeds files which the repository does not have, such as
// the pages that another part builds. Without them no Go command works.
func embedsMissing(t *tree, dir string) (file, what string) {
	for _, name := range t.names {
		if path.Ext(name) != ".go" || !within(dir, path.Dir(name)) || !bytes.Contains(t.read(name), []byte("\n//go:embed ")) {
			continue
		}
		for _, m := range embeds.FindAllSubmatch(t.read(name), -1) {
			for pattern := range strings.FieldsSeq(string(m[1])) {
				pattern = path.Join(path.Dir(name), strings.TrimPrefix(strings.Trim(pattern, "\"`"), "all:"))
				if found, err := fs.Glob(t.root.FS(), pattern); err == nil && len(found) == 0 {
					return name, pattern
				}
			}
		}
	}
	return "", ""
}

// isMain reports whether source belongs to a program.
func isMain(source []byte) bool {
	return bytes.Contains(source, []byte("package main")) && packageMain.Match(source)
}

var moduleLine = regexp.MustCompile(`(?m)^module\s+"?([^\s"]+)`)

// goModuleName is the name of the program that go build gives the module's root.
func goModuleName(t *tree, dir string) string {
	m := moduleLine.FindStringSubmatch(t.text(path.Join(dir, "go.mod")))
	if m == nil {
		return "app"
	}
	name := path.Base(m[1])
	if regexp.MustCompile(`^v[0-9]+$`).MatchString(name) {
		name = path.Base(path.Dir(m[1]))
	}
	if !plainName.MatchString(name) {
		return "app"
	}
	return name
}

// goStart builds the program of a module. If there are several, it chooses the most
// likely one and marks the line.
func goStart(t *tree, dir string) *start {
	folders := goPrograms(t, dir)
	if len(folders) == 0 {
		return nil
	}
	i := serving(t, folders, dir)
	pkg := "."
	if folders[i] != dir {
		pkg = "./" + strings.TrimPrefix(strings.TrimPrefix(folders[i], dir), "/")
	}
	s := &start{pack: "dist/app", entrypoint: []string{"/app"}, program: pkg, why: "package main in " + folders[i]}
	if len(folders) > 1 {
		s.check = "chosen from " + strings.Join(folders[:min(4, len(folders))], ", ")
	}
	var copied [][2]string
	if slices.ContainsFunc(t.names, func(name string) bool {
		return within(dir, path.Dir(name)) && path.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go") && readsFiles(t.read(name))
	}) {
		s.build = strings.TrimSuffix(archive(dir), " && cd dist/app") + " && "
	}
	build := goBuild(dir, []program{{pkg, "/app"}}, copied)
	_, build, _ = strings.Cut(build, "mkdir -p dist/app && ")
	s.build += build
	return s
}

// readsFiles reports whether source reads files from its working directory. The
// repository's files are then packed with the program.
func readsFiles(source []byte) bool {
	return slices.ContainsFunc([]string{"LoadHTML", "ParseGlob(", "ParseFiles(", "http.Dir(", "os.DirFS(", `.Static("`, `.StaticFS("`, `.StaticFile("`}, func(call string) bool {
		return bytes.Contains(source, []byte(call))
	})
}

var serves = regexp.MustCompile(`ListenAndServe|http\.Serve\(|net\.Listen|\.Serve\(`)

// serving returns the index of the program that is most likely the app: the one in dir,
// one that listens, one with the name of a server, or the first.
func serving(t *tree, folders []string, dir string) int {
	if i := slices.Index(folders, dir); i >= 0 {
		return i
	}
	for i, folder := range folders {
		for _, name := range t.names {
			if path.Dir(name) == folder && path.Ext(name) == ".go" && serves.Match(t.read(name)) {
				return i
			}
		}
	}
	for _, name := range []string{"server", "api", "app", "web"} {
		for i, folder := range folders {
			if path.Base(folder) == name {
				return i
			}
		}
	}
	return 0
}
