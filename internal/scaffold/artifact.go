package scaffold

import (
	"path"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
)

// served serves a page on this machine, which is enough for a first run.
var served = []string{"sh", "-c", "exec python3 -m http.server $PORT --bind ${HOST:-127.0.0.1}"}

const servedCheck = "works only on this machine; for another target, put a web server into the image"

// artifact describes how a commit becomes an image, as lines of the configuration.
type artifact struct {
	lines   []string
	how     string   // for the report
	gap     string   // what is unknown or was guessed
	reasons []reason // what was chosen, and why
}

// reason is a row of the report: a line of the configuration, its value, and where it
// comes from.
type reason struct{ line, value, why string }

// chooseArtifact packs a folder where init can read how the app is built and started,
// because that needs no Docker. Otherwise it uses the Dockerfile.
func (f *Facts) chooseArtifact(t *tree) artifact {
	if f.app == nil && f.Site != "" {
		s := start{pack: f.Site, entrypoint: served, check: servedCheck, why: path.Join(f.Site, "index.html"), health: guess{"/", path.Join(f.Site, "index.html")}, runtime: "python3", port: guess{"$PORT", "the web server's argument"}}
		if f.Site == "." {
			s.pack, s.site = "dist/app", "."
		}
		return f.fromFolder(t, s)
	}
	if f.app == nil {
		return artifact{
			lines: []string{
				"# artifact: init could not detect how the app starts. Without it only the gate and the scorecard work.",
				"#   dockerfile: Dockerfile      # or a folder: pack: dist, with entrypoint: [/server]",
			},
			gap: "could not detect how the app starts",
		}
	}
	if d := f.app.file; d != nil {
		s, why := d.unpack(t, f.app.part)
		if s != nil {
			if why = f.elsewhere(t, d, s); why == "" {
				if f.app.part != nil && f.app.part.Language != "node" {
					*s = f.procfile(f.app.part, *s)
				}
				return f.fromFolder(t, *s)
			}
		}
		if s := f.fromSources(t, d, why); s != nil {
			return f.fromFolder(t, *s)
		}
		return f.fromDockerfile(d, why)
	}
	return f.fromFolder(t, f.starting(f.app.part))
}

// fromSources packs an app whose Dockerfile init cannot read, where the sources say how
// it is built, started and given its port: that runs here without Docker, and a comment
// names what was not read. Dockerfiles of Go and Node often generate code, so there it
// takes a Procfile, which says that the sources are enough.
func (f *Facts) fromSources(t *tree, d *Dockerfile, why string) *start {
	part := f.app.part
	if f.Deploys != "process" || part == nil || part.Start == nil || (part.Language == "go" || part.Language == "node") && f.web(part) == "" {
		return nil
	}
	s := f.starting(part)
	if len(s.entrypoint) == 0 || f.port(t, &s).unknown() {
		return nil
	}
	s.note(why + ", so the app is built from its sources instead; dockerfile: " + d.Path + " needs Docker")
	return &s
}

// elsewhere returns why a packed image does not work where it is deployed, or "".
func (f *Facts) elsewhere(t *tree, d *Dockerfile, s *start) string {
	if f.Deploys == "process" {
		return ""
	}
	if s.runtime != "" {
		return "a container needs " + s.runtime + " in the image; with --target process, init packs a folder instead"
	}
	port := f.port(t, s)
	if port.needsShell(s) && !f.chartSetsCommand(t) {
		return "the app takes its port by " + port.how + ", and a packed image has no shell; with --target process, init packs a folder instead"
	}
	return ""
}

// chartSetsCommand reports whether the chart or kustomization starts the container with
// a command of its own.
func (f *Facts) chartSetsCommand(t *tree) bool {
	for _, dir := range append(slices.Clone(f.Charts), f.Kustomizations...) {
		for _, name := range t.names {
			if within(dir, name) && strings.Contains(path.Base(name), "deploy") && strings.Contains(t.text(name), "command:") {
				return true
			}
		}
	}
	return false
}

// fromDockerfile uses the repository's Dockerfile, which also sets port, user and
// entrypoint.
func (f *Facts) fromDockerfile(d *Dockerfile, why string) artifact {
	a := artifact{how: d.Path, lines: f.imageLines()}
	a.gap = "the path needs Docker, because " + why
	a.lines = append(a.lines, "  # check: needs Docker, because "+oneLine(why)+". The app must listen on $PORT.", "  dockerfile: "+d.Path)
	a.reasons = append(a.reasons, reason{"artifact.dockerfile", d.Path, "not packed: " + why})
	return a
}

// oneLine keeps text of the repository on its line of YAML.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// starting returns how a part starts. A Procfile overrides the guess.
func (f *Facts) starting(p *Part) start { return f.procfile(p, *p.Start) }

