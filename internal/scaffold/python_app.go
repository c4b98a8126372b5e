package scaffold

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/runnable"
)

// application is an object that a Python server can serve.
type application struct {
	module, object       string
	path                 string // folder that must be in PYTHONPATH, or ""
	asgi, flask, factory bool
	sanic                bool
	docs                 bool // FastAPI serves its description
	file                 string
}

var (
	appObject  = regexp.MustCompile(`(?m)^(\w+)(?:\s*:\s*[\w.]+)?\s*=\s*(?:\w+\.)?(FastAPI|Starlette|Litestar|Quart|Flask|APIFlask|Sanic|Bottle)\(`)
	appCall    = regexp.MustCompile(`(?m)^(app|application|api|server)(?:\s*:\s*[\w.]+)?\s*=\s*(?:\w+\.)?(?:create|make|get|build|init|register)_(?:app|application|api|server)\(`)
	appFactory = regexp.MustCompile(`(?m)^def ((?:create|make|get|build)_(?:app|application))\((?:\)|[^)]*=[^)]*\)|\s*\*)`)
	isFlask    = regexp.MustCompile(`\bFlask\(`)
	isASGI     = regexp.MustCompile(`\b(FastAPI|Starlette|Litestar|Quart)\(`)
	importLine = regexp.MustCompile(`(?m)^(?:from|import) (\w+)`)
	routesRoot = regexp.MustCompile(`@\w+\.get\(\s*["']/["']`)
	notApps    = regexp.MustCompile(`(^|/)(migrations|alembic|scripts|benchmarks?|samples?|tools)/`)
)

// maxApps is the number of Python files that are searched for an application.
const maxApps = 400

// findApp returns the application object, or else its factory, from the file whose name
// and place are the most usual. It returns nil if there is none.
func (p *pyPart) findApp() *application {
	depth := dirDepth(p.dir)
	files := p.t.match(depth+4, func(name string) bool {
		return path.Ext(name) == ".py" && within(p.dir, path.Dir(name)) && runnable.Source(name) && !notApps.MatchString(name)
	})
	slices.SortStableFunc(files, func(a, b string) int { return usual(a) - usual(b) })
	var call, factory *application
	flask, asgi := false, false
	for _, name := range files[:min(len(files), maxApps)] {
		text := p.t.text(name)
		flask, asgi = flask || isFlask.MatchString(text), asgi || isASGI.MatchString(text)
		if m := appObject.FindStringSubmatch(text); m != nil {
			kind := m[2]
			app := p.application(name, m[1], text)
			app.asgi = slices.Contains([]string{"FastAPI", "Starlette", "Litestar", "Quart"}, kind)
			app.sanic = kind == "Sanic"
			app.docs = kind == "FastAPI" && !strings.Contains(text, "openapi_url") && !strings.Contains(text, "root_path") && (!routesRoot.MatchString(text) || strings.Contains(text, "dependencies="))
			app.flask = kind == "Flask" || kind == "APIFlask"
			return app
		}
		if m := appCall.FindStringSubmatch(text); m != nil && call == nil {
			call = p.application(name, m[1], text)
		}
		if m := appFactory.FindStringSubmatch(text); m != nil && factory == nil {
			factory = p.application(name, m[1], text)
			factory.factory = true
		}
	}
	if call == nil {
		call = factory
	}
	if call != nil {
		call.flask, call.asgi = flask, asgi && !flask
		if !flask && !asgi {
			return nil
		}
	}
	return call
}

// usual ranks a file: near the root first, then by its name.
func usual(name string) int {
	rank := strings.Count(strings.TrimSuffix(name, "/__init__.py"), "/") * 100
	i := slices.Index([]string{"main.py", "app.py", "wsgi.py", "asgi.py", "application.py", "server.py", "run.py", "api.py", "__init__.py"}, path.Base(name))
	if i < 0 {
		return rank + 50
	}
	return rank + i
}

// application returns the module of a file, and what must be in PYTHONPATH so that its
// imports work: nothing, src, or the file's folder if it imports its neighbours.
func (p *pyPart) application(name, object, text string) *application {
	rel := name
	if p.dir != "." {
		rel = strings.TrimPrefix(name, p.dir+"/")
	}
	app := &application{object: object, file: name}
	folder := path.Dir(rel)
	first, _, nested := strings.Cut(rel, "/")
	switch {
	case nested && p.neighbours(folder, text):
		app.path, rel = folder, path.Base(rel)
	case nested && first == "src" && !p.t.has(path.Join(p.dir, "src/__init__.py")) && !p.imports("src"):
		app.path, rel = "src", strings.TrimPrefix(rel, "src/")
	}
	rel = strings.TrimSuffix(strings.TrimSuffix(rel, ".py"), "/__init__")
	app.module = strings.ReplaceAll(rel, "/", ".")
	return app
}

// neighbours reports whether a file imports modules of its own folder by their plain names.
func (p *pyPart) neighbours(folder, text string) bool {
	exists := func(dir, name string) bool {
		at := path.Join(p.dir, dir, name)
		return p.t.has(at+".py") || slices.ContainsFunc(p.t.names, func(n string) bool { return strings.HasPrefix(n, at+"/") && path.Ext(n) == ".py" })
	}
	return slices.ContainsFunc(importLine.FindAllStringSubmatch(text, -1), func(m []string) bool {
		return exists(folder, m[1]) && !exists(".", m[1])
	})
}

// imports reports whether any file imports a package by name.
func (p *pyPart) imports(name string) bool {
	is := regexp.MustCompile(`(?m)^\s*(from|import) ` + name + `[. ]`)
	return slices.ContainsFunc(p.t.names, func(n string) bool { return path.Ext(n) == ".py" && is.MatchString(p.t.text(n)) })
}
