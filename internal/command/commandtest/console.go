package commandtest

import (
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/runner"
)

// inline is a command within a line, and no name of a check such as
// `goldenpath / security / scan`.
var inline = regexp.MustCompile(`^[a-z-]+ -?-?[a-z]`)

// CheckConsole asserts that the program parses every command line of its own that
// a document shows. It runs none, and returns how many there are.
func CheckConsole(t *testing.T, app func() command.App, d Document) (checked int) {
	program := app().Name
	lines := map[string]bool{} // and whether all of it is there
	for _, code := range d.Code {
		if strings.HasPrefix(code, program+" ") && inline.MatchString(code) {
			lines[code] = false
		}
	}
	for _, b := range d.Blocks {
		if b.Language == "console" {
			lines[typed(b.Text)] = true
		}
	}
	for text, whole := range lines {
		file, err := syntax.NewParser().Parse(strings.NewReader(text), d.File)
		if err != nil {
			t.Errorf("%s: %v", d.File, err)
			continue
		}
		syntax.Walk(file, func(n syntax.Node) bool {
			call, ok := n.(*syntax.CallExpr)
			if !ok || len(call.Args) == 0 || call.Args[0].Lit() != program {
				return true
			}
			args, err := arguments(call.Args[1:])
			if err == nil {
				err = parses(app(), args)
			}
			if err != nil && (whole || !strings.HasPrefix(err.Error(), "missing flags: ")) {
				t.Errorf("%s: %s %s: %v", d.File, program, strings.Join(args, " "), err)
			}
			checked++
			return true
		})
	}
	return checked
}

// typed is what a person types of a block: the lines after a prompt, and those that
// go on where one ends in a backslash.
func typed(block string) string {
	var out strings.Builder
	more := false
	for line := range strings.Lines(block) {
		rest, prompt := strings.CutPrefix(line, "$ ")
		if !prompt && !more {
			continue
		}
		out.WriteString(rest)
		more = strings.HasSuffix(rest, "\\\n")
	}
	return out.String()
}

// arguments are the words that the program would get; what only a shell with its
// variables knows is a word of digits.
func arguments(words []*syntax.Word) ([]string, error) {
	digest := "sha256:" + strings.Repeat("0", 64)
	c := &expand.Config{
		Env:      expand.FuncEnviron(func(string) string { return digest }),
		CmdSubst: func(w io.Writer, _ *syntax.CmdSubst) error { _, err := io.WriteString(w, digest); return err },
	}
	return expand.Fields(c, words...)
}

// parses reports why a command line is none.
func parses(app command.App, args []string) (err error) {
	env := &command.Env{Stdout: io.Discard, Stderr: io.Discard, Getenv: func(string) string { return "" }}
	env.Runner = runner.New(env.Getenv, env.Stdout)
	parser, err := command.New(env, app)
	if err != nil {
		return err
	}
	defer func() {
		// --help and --version end the parser; kong's own exit does it by a panic.
		if slices.Contains(args, "--help") || slices.Contains(args, "--version") {
			_ = recover()
		}
	}()
	_, err = parser.Parse(args)
	return err
}
