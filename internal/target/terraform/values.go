package terraform

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// values are the variables of a run. They are written to a file, never to a command
// line. The file is JSON, so that no value is interpreted as a template.
type values struct {
	file    map[string]any
	secrets map[string]string // by variable
	notes   []string
}

// standard returns the variables that describe the deployment, without those whose value
// is unknown. If the configuration declares a variable of such a name with another type,
// it is treated as the configuration's own variable.
func standard(workspace, number string, known map[string]string, env map[string]string) map[string]any {
	all := map[string]any{
		"image": known["image"], "digest": known["digest"], "commit": known["commit"], "app": known["app"],
		"name": workspace, "environment": known["environment"], "env": env, "labels": labels(known), "goldenpath": known,
	}
	if n, err := strconv.Atoi(number); err == nil && n > 0 {
		all["pr"], all["number"] = n, n
	}
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == "" })
	return all
}

// fill sets the standard variables, and then the user's variables, which override them.
// All mistakes are collected in one *report.UsageError.
func (s *session) fill(std map[string]any, secrets map[string]target.Secret) (*values, error) {
	v := &values{file: map[string]any{}, secrets: map[string]string{}}
	var wrong []string
	for name, value := range std {
		if d := s.conf.variables[name]; d != nil && d.takes(value) {
			v.file[name] = value
		}
	}
	given := slices.Sorted(maps.Keys(v.file))
	for _, name := range slices.Sorted(maps.Keys(s.t.Vars)) {
		d := s.conf.variables[name]
		if d == nil {
			wrong = append(wrong, s.unknown("vars", name))
			continue
		}
		v.file[name] = s.t.Vars[name]
		var parsed any
		if !d.primitive() && json.Unmarshal([]byte(s.t.Vars[name]), &parsed) == nil {
			v.file[name] = parsed
		}
		if d.sensitive {
			s.hide(s.t.Vars[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		lower, secret := strings.ToLower(name), secrets[name]
		d := s.conf.variables[lower]
		switch {
		case secret.Store != "":
			wrong = append(wrong, fmt.Sprintf("secrets.%s: only target kubernetes supports a store: name a variable of the step's environment", name))
		case d == nil:
			wrong = append(wrong, s.unknown("secrets", lower))
		default:
			v.secrets[lower] = secret.Value
			s.hide(secret.Value)
			if !d.sensitive {
				v.notes = append(v.notes, fmt.Sprintf("%s: variable %s holds a secret and is not marked sensitive", s.at(d), lower))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.conf.variables)) {
		d := s.conf.variables[name]
		_, filled := v.file[name]
		_, hidden := v.secrets[name]
		if d.required && !filled && !hidden && !s.conf.assigned[name] && !s.callerVariable(name) {
			wrong = append(wrong, s.at(d)+": "+missing(name))
		}
	}
	if len(wrong) > 0 {
		return nil, report.Usage(strings.Join(wrong, "\n"))
	}
	if len(given) > 0 {
		v.notes = append(v.notes, "variables set by goldenpath: "+strings.Join(given, ", "))
	}
	return v, nil
}

func missing(name string) string {
	if name == "image" || name == "digest" {
		return fmt.Sprintf("variable %q has no default, and the image is in no registry: push it to one (artifact.image)", name)
	}
	return fmt.Sprintf("variable %q has no default and is not set: set vars.%s of the environment in .goldenpath.yml (preview.vars.%s), or give it a default", name, name, name)
}

// unknown returns the error message for a variable that the configuration does not
// declare.
func (s *session) unknown(key, name string) string {
	declared := slices.Sorted(maps.Keys(s.conf.variables))
	msg := fmt.Sprintf("%s.%s: %s declares no variable %q", key, plain(name, 80), s.t.shown(), plain(name, 80))
	for _, d := range declared {
		if levenshtein.ComputeDistance(d, name) <= 2 {
			return msg + fmt.Sprintf("; did you mean %q?", d)
		}
	}
	return msg + ": remove it, or declare it; declared are: " + plain(strings.Join(declared, ", "), textMax)
}

func (s *session) at(v *variable) string {
	return fmt.Sprintf("%s:%d", filepath.Join(s.t.shown(), v.file), v.line)
}

// stand sets placeholders for required variables whose values are no longer known, so
// that an environment can be removed. A removal does not depend on these values, unless
// a provider is configured with them: then Target.Secrets must contain the value.
func (s *session) stand(std map[string]any, secrets map[string]target.Secret) {
	for name, d := range s.conf.variables {
		_, given := s.t.Vars[name]
		_, known := std[name]
		secret := slices.ContainsFunc(slices.Collect(maps.Keys(secrets)), func(k string) bool { return strings.ToLower(k) == name })
		if !d.required || given || known || secret || s.conf.assigned[name] || s.callerVariable(name) {
			continue
		}
		switch kind, _, _ := strings.Cut(d.kind, "("); kind {
		case "number":
			std[name] = 1
		case "bool":
			std[name] = false
		case "list", "set", "tuple":
			std[name] = []string{}
		case "map", "object":
			std[name] = map[string]string{}
		default:
			std[name] = standIns[name]
			if standIns[name] == "" {
				std[name] = "removed"
			}
		}
	}
}

// standIns are placeholders in the form that a configuration's validation rules may
// require.
var standIns = map[string]string{
	"image":  "removed@sha256:" + strings.Repeat("0", 64),
	"digest": "sha256:" + strings.Repeat("0", 64),
	"commit": strings.Repeat("0", 40),
}
