package scaffold

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Dockerfile is the part of a Dockerfile that init reads.
type Dockerfile struct {
	Path   string
	Port   string   // first of EXPOSE
	Starts string   // ENTRYPOINT or CMD of the last stage
	Stages []string // names, in order
	Health string   // path in HEALTHCHECK
	Base   string   // image of the last stage
}

var (
	instruction = regexp.MustCompile(`(?im)^\s*(FROM|EXPOSE|ENTRYPOINT|CMD|HEALTHCHECK)\s+(.*?)\s*$`)
	stageName   = regexp.MustCompile(`(?i)\s+AS\s+([a-z0-9][a-z0-9_.-]*)$`)
	firstPort   = regexp.MustCompile(`^[0-9]{1,5}\b`)
	askedPath   = regexp.MustCompile(`https?://[^\s/"']+(/[A-Za-z0-9/_-]+)`)
)

// dockerfiles reads up to eight Dockerfiles, those nearest the root first.
func dockerfiles(t *tree) []Dockerfile {
	var all []Dockerfile
	for _, name := range t.find("Dockerfile", 3) {
		if len(all) == 8 {
			break
		}
		if text := t.text(name); text != "" {
			all = append(all, readDockerfile(name, text))
		}
	}
	return all
}

func readDockerfile(name, text string) Dockerfile {
	d := Dockerfile{Path: name}
	for _, m := range instruction.FindAllStringSubmatch(strings.ReplaceAll(text, "\\\n", " "), -1) {
		switch value := m[2]; strings.ToUpper(m[1]) {
		case "FROM":
			d.Base, d.Starts = value, ""
			if stage := stageName.FindStringSubmatch(value); stage != nil {
				d.Stages = append(d.Stages, stage[1])
			}
		case "EXPOSE":
			if port := firstPort.FindString(value); d.Port == "" {
				d.Port = port
			}
		case "ENTRYPOINT", "CMD":
			if d.Starts == "" || strings.EqualFold(m[1], "ENTRYPOINT") {
				d.Starts = value[:min(len(value), 80)]
			}
		case "HEALTHCHECK":
			if asked := askedPath.FindStringSubmatch(value); asked != nil {
				d.Health = asked[1]
			}
		}
	}
	return d
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

// procfile returns the web command, which the image runs; init never runs it.
func procfile(t *tree) string {
	m := webProcess.FindStringSubmatch(t.text("Procfile"))
	if m == nil || len(m[1]) > 500 {
		return ""
	}
	return m[1]
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
