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
	release           // the highest that a workflow names
	images  []release // those that base images name: what they build is shipped
	unnamed string    // first place that builds with a release that the repository does not name
	module  bool      // a workflow builds with the release that go.mod names
}

// release is a release of Go.
type release struct {
	version string // 1.25.6; 1.25, the newest release of this line; newestGo; "": none is named
	from    string // place that names it
}

// versionFiles may have the version for setup-go, beside go.mod and go.work.
var versionFiles = []string{".go-version", ".tool-versions"}

// namesToolchain reports whether a file may name the release that builds.
func namesToolchain(name string) bool {
	base, ext := path.Base(name), path.Ext(name)
	return slices.Contains(versionFiles, base) || strings.HasPrefix(base, "Dockerfile") || strings.HasPrefix(base, "Containerfile") || ext == ".Dockerfile" || ext == ".dockerfile" || lockfile.IsWorkflow(name)
}

// findToolchain returns the releases that base images and workflows name.
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
		at := fmt.Sprintf("%s:%d", name, n)
		if version := imageVersion(tag); version != "" {
			t.images = append(t.images, release{version, at})
		} else {
			t.unnamed = cmp.Or(t.unnamed, at)
		}
	}
}

// shipped returns the highest release of an image that can build a module, or none. Images
// of Go build with their own release (GOTOOLCHAIN=local) and refuse a module whose go line
// asks for a later one.
func (t toolchain) shipped(lowest string) release {
	if strings.Count(lowest, ".") == 1 {
		lowest += ".0"
	}
	var best release
	for _, r := range t.images {
		if compareVersions("Go", lastOfLine(r.version), lowest) >= 0 && (best.version == "" || laterGo(r.version, best.version)) {
			best = r
		}
	}
	return best
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

// build sets the release of the standard library in a go.mod: that of the image that builds
// it or, without one, the highest of the go directive, the toolchain directive and the
// workflows. The line of the go directive stays.
func (t toolchain) build(text []byte) []byte {
	if t.version == "" && len(t.images) == 0 {
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
	built := t.shipped(f.Go.Version)
	if built.version == "" && t.version != "" && laterGo(t.version, version) {
		built = t.release
	}
	if built.version == "" || built.version == version {
		return text
	}
	lines := strings.SplitAfter(string(text), "\n")
	at := f.Go.Syntax.Start.Line - 1
	lines[at] = "go " + built.version + "\n"
	if f.Toolchain != nil {
		lines[f.Toolchain.Syntax.Start.Line-1] = "\n"
	}
	return []byte(strings.Join(lines, ""))
}

// unknown reports whether something builds the module with a release that neither it nor
// go.mod names.
func (t toolchain) unknown(text []byte) bool {
	f, err := modfile.Parse("go.mod", text, nil)
	return t.version == "" && len(t.images) == 0 && t.unnamed != "" && !t.module && err == nil && f.Toolchain == nil
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
	r, later := t.shipped("0"), ""
	if r.version == "" {
		r, later = t.release, " or later"
	}
	switch r.version {
	case "":
		return ""
	case newestGo:
		return "standard library of the newest Go (" + r.from + ")"
	}
	return "standard library of Go " + r.version + later + " (" + r.from + ")"
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
