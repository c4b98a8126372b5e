package scaffold

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// Dockerfile is the part of a Dockerfile that init reads.
type Dockerfile struct {
	Path   string
	Port   string   // first of EXPOSE
	Starts string   // ENTRYPOINT and CMD of the last stage
	Stages []string // names, in order
	Health string   // path in HEALTHCHECK
	Base   string   // image of the last stage
	stages []stage
	broken string // why it could not be read, or ""
}

// stage is one FROM with its instructions.
type stage struct {
	name, base string
	lines      []instruction
}

// instruction is one line of a stage.
type instruction struct {
	name  string // upper case
	args  []string
	flags []string
	json  bool // whether the arguments are a list of words, not a shell command
	here  bool // whether it has a here-document
	line  int
	text  string // as it is written
}

// flag returns the value of a flag such as --from.
func (i instruction) flag(name string) string {
	for _, f := range i.flags {
		if value, ok := strings.CutPrefix(f, "--"+name+"="); ok {
			return value
		}
	}
	return ""
}

var (
	firstPort = regexp.MustCompile(`^[0-9]{1,5}\b`)
	askedPath = regexp.MustCompile(`https?://[^\s/"']+(/[A-Za-z0-9/_-]+)`)
	stageName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
)

// aside matches folders whose Dockerfiles build something beside the app: for its tests, or
// an example or a tool of its own.
var aside = regexp.MustCompile(`(?i)(^|/)(\.[^/]+|tests?|e2e|playwright|cypress|examples?|samples?|demos?|extras?|tools?|hack|bench(marks?)?|docs?|third_party|vendor)/`)

// dockerfiles reads up to eight Dockerfiles, those nearest the root first. app is the folder
// that a person chose, or "".
func dockerfiles(t *tree, app string) []Dockerfile {
	var all []Dockerfile
	for _, name := range t.find("Dockerfile", 3) {
		if len(all) == 8 {
			break
		}
		if aside.MatchString(name) && (app == "" || !within(app, name)) {
			continue
		}
		if text := t.text(name); text != "" {
			all = append(all, readDockerfile(name, text))
		}
	}
	return all
}

// readDockerfile reads a Dockerfile with BuildKit's own parser.
func readDockerfile(name, text string) Dockerfile {
	d := Dockerfile{Path: name}
	parsed, err := parser.Parse(strings.NewReader(text))
	if err != nil {
		d.broken = fmt.Sprintf("%s is not a valid Dockerfile: %v", name, err)
		return d
	}
	for _, n := range parsed.AST.Children {
		i := instruction{name: strings.ToUpper(n.Value), flags: n.Flags, json: n.Attributes["json"], here: len(n.Heredocs) > 0, line: n.StartLine, text: n.Original}
		for a := n.Next; a != nil; a = a.Next {
			i.args = append(i.args, a.Value)
		}
		if i.name == "FROM" {
			s := stage{}
			if len(i.args) > 0 {
				s.base = i.args[0]
			}
			if len(i.args) == 3 && strings.EqualFold(i.args[1], "as") && stageName.MatchString(i.args[2]) {
				s.name = i.args[2]
				d.Stages = append(d.Stages, s.name)
			}
			d.stages = append(d.stages, s)
			continue
		}
		if len(d.stages) > 0 {
			last := &d.stages[len(d.stages)-1]
			last.lines = append(last.lines, i)
		}
	}
	if len(d.stages) == 0 {
		d.broken = name + " has no FROM"
		return d
	}
	d.summarise()
	return d
}

// summarise sets what the report shows of the last stage.
func (d *Dockerfile) summarise() {
	d.Base = d.stages[len(d.stages)-1].base
	for _, i := range d.final() {
		switch i.name {
		case "EXPOSE":
			if d.Port == "" && len(i.args) > 0 {
				d.Port = firstPort.FindString(i.args[0])
			}
		case "HEALTHCHECK":
			if asked := askedPath.FindStringSubmatch(i.text); asked != nil {
				d.Health = asked[1]
			}
		}
	}
	words, _ := d.starting()
	d.Starts = strings.Join(words, " ")
	d.Starts = d.Starts[:min(len(d.Starts), 80)]
}

// final returns the instructions of the last stage, after those of the stages that it is
// built on.
func (d Dockerfile) final() []instruction {
	if len(d.stages) == 0 {
		return nil
	}
	return d.inherited(len(d.stages) - 1)
}

