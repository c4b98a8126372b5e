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
		Scripts      map[string]string   `toml:"scripts"`
	} `toml:"project"`
	Groups map[string][]any          `toml:"dependency-groups"`
	Build  map[string]any            `toml:"build-system"`
	Tool   map[string]map[string]any `toml:"tool"`
}

// python holds the commands of a package manager.
type python struct {
	manager, ecosystem, lock string
	install                  string // into the project's own environment, with development dependencies
	run                      string // starts a module of that environment
	target                   string // installs what the app needs into the current folder; "" if it needs nothing
	script                   string // starts a program of target: lib/bin/gunicorn
	interpreter              string // starts a file with target
}

// poetryHere keeps the environment that Poetry creates inside the packed folder, with a
// copy of the interpreter instead of a link out of the folder.
const poetryHere = "POETRY_VIRTUALENVS_CREATE=true POETRY_VIRTUALENVS_IN_PROJECT=true POETRY_VIRTUALENVS_OPTIONS_ALWAYS_COPY=true"

// pythonManager chooses the package manager by its lock file.
func pythonManager(t *tree, dir string, p project) python {
	in := func(name string) bool { return t.has(path.Join(dir, name)) }
	pip := python{
		manager: "pip", ecosystem: "pip", install: "python3 -m venv .venv", run: ".venv/bin/python -m ",
		script: "lib/bin/", interpreter: "python3",
	}
	switch {
	case in("uv.lock"):
		// --system: the interpreter that uv chooses for the project, not the one in the checkout's environment.
		return python{
			"uv", "uv", "uv.lock", "uv sync --frozen", "uv run --frozen python -m ",
			`uv export -q --frozen --no-dev --no-emit-project -o requirements.lock && uv pip install -q --python "$(uv python find --system)" --target lib -r requirements.lock`,
			"lib/bin/", "python3",
		}
	case in("poetry.lock"):
		return python{
			"poetry", "pip", "poetry.lock", "poetry install --no-root --no-interaction", "poetry run python -m ",
			poetryHere + " poetry install --only main --no-root --no-interaction", ".venv/bin/python -m ", ".venv/bin/python",
		}
	case in("Pipfile.lock"):
		pip.manager, pip.lock = "pipenv", "Pipfile.lock"
		pip.install, pip.run = "pipenv sync --dev", "pipenv run python -m "
		pip.target = "pipenv requirements > requirements.lock && python3 -m pip install -q --target lib -r requirements.lock"
		return pip
	}
	files, production := requirements(t, dir)
	if len(files) > 0 {
		pip.install += " && .venv/bin/pip install -q -r " + strings.Join(files, " -r ")
	}
	switch {
	case production != "":
		pip.target = "python3 -m pip install -q --target lib -r " + production
	case p.Build != nil || len(p.Project.Dependencies) > 0 || in("setup.py"):
		what := "."
		for _, extra := range []string{"test", "tests", "testing", "dev"} {
			if len(p.Project.Optional[extra]) > 0 {
				what = "'.[" + extra + "]'"
				break
			}
		}
		pip.install += " && .venv/bin/pip install -q " + what
		pip.target = "python3 -m pip install -q --target lib ."
	}
	return pip
}

// requirements returns the requirement files to install for tests, and the one that
// production needs: none if all are for development.
func requirements(t *tree, dir string) (files []string, production string) {
	in := func(name string) bool { return t.has(path.Join(dir, name)) }
	for _, name := range []string{"requirements.txt", "requirements/production.txt", "requirements/prod.txt", "requirements/base.txt", "requirements/common.txt"} {
		if in(name) {
			files, production = []string{name}, name
			break
		}
	}
	for _, more := range []string{
		"requirements-dev.txt", "requirements-test.txt", "requirements_dev.txt", "requirements_test.txt", "dev-requirements.txt", "test-requirements.txt",
		"requirements/dev.txt", "requirements/development.txt", "requirements/local.txt", "requirements/test.txt", "requirements/testing.txt",
	} {
		if in(more) {
			files = append(files, more)
		}
	}
	return files, production
}

// pyPart is a part while it is read.
type pyPart struct {
	*Part
	t    *tree
	dir  string
	pm   python
	all  string // the text of every file that names dependencies
	own  project
	deps string // the folder that target fills, or ""
}

