package scaffold

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

func place(file string, line int) string { return fmt.Sprintf("line %d of %s", line, file) }

// htmlFolders are where web servers look for pages.
var htmlFolders = regexp.MustCompile(`^(/usr/share/nginx/html|/var/www/html|/var/www|/usr/local/apache2/htdocs|/srv|/usr/share/caddy|/public|/app/public|/usr/html|/html)/?$`)

// page reports whether the image is a web server with static files.
func (d Dockerfile) page() bool {
	if len(d.stages) == 0 {
		return false
	}
	base := d.bottom(len(d.stages) - 1)
	return regexp.MustCompile(`(^|/)(nginx|nginx-unprivileged|httpd|caddy|static-web-server|lighttpd)(:|@|$|-)`).MatchString(base)
}

// fromPage packs the files that a web server's image serves.
func (d Dockerfile) fromPage(t *tree, part *Part) (*start, string) {
	at, note := "/", ""
	for _, i := range d.final() {
		switch i.name {
		case "WORKDIR":
			at = under(at, i.args[0])
		case "COPY", "ADD":
			if len(i.args) != 2 {
				return nil, place(d.Path, i.line) + " copies several files"
			}
			from, to := i.args[0], under(at, i.args[1])
			if !htmlFolders.MatchString(to) {
				note = "the configuration in " + place(d.Path, i.line) + " is not used"
				continue
			}
			s := &start{entrypoint: served, why: place(d.Path, i.line), check: servedCheck, runtime: "python3", health: guess{"/", "a page"}, port: guess{"$PORT", "the web server's argument"}}
			if i.flag("from") == "" {
				dir := path.Join(path.Dir(d.Path), from)
				s.pack, s.site = "dist/app", dir
				if !t.has(path.Join(dir, "index.html")) {
					return nil, place(d.Path, i.line) + " serves a folder without index.html"
				}
			} else {
				stage := d.from(i.flag("from"))
				if stage < 0 || part == nil || part.page == "" {
					return nil, place(d.Path, i.line) + " serves the output of a build that init does not know"
				}
				in := workdir(d.inherited(stage))
				s.build, s.pack = part.page, path.Join(part.Dir, strings.TrimPrefix(strings.TrimPrefix(under(in, from), in), "/"))
			}
			if note != "" {
				s.note(note)
			}
			return s, ""
		}
	}
	return nil, d.Path + " does not say which files it serves"
}

var (
	imagePort = regexp.MustCompile(`(--port[= ]|-p |:|--bind[= ]|-b |--http-port[= ])((?:0\.0\.0\.0|\[::\]|\*)?:)?(\$\{PORT(?::-)?[0-9]*\}|[0-9]{2,5})\b`)
	imageHost = regexp.MustCompile(`(--host[= ]|-H )(?:0\.0\.0\.0|::|\[::\])`)
)

// fromPart packs the part as its language does, started by the image's command.
func (d Dockerfile) fromPart(t *tree, part *Part) (*start, string) {
	if part.Start == nil {
		return nil, "init does not know how to build the app of " + d.Path + " without Docker"
	}
	s := *part.Start
	words, shell := d.starting()
	if len(words) == 0 || part.Language != "node" && part.Language != "python" && part.Language != "ruby" && part.Language != "deno" {
		if len(s.entrypoint) == 0 {
			return nil, d.Path + " has no command that init understands"
		}
		return &s, ""
	}
	if part.Language != "node" && len(s.entrypoint) > 0 && s.port.value != "" { // found in the sources, with its port
		if own := strings.Join(words, " "); !strings.Contains(strings.Join(s.entrypoint, " "), words[0]) {
			s.note(fmt.Sprintf("%s starts %.80q instead", d.Path, own))
		}
		return &s, ""
	}
	line := strings.Join(words, " ")
	for _, w := range words[:min(2, len(words))] { // an ENTRYPOINT with a CMD has more words
		if strings.HasSuffix(w, ".sh") || strings.Contains(w, "entrypoint") && !shell {
			return nil, d.Path + " starts the script " + w + ", which init does not read"
		}
	}
	in := workdir(d.final())
	line = strings.ReplaceAll(line, in+"/", "")
	if part.Language == "node" {
		line = d.traced(t, part, line, in)
	}
	if part.Language == "python" {
		for _, program := range []string{"gunicorn", "uvicorn", "flask", "hypercorn", "waitress-serve", "streamlit", "fastapi"} {
			if rest, ok := strings.CutPrefix(line, program+" "); ok {
				line = "python3 -m " + program + " " + rest
			}
		}
		if rest, ok := strings.CutPrefix(line, "python "); ok {
			line = "python3 " + rest
		}
	}
	fixed := imagePort.ReplaceAllStringFunc(line, func(m string) string {
		sub := imagePort.FindStringSubmatch(m)
		if sub[2] != "" {
			return sub[1] + "${HOST:-127.0.0.1}:$PORT"
		}
		return sub[1] + "$PORT"
	})
	fixed = imageHost.ReplaceAllString(fixed, "${1}$${HOST:-127.0.0.1}")
	s.why = d.Path + ": " + strings.Join(words, " ")
	switch {
	case strings.ContainsAny(fixed, "$&|;<>\"'"):
		if !strings.ContainsAny(fixed, "&|;") && !strings.HasPrefix(fixed, "exec ") {
			fixed = "exec " + fixed
		}
		s.entrypoint = []string{"sh", "-c", fixed}
	default:
		s.entrypoint = strings.Fields(fixed)
	}
	if fixed != line {
		s.port = guess{"$PORT", d.Path}
	}
	return &s, ""
}

// traced replaces the file that node runs with the one that it is copied from, if a
// stage's output is copied to another place.
func (d Dockerfile) traced(t *tree, part *Part, line, in string) string {
	words := strings.Fields(line)
	if len(words) < 2 || words[0] != "node" {
		return line
	}
	for n, file := range words {
		if n == 0 || strings.HasPrefix(file, "-") || t.has(path.Join(part.Dir, file)) {
			continue
		}
		for _, i := range d.final() {
			stage := d.from(i.flag("from"))
			outside := stage < 0 && i.flag("from") == "" && len(i.args) == 2 && !strings.HasSuffix(i.args[0], "*") && !t.exists(path.Join(path.Dir(d.Path), i.args[0]))
			if i.name != "COPY" || stage < 0 && !outside || len(i.args) != 2 {
				continue
			}
			built := "/" // of a build that runs before the image's
			if !outside {
				built = workdir(d.inherited(stage))
			}
			from := strings.TrimPrefix(strings.TrimPrefix(under(built, i.args[0]), built), "/")
			to := strings.TrimPrefix(strings.TrimPrefix(under(in, i.args[1]), in), "/")
			if from == "" || strings.HasSuffix(from, "node_modules") || !within(path.Join(".", to), file) {
				continue
			}
			words[n] = path.Join(from, strings.TrimPrefix(file, to))
			return strings.Join(words, " ")
		}
		break
	}
	return line
}
