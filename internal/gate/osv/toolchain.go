package osv

import (
	"cmp"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"
	"golang.org/x/mod/modfile"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/lockfile"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// newestGo stands for the newest release of Go: golang:latest, go-version: stable.
const newestGo = "1.9999"

// toolchain is the Go release that builds the repository. The go directive of go.mod is
// only the lowest release that may build it.
type toolchain struct {
	version string // 1.25.6; 1.25, the newest release of this line; newestGo; "": no build names one
	from    string // place that names it
	unnamed string // first place that builds with a release that the repository does not name
	module  bool   // a workflow builds with the release that go.mod names
}

// versionFiles may have the version for setup-go, beside go.mod and go.work.
var versionFiles = []string{".go-version", ".tool-versions"}

// namesToolchain reports whether a file may name the release that builds.
func namesToolchain(name string) bool {
	base, ext := path.Base(name), path.Ext(name)
	return slices.Contains(versionFiles, base) || strings.HasPrefix(base, "Dockerfile") || strings.HasPrefix(base, "Containerfile") || ext == ".Dockerfile" || ext == ".dockerfile" || lockfile.IsWorkflow(name)
}

// findToolchain returns the highest release that a base image or a workflow names.
func findToolchain(root *os.Root, files []gate.File) toolchain {
	var t toolchain
	for _, f := range files {
		if !namesToolchain(f.Path) || slices.Contains(versionFiles, path.Base(f.Path)) || f.Link || f.Size > 1<<20 {
			continue
		}
		text, err := root.ReadFile(filepath.FromSlash(f.Path))
		if err != nil {
			continue
		}
		if strings.HasPrefix(f.Path, ".github/") {
			t.workflow(f.Path, text, func(name string) []byte {
				b, err := root.ReadFile(filepath.FromSlash(name))
				if err != nil {
					return nil
				}
				return b
			})
		} else {
			t.image(f.Path, text)
		}
	}
	return t
}

// add takes a version if it is higher than the one before.
func (t *toolchain) add(version, from string) {
	if version == "" {
		t.unnamed = cmp.Or(t.unnamed, from)
		return
	}
	if t.version == "" || laterGo(version, t.version) {
		t.version, t.from = version, from
	}
}

// laterGo reports whether release a is newer than b.
func laterGo(a, b string) bool { return compareVersions("Go", lastOfLine(a), lastOfLine(b)) > 0 }

var (
	fromLine = regexp.MustCompile(`(?i)^\s*FROM\s+(?:--[a-z]+=\S+\s+)*(\S+)`)
	argLine  = regexp.MustCompile(`(?i)^\s*ARG\s+([A-Za-z_][A-Za-z0-9_]*)=["']?([^\s"']*)`)
	variable = regexp.MustCompile(`\$(?:\{([A-Za-z_][A-Za-z0-9_]*)(?::?-([^}]*))?\}|([A-Za-z_][A-Za-z0-9_]*))`)
	goTag    = regexp.MustCompile(`^(1\.[0-9]+(?:\.[0-9]+)?)(?:$|-)`)
)

// image reads the base images of a Dockerfile.
func (t *toolchain) image(name string, text []byte) {
	args := map[string]string{}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if m := argLine.FindStringSubmatch(line); m != nil {
			args[m[1]] = m[2]
		}
		m := fromLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		image := variable.ReplaceAllStringFunc(m[1], func(s string) string {
			v := variable.FindStringSubmatch(s)
			return cmp.Or(args[v[1]+v[3]], v[2], s)
		})
		image, _, _ = strings.Cut(image, "@")
		repository, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
		if repository != "golang" {
			continue
		}
		t.add(imageVersion(tag), fmt.Sprintf("%s:%d", name, n))
	}
}

// imageVersion returns the release in a tag of the image golang, or "" if it names none.
func imageVersion(tag string) string {
	if m := goTag.FindStringSubmatch(tag); m != nil {
		return m[1]
	}
	first, _, _ := strings.Cut(tag, "-")
	switch first {
	case "", "latest", "1", "alpine", "bookworm", "bullseye", "trixie", "windowsservercore", "nanoserver":
		return newestGo
	}
	return ""
}

// build sets the release of the standard library in a go.mod: the highest of the go
// directive, the toolchain directive and the build. The line of the go directive stays.
func (t toolchain) build(text []byte) []byte {
	if t.version == "" {
		return text
	}
	f, err := modfile.Parse("go.mod", text, nil)
	if err != nil || f.Go == nil {
		return text
	}
	version := f.Go.Version
	if own := goModVersion(f); laterGo(own, version) {
		version = own
	}
	if !laterGo(t.version, version) {
		return text
	}
	lines := strings.SplitAfter(string(text), "\n")
	at := f.Go.Syntax.Start.Line - 1
	lines[at] = "go " + t.version + "\n"
	if f.Toolchain != nil {
		lines[f.Toolchain.Syntax.Start.Line-1] = "\n"
	}
	return []byte(strings.Join(lines, ""))
}

// unknown reports whether something builds the module with a release that neither it nor
// go.mod names.
func (t toolchain) unknown(text []byte) bool {
	f, err := modfile.Parse("go.mod", text, nil)
	return t.version == "" && t.unnamed != "" && !t.module && err == nil && f.Toolchain == nil
}

// fold replaces the findings of a standard library of which only the lowest release is
// known by one.
func (t toolchain) fold(all []report.Finding, lowest string) []report.Finding {
	if len(all) == 0 {
		return nil
	}
	f := all[0]
	return []report.Finding{{
		Rule: "go-release-unknown", Severity: report.Low, At: f.At, Rated: "the release that builds is not known",
		Message: fmt.Sprintf("%s builds with a release of Go that the repository does not name; go.mod allows Go %s, whose standard library has %s",
			t.unnamed, lowest, english.PluralWord(len(all), "a known vulnerability", fmt.Sprint(len(all), " known vulnerabilities"))),
		Fix: "set go-version or go-version-file in actions/setup-go, or add a toolchain line: go get toolchain@latest",
	}}
}

// describe says which release the standard library is taken from, or "".
func (t toolchain) describe() string {
	switch t.version {
	case "":
		return ""
	case newestGo:
		return "standard library of the newest Go (" + t.from + ")"
	}
	return "standard library of Go " + t.version + " or later (" + t.from + ")"
}

// goModVersion returns the release that a go.mod asks for.
func goModVersion(f *modfile.File) string {
	if f.Toolchain != nil && f.Toolchain.Name != "default" {
		version, _, _ := strings.Cut(strings.TrimPrefix(f.Toolchain.Name, "go"), "-")
		return version
	}
	if f.Go != nil {
		return f.Go.Version
	}
	return ""
}
