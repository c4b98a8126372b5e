package commandtest

import (
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/runner"
)

// leftOut are the flags without an input. A step has its summary and its log
// already, and the report is where output report says.
var leftOut = []string{"json", "report", "summary"}

// jobToken is the one default that the runner fills in. The command line has none:
// it takes GITHUB_TOKEN.
const jobToken = "${{ github.token }}"

// CheckAction holds action.yml to the command that its args start: inputs are
// flags, required and default say the same, and what GitHub's runner hands over
// parses.
func CheckAction(t *testing.T, app func() command.App, name string) {
	a := ReadAction(t, name)
	for what, text := range map[string]string{
		"name": a.Name, "description": a.Description, "author": a.Author, "branding.icon": a.Branding.Icon, "branding.color": a.Branding.Color,
	} {
		if text == "" {
			t.Errorf("%s is empty", what)
		}
	}
	if len(a.Description) > 125 {
		t.Errorf("description has %d characters, the Marketplace shows 125", len(a.Description))
	}
	node := parse(t, app(), a.Runs.Args, samples(a))
	if node == nil {
		t.Fatalf("args %q with the required inputs do not parse", a.Runs.Args)
	}
	if _, ok := node.Target.Addr().Interface().(command.Command); !ok {
		t.Fatalf("args %q name no command but %s", a.Runs.Args, node.Path())
	}
	flags := map[string]*kong.Flag{}
	for _, f := range node.Flags {
		flags[f.Name] = f
	}
	for _, name := range leftOut {
		if flags[name] == nil {
			t.Errorf("the command has no flag --%s any more: take it off the list", name)
		}
		delete(flags, name)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(flags)), slices.Sorted(slices.Values(a.Inputs.Keys))); diff != "" {
		t.Errorf("flags (-) and inputs (+) differ:\n%s", diff)
	}
	for name, in := range a.Inputs.Values {
		f := flags[name]
		if f == nil {
			continue
		}
		if in.Description == "" {
			t.Errorf("input %s has no description", name)
		}
		if in.Required != f.Required {
			t.Errorf("input %s: required %v, the flag has %v", name, in.Required, f.Required)
		}
		if in.Default != f.Default && in.Default != jobToken {
			t.Errorf("input %s: default %q, the flag's is %q", name, in.Default, f.Default)
		}
		if f.IsBool() {
			checkBool(t, app, a, name)
		}
	}
	checkDefaults(t, app, a)
}

// samples are the inputs as GitHub's runner hands them over when a workflow gives
// only those that are required.
func samples(a Action) map[string]string {
	in := map[string]string{}
	for name, i := range a.Inputs.Values {
		switch {
		case i.Required:
			in[name] = "sample"
		case i.Default != jobToken:
			in[name] = i.Default
		}
	}
	return in
}

// checkBool tries the two values a workflow gives.
func checkBool(t *testing.T, app func() command.App, a Action, name string) {
	for _, want := range []bool{true, false} {
		in := samples(a)
		in[name] = fmt.Sprint(want)
		node := parse(t, app(), a.Runs.Args, in)
		if node == nil {
			t.Errorf("input %s: %v does not parse", name, want)
			continue
		}
		for _, f := range node.Flags {
			if f.Name == name && f.Target.Bool() != want {
				t.Errorf("input %s: %v is parsed as %v", name, want, f.Target.Bool())
			}
		}
	}
}

// checkDefaults asserts that a step whose workflow gives only what is required
// does what the command line does: empty inputs do not hide the configuration.
func checkDefaults(t *testing.T, app func() command.App, a Action) {
	args := slices.Clone(a.Runs.Args)
	for name, in := range a.Inputs.Values {
		if in.Required {
			args = append(args, "--"+name+"=sample")
		}
	}
	step, line := parse(t, app(), a.Runs.Args, samples(a)), parse(t, app(), args, nil)
	if line == nil {
		t.Fatalf("args %q do not parse", args)
	}
	if !reflect.DeepEqual(step.Target.Interface(), line.Target.Interface()) {
		t.Errorf("with nothing but the required inputs the step gets\n%+v\nand the command line\n%+v", step.Target.Interface(), line.Target.Interface())
	}
}

// parse returns the command that args select; in are the inputs of a step, nil is
// no step. An error is logged and gives nil.
func parse(t *testing.T, app command.App, args []string, in map[string]string) *kong.Node {
	t.Helper()
	env := &command.Env{Stdout: io.Discard, Stderr: io.Discard, Getenv: func(key string) string {
		if key == "GITHUB_ACTIONS" && in != nil {
			return "true"
		}
		// The runner keeps hyphens.
		name, _ := strings.CutPrefix(key, "INPUT_")
		return in[strings.ToLower(name)]
	}}
	env.Runner = runner.New(env.Getenv, env.Stdout)
	parser, err := command.New(env, app)
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		t.Log(err)
		return nil
	}
	return ctx.Selected()
}