func (d Dockerfile) inherited(at int) []instruction {
	s := d.stages[at]
	if i := slices.IndexFunc(d.stages[:at], func(o stage) bool { return o.name != "" && strings.EqualFold(o.name, s.base) }); i >= 0 {
		return append(slices.Clone(d.inherited(i)), s.lines...)
	}
	return s.lines
}

// bottom is the image that a stage is built on, through other stages.
func (d Dockerfile) bottom(at int) string {
	s := d.stages[at]
	if i := slices.IndexFunc(d.stages[:at], func(o stage) bool { return o.name != "" && strings.EqualFold(o.name, s.base) }); i >= 0 {
		return d.bottom(i)
	}
	return s.base
}

// from returns the index of the stage that COPY --from names, or -1.
func (d Dockerfile) from(name string) int {
	for i, s := range d.stages {
		if strings.EqualFold(s.name, name) && name != "" || fmt.Sprint(i) == name {
			return i
		}
	}
	return -1
}

// starting returns the words of ENTRYPOINT and CMD. shell reports that they are one line
// for a shell.
func (d Dockerfile) starting() (words []string, shell bool) {
	var entry, cmd *instruction
	for _, i := range d.final() {
		switch i.name {
		case "ENTRYPOINT":
			entry, cmd = &i, nil
		case "CMD":
			cmd = &i
		}
	}
	for _, i := range []*instruction{entry, cmd} {
		if i == nil || entry != nil && !entry.json && i == cmd {
			continue // CMD is ignored if ENTRYPOINT is a line for a shell
		}
		words = append(words, i.args...)
		shell = shell || !i.json
	}
	for len(words) > 1 && (path.Base(words[0]) == "dumb-init" || path.Base(words[0]) == "tini" || words[0] == "--" || words[0] == "-g" || words[0] == "-s") {
		words = words[1:] // an init process, which the supervisor replaces
	}
	return words, shell
}

// workdir returns the working directory at the end of a list of instructions.
func workdir(lines []instruction) string {
	dir := "/"
	for _, i := range lines {
		if i.name == "WORKDIR" && len(i.args) == 1 {
			dir = under(dir, i.args[0])
		}
	}
	return dir
}

// under joins a path of an image with its working directory.
func under(dir, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(dir, name)
}

// workshop returns the build stage, which a person can work in. ok is false if no stage
// has a name and the last one has no shell.
func (d Dockerfile) workshop() (stage string, ok bool) {
	for _, name := range []string{"dev", "development", "build", "builder", "deps", "base"} {
		if slices.Contains(d.Stages, name) {
			return name, true
		}
	}
	if len(d.Stages) > 1 {
		return d.Stages[0], true
	}
	return "", !strings.Contains(d.Base, "scratch") && !strings.Contains(d.Base, "distroless") && len(d.Stages) == 0 && !strings.Contains(d.Base, "$")
}

var webProcess = regexp.MustCompile(`(?m)^web:\s*(\S.*?)\s*$`)

// procfile returns the web command of a folder's Procfile, which the image runs; init
// never runs it.
func procfile(t *tree, dir string) string {
	m := webProcess.FindStringSubmatch(t.text(path.Join(dir, "Procfile")))
	if m == nil || len(m[1]) > 500 {
		return ""
	}
	return m[1]
}

// procfilePart is an app that only a Procfile describes: nothing is installed or built.
func procfilePart(t *tree, parts []Part) *Part {
	web := procfile(t, ".")
	if web == "" || slices.ContainsFunc(parts, func(p Part) bool { return p.Dir == "." }) {
		return nil
	}
	program := strings.Fields(web)[0]
	return &Part{Dir: ".", Language: "procfile", Manager: "no package manager", From: "Procfile", Start: &start{
		build: pageBuildWithout(".", nil), pack: "dist/app", runtime: program, why: "Procfile",
		check: program + " is not in the image but comes from the machine: for another target, write a Dockerfile",
	}}
}

// site returns the folder of a static page, or "".
func site(t *tree, parts []Part) string {
	if len(parts) > 0 {
		return ""
	}
	for _, dir := range []string{".", "public", "site", "docs", "html", "www"} {
		if t.has(path.Join(dir, "index.html")) {
			return dir
		}
	}
	return ""
}
