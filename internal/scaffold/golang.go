package scaffold

import (
	"bytes"
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
	p := &Part{Manager: "go", Ecosystem: "gomod", From: marker, Steps: []step{{name: "vet", run: "go vet ./..."}}}
	sum := path.Join(dir, "go.sum")
	if t.has(sum) {
		p.From += ", " + sum
	} else if bytes.Contains(t.read(marker), []byte("\nrequire")) {
		p.Lacks = marker + " has no go.sum: run go mod tidy and commit it"
	}
	below := func(name string) bool { return within(dir, path.Dir(name)) }
	if slices.ContainsFunc(t.names, func(name string) bool { return below(name) && strings.HasSuffix(name, "_test.go") }) {
		p.Steps = append(p.Steps, step{name: "unit", run: "go test ./..."})
	}
	p.Hooks = []hook{
		{id: "gofmt", entry: `sh -c 'bad=$(gofmt -l "$@") && test -z "$bad" || { echo "run gofmt -w $bad"; exit 1; }' --`, files: `\.go$`, names: true},
		{id: "go-vet", entry: "go vet ./...", files: `\.go$`},
	}
	p.Start = goStart(t, dir)
	return p
}

// goStart builds the program of a module. If there are several, it chooses the most
// likely one and marks the line.
func goStart(t *tree, dir string) *start {
	programs := t.match(12, func(name string) bool {
		at := path.Dir(name)
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") || at != dir && path.Dir(at) != path.Join(dir, "cmd") {
			return false
		}
		b := t.read(name)
		return packageMain.Match(b) && !ignored.Match(b)
	})
	var folders []string
	for _, name := range programs {
		if at := path.Dir(name); !slices.Contains(folders, at) {
			folders = append(folders, at)
		}
	}
	if len(folders) == 0 {
		return nil
	}
	slices.Sort(folders)
	i := serving(t, folders, dir)
	s := &start{pack: "dist/app", entrypoint: []string{"/app"}}
	pkg, out := ".", "dist/app/app"
	if folders[i] != dir {
		pkg = "./" + strings.TrimPrefix(strings.TrimPrefix(folders[i], dir), "/")
	}
	if len(folders) > 1 {
		s.check = "chosen from " + strings.Join(folders[:min(4, len(folders))], ", ")
	}
	s.build = "CGO_ENABLED=0 go build -trimpath -buildvcs=false -o " + out + " " + pkg
	if dir != "." {
		s.build = "CGO_ENABLED=0 go build -C " + dir + ` -trimpath -buildvcs=false -o "$PWD/` + out + `" ` + pkg
	}
	if slices.ContainsFunc(t.names, func(name string) bool {
		return within(dir, path.Dir(name)) && path.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go") && readsFiles.MatchString(t.text(name))
	}) {
		s.build = strings.TrimSuffix(archive(dir), " && cd dist/app") + " && " + s.build
	}
	return s
}

// readsFiles matches source that reads files from its working directory. The
// repository's files are then packed with the program.
var readsFiles = regexp.MustCompile(`LoadHTML|ParseGlob\(|ParseFiles\(|http\.Dir\(|os\.DirFS\(|\.Static(FS|File)?\("`)

var serves = regexp.MustCompile(`ListenAndServe|http\.Serve\(|net\.Listen|\.Serve\(`)

// serving returns the index of the program that is most likely the app: the one in dir,
// one that listens, one with the name of a server, or the first.
func serving(t *tree, folders []string, dir string) int {
	if i := slices.Index(folders, dir); i >= 0 {
		return i
	}
	for i, folder := range folders {
		for _, name := range t.names {
			if path.Dir(name) == folder && path.Ext(name) == ".go" && serves.MatchString(t.text(name)) {
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
