package osv

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// placeholder names the module that the i-th directive replaces.
func placeholder(i int) string { return fmt.Sprintf("replaced.invalid/%d", i) }

// modText writes a go.mod with one directive per line, each directive on its original
// line.
type modText struct{ lines []string }

func newModText(text []byte) modText {
	return modText{make([]string, bytes.Count(text, []byte("\n"))+1)}
}

func (m modText) put(at *modfile.Line, format string, args ...any) {
	m.lines[at.Start.Line-1] = fmt.Sprintf(format, args...)
}

func (m modText) replace(i int, r *modfile.Replace) {
	m.put(r.Syntax, "replace %s => %s %s", placeholder(i), modfile.AutoQuote(r.New.Path), r.New.Version)
}

func (m modText) bytes() []byte { return []byte(strings.Join(m.lines, "\n") + "\n") }

// replaced returns a go.mod for the library. The library applies replace directives one
// after the other, even to the result of an earlier directive, and applies a directive
// without a version where one with a version matches. In the returned go.mod each
// directive has a module of its own.
func replaced(text []byte) []byte {
	f, err := modfile.Parse("go.mod", text, nil)
	if err != nil || len(f.Replace) == 0 {
		return text // the library reports the error
	}
	out, holds := newModText(text), map[string]int{}
	for i, r := range f.Replace {
		out.replace(i, r)
		holds[r.Old.Path+" "+r.Old.Version] = i
	}
	for _, r := range f.Require {
		name, version, comment := modfile.AutoQuote(r.Mod.Path), r.Mod.Version, ""
		i, ok := holds[r.Mod.Path+" "+version]
		if !ok {
			i, ok = holds[r.Mod.Path+" "]
		}
		if ok {
			name, version = placeholder(i), "v0.0.0"
		}
		if r.Indirect {
			comment = " // indirect"
		}
		out.put(r.Syntax, "require %s %s%s", name, version, comment)
	}
	if f.Go != nil {
		out.put(f.Go.Syntax, "go %s", f.Go.Version)
	}
	if f.Toolchain != nil {
		out.put(f.Toolchain.Syntax, "toolchain %s", f.Toolchain.Name)
	}
	return out.bytes()
}

// workspaceMod returns a go.mod that requires the replacements of a go.work, which
// apply to every module of the workspace. A replacement with a folder has no version to
// look up; a folder outside the repository is a gap. why is the reason if the go.work
// cannot be read.
func workspaceMod(name string, text []byte) (mod []byte, gaps []gate.Gap, why string) {
	f, err := modfile.ParseWork("go.work", text, nil)
	if err != nil {
		return nil, nil, "the file cannot be read as go.work: " + oneLine(err.Error())
	}
	out := newModText(text)
	for i, r := range f.Replace {
		switch {
		case r.New.Version != "":
			out.replace(i, r)
			out.lines = append(out.lines, "require "+placeholder(i)+" v0.0.0")
		case leaves(path.Dir(name), r.New.Path):
			gaps = append(gaps, gate.Gap{What: name,
				Why:    fmt.Sprintf("line %d replaces %[2]q with a folder outside the repository", r.Syntax.Start.Line, r.Old.Path),
				Remedy: "use a module with a version, or a folder in the repository, as the replacement"})
		}
	}
	return out.bytes(), gaps, ""
}

// leaves reports whether a path, seen from dir, is outside of the repository.
func leaves(dir, to string) bool {
	full := path.Join(dir, to)
	return path.IsAbs(to) || full == ".." || strings.HasPrefix(full, "../")
}
