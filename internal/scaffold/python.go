package scaffold

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// project is the part of a pyproject.toml that init reads.
type project struct {
	Project struct {
		Dependencies []string            `toml:"dependencies"`
		Optional     map[string][]string `toml:"optional-dependencies"`
	} `toml:"project"`
	Groups map[string][]any          `toml:"dependency-groups"`
	Build  map[string]any            `toml:"build-system"`
	Tool   map[string]map[string]any `toml:"tool"`
}

// python holds the commands that install a part and run its programs.
type python struct{ manager, ecosystem, install, run, lock, target string }

func pythonManager(t *tree, dir string, p project, text string) python {
	in := func(name string) bool { return t.has(path.Join(dir, name)) }
	pip := python{manager: "pip", ecosystem: "pip", install: "python3 -m venv .venv && .venv/bin/pip install", run: ".venv/bin/python -m "}
	switch {
	case in("uv.lock"):
		return python{"uv", "uv", "uv sync --frozen", "uv run --frozen ", "uv.lock",
			"uv export --frozen --no-dev --no-emit-project -o dist/requirements.txt && uv pip install --target dist/app/lib -r dist/requirements.txt"}
	case in("poetry.lock"):
		return python{"poetry", "pip", "poetry install --no-interaction", "poetry run ", "poetry.lock",
			"python3 -m pip install --target dist/app/lib ."}
	case in("requirements.txt"):
		pip.install += " -r requirements.txt"
		pip.target = "python3 -m pip install --target dist/app/lib -r requirements.txt"
		for _, more := range []string{"requirements-dev.txt", "requirements-test.txt", "dev-requirements.txt", "requirements/dev.txt", "requirements/test.txt"} {
			if in(more) {
				pip.install += " -r " + more
			}
		}
	case p.Build != nil || len(p.Project.Dependencies) > 0:
		pip.install += " ."
		for _, extra := range []string{"test", "tests", "testing", "dev"} {
			if len(p.Project.Optional[extra]) > 0 {
				pip.install = strings.TrimSuffix(pip.install, " .") + " '.[" + extra + "]'"
				break
			}
		}
		pip.target = "python3 -m pip install --target dist/app/lib ."
	default:
		pip.install = strings.TrimSuffix(pip.install, " && .venv/bin/pip install")
	}
	return pip
}

// pythonPart reads a requirements.txt or a pyproject.toml.
func pythonPart(t *tree, dir, marker string) *Part {
	var p project
	text := t.text(path.Join(dir, "requirements.txt"))
	if name := path.Join(dir, "pyproject.toml"); t.has(name) {
		b := t.text(name)
		if _, err := toml.Decode(b, &p); err != nil {
			t.note("%s is not used: %v", name, err)
			if path.Base(marker) == "pyproject.toml" {
				return nil
			}
		}
		text += "\n" + b
	}
	pm := pythonManager(t, dir, p, text)
	part := &Part{Manager: pm.manager, Ecosystem: pm.ecosystem, From: marker, Steps: []step{{name: "install", run: pm.install}}}
	switch {
	case pm.lock != "":
		part.From += ", " + path.Join(dir, pm.lock)
	case path.Base(marker) == "pyproject.toml" && len(p.Project.Dependencies) > 0:
		part.Lacks = marker + " has no lock file: create one with uv lock or poetry lock"
	}
	all := text
	for _, name := range t.match(3, func(name string) bool {
		return within(dir, name) && strings.Contains(path.Base(name), "requirements") && path.Ext(name) == ".txt" || within(dir, name) && path.Base(path.Dir(name)) == "requirements"
	}) {
		all += "\n" + t.text(name)
	}
	uses := func(name string) bool {
		return regexp.MustCompile(`(?im)(^|["'\s])` + name + `($|[^\w-])`).MatchString(all)
	}
	if p.Tool["ruff"] != nil && uses("ruff") || t.has(path.Join(dir, "ruff.toml")) && uses("ruff") {
		part.Steps = append(part.Steps, step{name: "lint", run: pm.run + "ruff check ."})
		part.Hooks = []hook{{id: "ruff", entry: pm.run + "ruff check", files: `\.py$`, names: true}}
	}
	tests := slices.ContainsFunc(t.names, func(name string) bool {
		base := path.Base(name)
		return within(dir, path.Dir(name)) && (strings.HasPrefix(base, "test_") && path.Ext(base) == ".py" || strings.HasSuffix(base, "_test.py"))
	})
	if tests {
		run := pm.run + "pytest --junitxml=reports/unit/pytest.xml"
		if !uses("pytest") {
			if pm.manager != "pip" {
				run = strings.Replace(run, "pytest", "python -m unittest", 1)
				run, _, _ = strings.Cut(run, " --junitxml")
				part.Steps = append(part.Steps, step{name: "unit", run: run})
				tests = false
			} else {
				part.Steps[0].run += " && .venv/bin/pip install pytest"
				part.Lacks = fmt.Sprintf("%s has tests but does not depend on pytest: pin it in a requirements file", dirName(dir))
			}
		}
		if tests {
			part.Steps = append(part.Steps, step{name: "unit", run: run, junit: "reports/unit/*.xml"})
		}
	}
	part.Start = pythonStart(t, dir, pm, uses)
	return part
}

func dirName(dir string) string {
	if dir == "." {
		return "the root"
	}
	return dir
}

var (
	asgiApp = regexp.MustCompile(`(?m)^(\w+)\s*=\s*(?:FastAPI|Starlette)\(`)
	wsgiApp = regexp.MustCompile(`(?m)^(\w+)\s*=\s*Flask\(`)
)

// pythonStart serves the application object found in the usual files. Without one the
// entrypoint comes from a Procfile, or is missing.
func pythonStart(t *tree, dir string, pm python, uses func(string) bool) *start {
	if dir != "." || pm.target == "" {
		return nil
	}
	s := &start{
		build: strings.TrimSuffix(copied, " && cd dist/app") + " && " + pm.target, pack: "dist/app",
		env:   [][2]string{{"PYTHONPATH", "lib"}},
		check: "Python is not in the image but comes from the machine: for another target, write a Dockerfile",
	}
	serve := func(command string) *start {
		s.entrypoint = []string{"sh", "-c", "exec python3 -m " + command}
		return s
	}
	for _, name := range []string{"main.py", "app.py", "wsgi.py", "asgi.py", "app/main.py", "src/main.py", "api/main.py"} {
		text := t.text(name)
		module := strings.ReplaceAll(strings.TrimSuffix(name, ".py"), "/", ".")
		if m := asgiApp.FindStringSubmatch(text); m != nil && uses(`(uvicorn|fastapi\[(standard|all)\])`) {
			return serve("uvicorn " + module + ":" + m[1] + " --host ${HOST:-127.0.0.1} --port $PORT")
		}
		if m := wsgiApp.FindStringSubmatch(text); m != nil {
			if uses("gunicorn") {
				return serve("gunicorn --bind ${HOST:-127.0.0.1}:$PORT " + module + ":" + m[1])
			}
			return serve("flask --app " + module + ":" + m[1] + " run --host ${HOST:-127.0.0.1} --port $PORT")
		}
	}
	return s
}