// procfile returns the start with the command of a Procfile, if it works here.
func (f *Facts) procfile(p *Part, s start) start {
	web := f.web(p)
	foreign := strings.HasPrefix(web, "heroku-") || p.Manager == "poetry" && len(s.entrypoint) > 0 // programs that this machine does not have
	if web == "" || p.Language == "go" || foreign {
		return s
	}
	s.entrypoint, s.why = []string{"sh", "-c", web}, path.Join(p.Dir, "Procfile")
	if words := strings.Fields(web); p.Language != "python" && !slices.ContainsFunc(words, func(w string) bool { return !plainWord.MatchString(w) }) {
		s.entrypoint = words // no shell is needed
	}
	if strings.Contains(web, "$PORT") || strings.HasPrefix(web, "gunicorn ") && !strings.Contains(web, "-b") { // gunicorn reads PORT
		s.port = guess{"$PORT", s.why}
	}
	if p.Language == "python" { // programs installed by pip
		s.env = append(slices.Clone(s.env), [2]string{"PATH", "/lib/bin:/usr/local/bin:/usr/bin:/bin"})
	}
	return s
}

// fromFolder writes the lines of a packed image, and why each was chosen.
func (f *Facts) fromFolder(t *tree, s start) artifact {
	a := artifact{how: "the folder " + s.pack + ", without Docker", lines: f.imageLines()}
	if s.runtime != "" && f.Deploys != "process" {
		a.gap = "the image does not contain " + s.runtime + ", so the app starts on this machine only, and not in a container of a " + f.Deploys
	}
	if s.site != "" {
		s.build = f.pageBuildOf(t, s.site)
	}
	port := f.port(t, &s)
	s.entrypoint = port.words(&s)
	if port.unknown() {
		s.note(port.ask())
	}
	if s.base != "" && f.Deploys != "process" {
		s.note("the files of " + s.base + ", such as certificates, are not in the packed image")
	}
	if s.check != "" {
		a.lines = append(a.lines, "  # check: "+oneLine(s.check))
	}
	if s.build != "" {
		a.lines = append(a.lines, "  build: "+scalar(s.build, false))
	}
	a.lines = append(a.lines, "  pack: "+scalar(s.pack, false), "  entrypoint: "+list(s.entrypoint))
	if s.workdir != "" {
		a.lines = append(a.lines, "  workdir: "+scalar(s.workdir, false))
	}
	var env []string
	for _, kv := range s.env {
		env = append(env, kv[0]+": "+quotedValue(kv[1]))
	}
	if len(env) > 0 {
		a.lines = append(a.lines, "  env: {"+strings.Join(env, ", ")+"}")
	}
	a.reasons = append(a.reasons, reason{"artifact.entrypoint", strings.Join(s.entrypoint, " "), s.why}, reason{"the port", port.shown(), port.where})
	if s.health.value != "" && f.Health == "" {
		f.Health, f.HealthIn = s.health.value, s.health.why
	}
	return a
}

// quotedValue writes the value of a variable, which is text also if it looks like a
// number.
func quotedValue(s string) string { return scalar(s, true) }

func (f *Facts) imageLines() []string {
	if f.Image == "" {
		return []string{"artifact:", "  # image: ghcr.io/OWNER/" + f.App + "    a registry you can push to; without one the image stays on this machine"}
	}
	return []string{"artifact:", "  image: " + f.Image}
}

// pageBuildWithout copies a page's files, except those that init writes: nothing that
// was in the repository before is left out.
func pageBuildWithout(dir string, not []string) string {
	from := `"$GOLDENPATH_COMMIT"`
	if dir != "." {
		from = `"$GOLDENPATH_COMMIT:` + dir + `"`
	}
	copied := "rm -rf dist/app && mkdir -p dist/app && git archive " + from
	if slices.Contains(not, config.File) && !slices.Contains(not, ".goldenpath") { // which is written later
		not = append(slices.Clone(not), ".goldenpath")
	}
	if len(not) > 0 {
		copied += " ."
	}
	for _, n := range not {
		copied += " ':!" + n + "'"
	}
	return copied + " | tar -xf - -C dist/app"
}

// pageBuildOf leaves out what init writes and what is not there yet.
func (f *Facts) pageBuildOf(t *tree, dir string) string {
	var not []string
	for _, name := range f.writes {
		if t.exists(name) || dir != "." {
			continue
		}
		for at := path.Dir(name); at != "." && !t.exists(at); at = path.Dir(at) {
			name = at
		}
		if !slices.Contains(not, name) {
			not = append(not, name)
		}
	}
	return pageBuildWithout(dir, not)
}
