package scaffold

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/runnable"
)

// portGuess is how the app takes its port, and where that was seen.
type portGuess struct {
	runnable.Port
	how, where string
}

// port finds how the app takes its port: from the recogniser, the entrypoint or the
// sources.
func (f *Facts) port(t *tree, s *start) portGuess {
	switch {
	case s.port.value != "":
		return portGuess{how: s.port.value, where: s.port.why}
	case slices.ContainsFunc(s.entrypoint, func(w string) bool { return strings.Contains(w, "$PORT") || strings.Contains(w, "${PORT") }):
		return portGuess{how: "$PORT", where: "the entrypoint"}
	}
	dir := f.folder()
	main := dir
	if s.program != "" {
		main = path.Join(dir, s.program)
	}
	p := runnable.TakesPort(func(yield func(string, []byte) bool) {
		n := 0
		for _, own := range []bool{true, false} { // the program's own folder decides first
			for _, name := range t.names {
				ext := path.Ext(name)
				if (path.Dir(name) == main) != own || !runnable.Source(name) && !runnable.Settings(name) || !within(dir, name) {
					continue
				}
				if ext == ".go" && !own && s.program != "" && isMain(t.read(name)) {
					continue // another program
				}
				if n++; n > maxSources || !yield(name, t.read(name)) {
					return
				}
			}
		}
	})
	g := portGuess{Port: p, where: fmt.Sprintf("%s:%d", p.File, p.Line)}
	switch p.How {
	case "variable":
		g.how = "the variable " + p.Name
	case "flag":
		g.how = "the flag --" + p.Name
	case "fixed":
		g.how = "always " + p.Name
	default:
		g.where = ""
	}
	return g
}

// unknown reports whether init does not know that the app listens on $PORT.
func (g portGuess) unknown() bool { return g.how == "" || g.How == "fixed" }

func (g portGuess) ask() string {
	if g.How == "fixed" {
		return "the app listens on port " + g.Name + " (" + g.where + "): let it read PORT"
	}
	return "no file mentions PORT: the app must listen on $PORT"
}

func (g portGuess) shown() string {
	if g.how == "" {
		return "unknown"
	}
	return g.how
}

// words returns the entrypoint that passes $PORT to the app.
func (g portGuess) words(s *start) []string {
	words := slices.Clone(s.entrypoint)
	if g.needsShell(s) && path.IsAbs(words[0]) { // a shell of the machine would resolve it outside the image
		at := strings.TrimPrefix(words[0], strings.TrimSuffix("/"+strings.Trim(s.workdir, "/"), "/")+"/")
		if strings.HasPrefix(at, "/") {
			at = strings.Repeat("../", strings.Count(strings.Trim(s.workdir, "/"), "/")+1) + strings.TrimPrefix(at, "/")
		}
		words[0] = "./" + at
	}
	return g.Words(words)
}

func (g portGuess) needsShell(s *start) bool {
	return len(s.entrypoint) > 0 && s.entrypoint[0] != "sh" && (g.How == "flag" || g.How == "variable" && g.Name != "PORT")
}
