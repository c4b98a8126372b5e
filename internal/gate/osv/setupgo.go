package osv

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// goSpec matches what setup-go accepts as a version: 1.25, 1.25.x, ~1.25.1, 1.25.6.
var goSpec = regexp.MustCompile(`^[~v]?(1\.[0-9]+)(?:\.([0-9]+|x|\*))?$`)

// goBuild matches a command that builds with the Go of the runner.
var goBuild = regexp.MustCompile(`(?m)(?:^|[;&|\s])go (?:build|install|run)\b`)

// goJob is the part of a job that decides which Go it uses.
type goJob struct {
	Env      map[string]yaml.Node
	Strategy struct{ Matrix yaml.Node }
	Steps    []struct {
		Uses string
		Run  yaml.Node
		With map[string]yaml.Node
		Env  map[string]yaml.Node
	}
}

// workflow reads the releases that the jobs of a workflow set up. read returns a file of
// the repository.
func (t *toolchain) workflow(name string, text []byte, read func(string) []byte) {
	var w struct {
		Env  map[string]yaml.Node
		Jobs map[string]goJob
	}
	if yaml.Unmarshal(text, &w) != nil {
		return
	}
	for _, job := range w.Jobs {
		set := false
		for _, step := range job.Steps {
			action, _, _ := strings.Cut(step.Uses, "@")
			if strings.EqualFold(action, "actions/setup-go") {
				set = true
				t.setup(name, job, w.Env, step.With, read)
			} else if !set && goBuild.MatchString(step.Run.Value) {
				t.add("", fmt.Sprintf("%s:%d", name, step.Run.Line))
			}
		}
	}
}

func (t *toolchain) setup(name string, job goJob, env, with map[string]yaml.Node, read func(string) []byte) {
	version, file := with["go-version"], with["go-version-file"]
	switch {
	case version.Value != "":
		at := fmt.Sprintf("%s:%d", name, version.Line)
		for _, v := range expand(version.Value, job, env) {
			t.add(setupVersion(v), at)
		}
	case path.Base(file.Value) == "go.mod", path.Base(file.Value) == "go.work":
		t.module = true
	case file.Value != "":
		t.add(fileVersion(file.Value, read), fmt.Sprintf("%s:%d", name, file.Line))
	}
}

// setupVersion returns the release of a version of setup-go, or "" if it is unknown.
func setupVersion(spec string) string {
	spec = strings.TrimSpace(spec)
	switch {
	case spec == "stable", spec == "oldstable", spec == "latest", spec == "*", strings.HasPrefix(spec, "^"), strings.HasPrefix(spec, ">="), spec == "1", spec == "1.x":
		return newestGo // oldstable has every fix too
	}
	m := goSpec.FindStringSubmatch(spec)
	switch {
	case m == nil:
		return ""
	case m[2] == "" || m[2] == "x" || m[2] == "*" || spec[0] == '~':
		return m[1]
	}
	return m[1] + "." + m[2]
}

// fileVersion reads one of the versionFiles.
func fileVersion(name string, read func(string) []byte) string {
	name = path.Clean(name)
	text := string(read(name))
	switch path.Base(name) {
	case ".go-version":
		return setupVersion(text)
	case ".tool-versions":
		for line := range strings.Lines(text) {
			if words := strings.Fields(line); len(words) > 1 && (words[0] == "golang" || words[0] == "go") {
				return setupVersion(words[1])
			}
		}
	}
	return ""
}

var expression = regexp.MustCompile(`^\$\{\{\s*(matrix|env)\.([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}$`)

// expand returns the values of an expression that names the matrix or the environment,
// and any other text as it is.
func expand(text string, job goJob, env map[string]yaml.Node) []string {
	m := expression.FindStringSubmatch(strings.TrimSpace(text))
	switch {
	case m == nil:
		return []string{text}
	case m[1] == "env":
		if v, ok := job.Env[m[2]]; ok {
			return []string{v.Value}
		}
		return []string{env[m[2]].Value}
	}
	var all []string
	var values func(n *yaml.Node)
	values = func(n *yaml.Node) {
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			key, v := n.Content[i].Value, n.Content[i+1]
			switch {
			case key == m[2] && v.Kind == yaml.SequenceNode:
				for _, item := range v.Content {
					all = append(all, item.Value)
				}
			case key == m[2]:
				all = append(all, v.Value)
			case key == "include" && v.Kind == yaml.SequenceNode:
				for _, item := range v.Content {
					values(item)
				}
			}
		}
	}
	values(&job.Strategy.Matrix)
	if len(all) == 0 {
		return []string{text}
	}
	return all
}
