package scaffold

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// programs are the names of files that a folder starts with.
var programs = []string{"manage.py", "main.py", "app.py", "server.py", "wsgi.py", "asgi.py", "run.py", "application.py", "api.py"}

var (
	servesHTTP = regexp.MustCompile(`http\.server|HTTPServer|socketserver|wsgiref|aiohttp|tornado|uvicorn\.run\(|\.run\(|asyncio\.start_server|bottle|cherrypy`)
	envPort    = regexp.MustCompile(`(?:environ(?:\.get)?\s*[\[(]|getenv\s*\()\s*["']PORT["']`)
	portFlag   = regexp.MustCompile(`add_argument\([^)]*["'](--port)["']|@click\.option\([^)]*["'](--port)["']`)
	argvPort   = regexp.MustCompile(`int\(sys\.argv\[1\]\)`)
	settingsIn = regexp.MustCompile(`DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)["']`)
)

const pythonCheck = "Python is not in the image but comes from the machine: for another target, write a Dockerfile"

// start returns how the part is packed and started. The repository's files and the
// installed packages become one folder; the interpreter stays the machine's.
func (p *pyPart) start() *start {
	s := &start{pack: "dist/app", build: archive(p.dir), runtime: "python3", check: pythonCheck}
	paths := "lib"
	switch {
	case p.pm.target == "":
		s.build, paths = strings.TrimSuffix(s.build, " && cd dist/app"), ""
	case p.pm.manager == "poetry":
		s.build, paths = s.build+" && "+p.pm.target, ""
	default:
		s.build += " && " + p.pm.target
	}
	found := p.django(s) || p.served(s, &paths) || p.program(s) || p.declared(s)
	switch {
	case paths == "":
	case strings.HasPrefix(paths, ".") || !found:
		s.env = [][2]string{{"PYTHONPATH", paths}}
	default:
		s.env = [][2]string{{"PYTHONPATH", ".:" + paths}} // programs in lib/bin do not look into the current folder
	}
	if !found && p.pm.target == "" {
		return nil
	}
	return s
}

func (s *start) exec(command, why string) {
	s.entrypoint, s.why = []string{"sh", "-c", "exec " + command}, why
}

const address = "${HOST:-127.0.0.1}"

// django serves the project of a manage.py with the server that it depends on. Its
// migrations run at the start, because a file of SQLite belongs to the release.
func (p *pyPart) django(s *start) bool {
	m := settingsIn.FindStringSubmatch(p.t.text(path.Join(p.dir, "manage.py")))
	if m == nil {
		return false
	}
	project, _, _ := strings.Cut(m[1], ".")
	serves := func(name string) string {
		for _, at := range []string{strings.ReplaceAll(project, ".", "/"), "config", "."} {
			if p.t.has(path.Join(p.dir, at, name+".py")) {
				return strings.TrimPrefix(strings.ReplaceAll(at, "/", ".")+"."+name, "..")
			}
		}
		return ""
	}
	wsgi, asgi := serves("wsgi"), serves("asgi")
	manage := p.script("django-admin", "django") + " "
	with := " --settings " + m[1] + " --pythonpath ."
	switch {
	case wsgi != "" && p.uses("gunicorn"):
		s.exec(p.script("gunicorn", "gunicorn")+" --bind "+address+":$PORT "+wsgi, "gunicorn and manage.py")
	case asgi != "" && p.uses("uvicorn"):
		s.exec(p.script("uvicorn", "uvicorn")+" "+asgi+":application --host "+address+" --port $PORT", "uvicorn and manage.py")
	case asgi != "" && p.uses("daphne"):
		s.exec(p.script("daphne", "daphne")+" -b "+address+" -p $PORT "+asgi+":application", "daphne and manage.py")
	case wsgi != "" && p.uses("waitress"):
		s.exec(p.script("waitress-serve", "waitress")+" --listen="+address+":$PORT "+wsgi+":application", "waitress and manage.py")
	default:
		s.exec(manage+"runserver --noreload"+with+" "+address+":$PORT", "manage.py")
		s.check = "runserver is for development: add gunicorn or uvicorn to the dependencies; " + pythonCheck
	}
	s.port = guess{"$PORT", "the command"}
	settings := p.settings(m[1])
	if strings.Contains(settings, "STATIC_ROOT") {
		s.build += " && PYTHONPATH=lib " + manage + "collectstatic --noinput -v 0" + with
	}
	if strings.Contains(settings, "sqlite3") {
		s.entrypoint[2] = manage + "migrate --noinput" + with + " && " + s.entrypoint[2]
		if strings.Contains(settings, "BASE_DIR") {
			s.check = "the database is a file inside the release: the next release starts without it; " + s.check
		}
	}
	return true
}

