//go:build e2e

package container

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/seed-b235b314/goldenpath/internal/command/commandtest"
)

func readAction(dir string) (a commandtest.Action, err error) {
	name := filepath.Join(dir, "action.yml")
	b, err := os.ReadFile(name)
	if err != nil {
		return a, err
	}
	if err := yaml.UnmarshalWithOptions(b, &a, yaml.Strict()); err != nil {
		return a, fmt.Errorf("read %s: %w", name, err)
	}
	if a.Runs.Using != "docker" {
		return a, fmt.Errorf("read %s: it runs using %q, and only docker is run here", name, a.Runs.Using)
	}
	for _, arg := range a.Runs.Args {
		// The runner writes them into one line with quotes of its own and takes that
		// apart again; without these characters nothing can come of it.
		if arg == "" || strings.ContainsAny(arg, `"\ $`) {
			return a, fmt.Errorf("read %s: args has %q: what the runner makes of it is not known here", name, arg)
		}
	}
	return a, nil
}

type action = commandtest.Action

// inputs are those that the workflow gives and, for the others, the defaults; that
// of a required one is empty, since the runner does not ask for it. ActionRunner.cs.
func inputs(a action, with, github map[string]string) map[string]string {
	in := map[string]string{}
	for name, value := range with {
		in[name] = value
	}
	for name, i := range a.Inputs.Values {
		if _, given := in[name]; given {
			continue
		}
		in[name] = expand(i.Default, github)
	}
	return in
}

// expand evaluates the one expression that a default of ours may be: a value of the
// context github.
func expand(s string, github map[string]string) string {
	name, ok := strings.CutPrefix(s, "${{ github.")
	if name, ends := strings.CutSuffix(name, " }}"); ok && ends {
		return github[name]
	}
	return s
}

// unexpected: the runner warns of an input that the action does not have.
func (r *Result) unexpected(a action, with map[string]string) {
	for name := range with {
		if _, ok := a.Inputs.Values[name]; !ok && name != "entryPoint" && name != "args" {
			r.complain("Unexpected input(s) '%s'", name)
		}
	}
}
