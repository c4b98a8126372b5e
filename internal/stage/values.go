package stage

import (
	"maps"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/preview"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Secrets returns the secrets of an environment, or of previews if environment is "".
func (j *Job) Secrets(environment string) (map[string]target.Secret, error) {
	if j.Values == nil {
		return nil, nil
	}
	return j.Values.Secrets(j.Config, environment)
}

// variables returns the variables that the configuration passes to commands.
func (j *Job) variables(commands string) (map[string]string, error) {
	if j.Values == nil {
		return nil, nil
	}
	return j.Values.Variables(j.Config, commands)
}

// connections returns the variables with which commands find the services of an
// environment.
func connections(t preview.Target, environment string) map[string]string {
	if c, ok := t.(Connections); ok {
		return c.Connections(environment)
	}
	return nil
}

// hidden returns the values that no output of a command may contain.
func hidden(variables, connections map[string]string) []string {
	all := slices.Collect(maps.Values(variables))
	for _, name := range []string{"PGPASSWORD", "DATABASE_URL"} {
		if v := connections[name]; v != "" {
			all = append(all, v)
		}
	}
	return all
}

// lines returns variables as sorted NAME=VALUE strings.
func lines(variables map[string]string) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(variables)) {
		out = append(out, k+"="+variables[k])
	}
	return out
}
