package reach

import (
	"fmt"
	"path"
	"strings"

	"github.com/dustin/go-humanize/english"
)

// Analysis is what govulncheck found in a module.
type Analysis struct {
	Packages int    // of the module itself
	Platform string // linux/amd64
	OtherGo  string // release of the go command, if that is the reason why the standard library was not analysed
	found    map[key]*found
	loaded   map[string]bool   // modules of which a package is imported
	unused   map[string]string // version of each module of which no package is imported
}

// key names a vulnerability of a module.
type key struct{ id, module string }

// found is what is known of a vulnerability.
type found struct {
	version  string // of the module that was analysed, without v
	imported bool   // one of the packages is
	trace    []frame
}

// add takes a trace. Of several to functions it keeps the shortest, and the first in
// alphabetical order of several of that length, because govulncheck has no order.
func (f *found) add(trace []frame) {
	first := trace[0]
	f.version = strings.TrimPrefix(first.Version, "v")
	f.imported = f.imported || first.Package != ""
	if first.Function == "" {
		return
	}
	if n := len(f.trace); n == 0 || len(trace) < n || len(trace) == n && describe(trace) < describe(f.trace) {
		f.trace = trace
	}
}

// undecided reports whether only the calls can show whether vulnerable code is called.
func (a *Analysis) undecided(v Vulnerability) bool {
	_, functions := v.named()
	f := a.found[key{v.Advisory.GetId(), v.Module}]
	return f != nil && f.imported && functions
}

// State says whether vulnerable code is called.
type State int

// The states.
const (
	Unknown State = iota
	Called
	NotCalled
)

// Of returns whether vulnerable code is called, and a sentence about it. It is unknown unless govulncheck examined the same version of the module, and the advisory
// names the vulnerable packages and, if one of them is imported, its functions.
func (a Analysis) Of(v Vulnerability) (State, string) {
	named, functions := v.named()
	f := a.found[key{v.Advisory.GetId(), v.Module}]
	by := fmt.Sprintf(" (analysis of %s on %s)", english.Plural(a.Packages, "package", ""), a.Platform)
	const unknown = "it is not known whether the vulnerable code is called: "
	switch {
	case !named:
		return Unknown, unknown + "the advisory does not name it"
	case f == nil && v.Version != "" && a.unused[v.Module] == v.Version:
		return NotCalled, "the vulnerable package is not imported" + by
	case f == nil && v.Module == library:
		return Unknown, "" // OtherGo is the reason for all of them
	case f == nil || f.version != v.Version:
		return Unknown, unknown + "the analysis is about another version"
	case !f.imported:
		return NotCalled, "the vulnerable package is not imported" + by
	case !functions: // a trace would show how the package is initialised
		return Unknown, unknown + "the package is imported, and the advisory names no functions"
	case f.trace != nil:
		return Called, "vulnerable code is called: " + describe(f.trace)
	}
	return NotCalled, "vulnerable code is not called" + by
}

// describe names the repository's own function that is closest to the vulnerable one, and
// the vulnerable one: "main.main (main.go:9) → … → language.Parse".
func describe(trace []frame) string {
	for i, f := range trace {
		if !f.own {
			continue
		}
		text := f.name()
		if f.Position != nil && f.Position.Line > 0 {
			text += fmt.Sprintf(" (%s:%d)", f.Position.Filename, f.Position.Line)
		}
		if i > 1 {
			text += " → …"
		}
		if i > 0 {
			text += " → " + trace[0].name()
		}
		return text
	}
	return trace[0].name()
}

func (f frame) name() string {
	name := path.Base(f.Package)
	if f.Receiver != "" {
		name += "." + strings.TrimPrefix(f.Receiver, "*")
	}
	return name + "." + f.Function
}
