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
		return a, fmt.Errorf("read %s: it runs using %q, and only docker is supported here", name, a.Runs.Using)
	}
	for _, arg := range a.Runs.Args {
		// The runner joins the arguments into one line with its own quoting and splits
		// it again. Without these characters the result is the same list.
		if arg == "" || strings.ContainsAny(arg, `"\ $`) {
			return a, fmt.Errorf("read %s: args has %q: empty arguments, quotes, backslashes, spaces and $ are not supported here", name, arg)
		}
	}
	return a, nil
}

type action = commandtest.Action

// inputs returns the inputs from the workflow and, for the others, the defaults. A
// required input that is missing is empty, because the runner does not check.
// ActionRunner.cs.
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

// expand evaluates the only expression that our defaults may contain: a value of the
// github context.
func expand(s string, github map[string]string) string {
	name, ok := strings.CutPrefix(s, "${{ github.")
	if name, ends := strings.CutSuffix(name, " }}"); ok && ends {
		return github[name]
	}
	return s
}

// unexpected returns the inputs that the action does not declare; the runner warns
// about them.
func (r *Result) unexpected(a action, with map[string]string) {
	for name := range with {
		if _, ok := a.Inputs.Values[name]; !ok && name != "entryPoint" && name != "args" {
			r.complain("Unexpected input(s) '%s'", name)
		}
	}
}