// settings is the text of a module, or of every module of its package.
func (p *pyPart) settings(module string) string {
	at := path.Join(p.dir, strings.ReplaceAll(module, ".", "/"))
	text := p.t.text(at + ".py")
	for _, name := range p.t.names {
		if path.Dir(name) == at || text != "" && strings.Contains(path.Dir(at), "settings") && path.Dir(name) == path.Dir(at) {
			text += "\n" + p.t.text(name)
		}
	}
	return text
}

// script starts a program that the package manager installed, or its module.
func (p *pyPart) script(name, module string) string {
	if strings.HasSuffix(p.pm.script, "-m ") {
		return p.pm.script + strings.ReplaceAll(module, "-", "_")
	}
	return p.pm.script + name
}

// served serves the application object of the sources.
func (p *pyPart) served(s *start, paths *string) bool {
	app := p.findApp()
	if app == nil {
		return false
	}
	if app.path != "" {
		*paths = strings.TrimSuffix(".:"+app.path+":"+*paths, ":")
	}
	target, call := app.module+":"+app.object, app.module+":"+app.object
	factory := ""
	if app.factory {
		call, factory = "'"+app.module+":"+app.object+"()'", " --factory"
	}
	switch {
	case app.asgi && p.uses(`(uvicorn|fastapi\[(standard|all)\]|fastapi-cli)`):
		s.exec(p.script("uvicorn", "uvicorn")+factory+" "+target+" --host "+address+" --port $PORT", app.file)
	case app.asgi && p.uses("hypercorn"):
		s.exec(p.script("hypercorn", "hypercorn")+" --bind "+address+":$PORT "+call, app.file)
	case app.asgi:
		p.Refused = append(p.Refused, app.file+": no server such as uvicorn is a dependency")
		return false
	case app.sanic:
		s.exec(p.script("sanic", "sanic")+" "+target+" --host "+address+" --port $PORT --single-process", app.file)
	case p.uses("gunicorn"):
		s.exec(p.script("gunicorn", "gunicorn")+" --bind "+address+":$PORT "+call, app.file)
	case p.uses("waitress"):
		flag := ""
		if app.factory {
			flag = " --call"
		}
		s.exec(p.script("waitress-serve", "waitress")+" --listen="+address+":$PORT"+flag+" "+target, app.file)
	case app.flask:
		s.exec(p.script("flask", "flask")+" --app "+target+" run --host "+address+" --port $PORT", app.file)
		s.check = "flask run is for development: add gunicorn to the dependencies; " + pythonCheck
	default:
		return false
	}
	s.port = guess{"$PORT", "the command"}
	if app.docs {
		s.health = guess{"/openapi.json", "FastAPI in " + app.file}
	}
	return true
}

// program starts a file that serves by itself.
func (p *pyPart) program(s *start) bool {
	for _, name := range programs[1:] {
		file := path.Join(p.dir, name)
		text := p.t.text(file)
		if !servesHTTP.MatchString(text) {
			continue
		}
		line := p.pm.interpreter + " " + name
		switch {
		case envPort.MatchString(text):
			s.port = guess{"$PORT", file}
			s.entrypoint, s.why = strings.Fields(line), file
			return true
		case portFlag.MatchString(text):
			s.port = guess{"--port", file}
			s.exec(line+" --port $PORT", file)
			return true
		case argvPort.MatchString(text):
			s.port = guess{"the first argument", file}
			s.exec(line+" $PORT", file)
			return true
		}
		s.entrypoint, s.why = strings.Fields(line), file
		s.check = name + " must listen on 127.0.0.1:$PORT, and init did not find where it reads a port; " + pythonCheck
		return true
	}
	return false
}

// declared starts the only script of the pyproject.toml.
func (p *pyPart) declared(s *start) bool {
	var names []string
	for name := range p.own.Project.Scripts {
		if plainName.MatchString(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	i := slices.IndexFunc(names, func(n string) bool {
		return slices.Contains([]string{"serve", "server", "start", "web", "app", "api"}, n)
	})
	if p.pm.manager != "pip" || len(names) == 0 || i < 0 && len(names) > 1 || p.own.Build == nil {
		return false
	}
	name := names[max(i, 0)]
	s.entrypoint, s.why = []string{"lib/bin/" + name}, "project.scripts of pyproject.toml"
	s.check = name + " must listen on 127.0.0.1:$PORT; " + pythonCheck
	return true
}