// pythonPart reads a folder with a pyproject.toml, requirements, a manage.py or a single
// program.
func pythonPart(t *tree, dir, marker string) *Part {
	base := path.Base(marker)
	if slices.Contains(strings.Split(dir, "/"), "docs") || base != "manage.py" && slices.Contains(programs, base) && dir != "." {
		return nil
	}
	p := &pyPart{t: t, dir: dir}
	if name := path.Join(dir, "pyproject.toml"); t.has(name) {
		p.all = t.text(name)
		if _, err := toml.Decode(p.all, &p.own); err != nil {
			t.note("%s is not used: %v", name, err)
			if base == "pyproject.toml" {
				return nil
			}
		}
	}
	p.pm = pythonManager(t, dir, p.own)
	for _, name := range t.match(dirDepth(dir)+2, func(name string) bool {
		at, file := path.Dir(name), path.Base(name)
		return at == dir && (file == "setup.py" || file == "setup.cfg" || file == "Pipfile" || strings.Contains(file, "requirements") && path.Ext(file) == ".txt") ||
			path.Base(at) == "requirements" && within(dir, at)
	}) {
		p.all += "\n" + t.text(name)
	}
	if slices.Contains(programs, base) && base != "manage.py" && !servesHTTP.MatchString(t.text(marker)) {
		return nil
	}
	p.Part = &Part{Manager: p.pm.manager, Ecosystem: p.pm.ecosystem, From: marker}
	switch {
	case p.pm.lock != "":
		p.From += ", " + path.Join(dir, p.pm.lock)
	case base == "pyproject.toml" && len(p.own.Project.Dependencies) > 0:
		p.Lacks = marker + " has no lock file: create one with uv lock or poetry lock"
	}
	p.Steps = []step{{name: "install", run: p.pm.install, why: strings.ReplaceAll(p.From, "./", "")}}
	p.lint()
	p.tests()
	p.Start = p.start()
	if p.pm.target == "" && len(p.Steps) == 1 { // nothing is installed for nothing
		if p.Steps = nil; p.Start == nil {
			return nil
		}
	}
	return p.Part
}

func dirDepth(dir string) int {
	if dir == "." {
		return 0
	}
	return strings.Count(dir, "/") + 1
}

// uses reports whether the part depends on a package, given as a pattern.
func (p *pyPart) uses(name string) bool {
	return regexp.MustCompile(`(?im)(^|["'\s])` + name + `($|[^\w-])`).MatchString(p.all)
}

func (p *pyPart) lint() {
	configured := p.own.Tool["ruff"] != nil || p.t.has(path.Join(p.dir, "ruff.toml"))
	switch {
	case configured && p.uses("ruff"):
		p.Steps = append(p.Steps, step{name: "lint", run: p.pm.run + "ruff check .", why: "Ruff is configured"})
		p.Hooks = []hook{{id: "ruff", entry: p.pm.run + "ruff check", files: `\.py$`, names: true}}
	case configured:
		p.Refused = append(p.Refused, "Ruff, which is configured but is not a dependency")
	}
}

var (
	testFile   = regexp.MustCompile(`(^|/)(test_\w+|\w+_test|tests?)\.py$`)
	testCase   = regexp.MustCompile(`(?m)^\s*(async )?def test|\(.*TestCase\)`)
	djangoTest = regexp.MustCompile(`(?m)^\s*from django\.test|^\s*from rest_framework\.test`)
)

// tests adds the tests. pytest also runs those of unittest and writes JUnit; Django's
// own need manage.py, which does not.
func (p *pyPart) tests() {
	var files []string
	django, unusual := false, false
	for _, name := range p.t.names {
		if !within(p.dir, path.Dir(name)) || !testFile.MatchString(name) {
			continue
		}
		text := p.t.text(name)
		if !testCase.MatchString(text) {
			continue
		}
		files = append(files, strings.TrimPrefix(name, p.dir+"/"))
		django = django || djangoTest.MatchString(text)
		base := path.Base(name)
		unusual = unusual || base == "tests.py" || base == "test.py"
	}
	const junit = "reports/unit/*.xml"
	switch manage := p.t.has(path.Join(p.dir, "manage.py")); {
	case len(files) == 0:
	case manage && !p.uses("pytest"):
		p.Steps = append(p.Steps, step{name: "unit", run: strings.TrimSuffix(p.pm.run, "-m ") + "manage.py test", why: "manage.py and " + files[0]})
	case !manage && django:
		p.Refused = append(p.Refused, "the tests of Django in "+files[0]+": manage.py, which starts them, was not found")
	default:
		run := p.pm.run + "pytest --junitxml=reports/unit/pytest.xml"
		if unusual && !strings.Contains(p.all+p.t.text(path.Join(p.dir, "pytest.ini")), "python_files") {
			run += " " + strings.Join(files[:min(len(files), 8)], " ")
		}
		if !p.uses("pytest") {
			switch p.pm.manager {
			case "uv":
				run = strings.Replace(run, "--frozen", "--frozen --with pytest", 1)
			case "pip":
				p.Steps[0].run += " && .venv/bin/pip install -q pytest"
			default:
				p.Steps = append(p.Steps, step{name: "unit", run: p.pm.run + "unittest discover", why: files[0]})
				return
			}
			p.Lacks = fmt.Sprintf("%s has tests but does not depend on pytest, which runs them and writes JUnit: add it to the development dependencies", dirName(p.dir))
		}
		p.Steps = append(p.Steps, step{"unit", run, junit, files[0]})
	}
}

func dirName(dir string) string {
	if dir == "." {
		return "the root"
	}
	return dir
}
