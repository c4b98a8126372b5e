// Package runnable checks, without running it, whether a shell command can run: its
// programs, scripts and files exist, it asks no question, and it changes no source file.
package runnable

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Place is where a command runs.
type Place struct {
	Read    func(name string) ([]byte, bool) // a file of the repository; false if it does not exist
	Exists  func(name string) bool           // a file or folder of the repository
	Program func(name string) bool           // whether the machine has a program; nil skips the check
}

// Problem is a reason why a command does not work.
type Problem struct {
	What string // such as: package.json has no script "lint"
	Try  string // the remedy
}

// Check returns what a shell command lacks. It reports only what it is certain of: words
// with variables, and files that a build may create, are skipped.
func Check(line string, p Place) []Problem {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(line), "")
	if err != nil {
		return []Problem{{"the shell cannot read " + quoted(line) + ": " + err.Error(), "correct the command"}}
	}
	c := &checker{Place: p, dir: "."}
	syntax.Walk(file, c.visit)
	return c.found
}

// Argv returns what a command that is given as words lacks, such as an entrypoint. The
// script of sh -c is checked as a command.
func Argv(words []string, p Place) []Problem {
	c := &checker{Place: p, dir: "."}
	c.command(words)
	return c.found
}

// checker walks through one command line.
type checker struct {
	Place
	dir     string // current folder; "" if it is unknown or was created by the command
	defined []string
	found   []Problem
}

func (c *checker) visit(n syntax.Node) bool {
	switch n := n.(type) {
	case *syntax.FuncDecl:
		c.defined = append(c.defined, n.Name.Value)
	case *syntax.Subshell, *syntax.CmdSubst:
		before := c.dir
		syntax.Walk(stmts(n), c.visit)
		c.dir = before
		return false
	case *syntax.CallExpr:
		var words []string
		for _, w := range n.Args {
			words = append(words, literal(w))
		}
		c.command(words)
	}
	return true
}

func stmts(n syntax.Node) *syntax.File {
	switch n := n.(type) {
	case *syntax.Subshell:
		return &syntax.File{Stmts: n.Stmts}
	case *syntax.CmdSubst:
		return &syntax.File{Stmts: n.Stmts}
	}
	return &syntax.File{}
}

// literal is the text of a word, or "" if a part of it is only known when it runs.
func literal(w *syntax.Word) string {
	var b strings.Builder
	for _, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.Lit:
			b.WriteString(strings.ReplaceAll(p.Value, `\`, ""))
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			for _, inner := range p.Parts {
				lit, ok := inner.(*syntax.Lit)
				if !ok {
					return ""
				}
				b.WriteString(lit.Value)
			}
		default:
			return ""
		}
	}
	return b.String()
}

// built are programs of the shell itself.
var built = strings.Fields(". : [ alias break case cd command continue echo eval exec exit export false for getopts hash if kill printf pwd read return set shift test times trap true type ulimit umask unset wait while")

func (c *checker) add(what, try string) {
	if p := (Problem{what, try}); !slices.Contains(c.found, p) {
		c.found = append(c.found, p)
	}
}

// command checks one command with its arguments.
func (c *checker) command(words []string) {
	for len(words) > 0 && slices.Contains([]string{"exec", "command", "env", "time", "nohup"}, words[0]) {
		words = words[1:]
		for len(words) > 0 && (strings.Contains(words[0], "=") || strings.HasPrefix(words[0], "-")) {
			words = words[1:]
		}
	}
	switch {
	case len(words) == 0 || words[0] == "":
	case words[0] == "cd":
		c.enter(words[1:])
	case (words[0] == "sh" || words[0] == "bash") && len(words) > 2 && strings.HasPrefix(words[1], "-") && strings.HasSuffix(words[1], "c"):
		c.program(words[0])
		c.found = append(c.found, Check(words[2], Place{c.Read, c.Exists, c.Program})...)
	case slices.Contains(built, words[0]) || slices.Contains(c.defined, words[0]):
	default:
		c.program(words[0])
		if check := launchers[path.Base(words[0])]; check != nil && c.dir != "" {
			check(c, words[1:])
		}
	}
}

// enter follows cd. A folder that does not exist yet is one that the command creates.
func (c *checker) enter(words []string) {
	if len(words) != 1 || words[0] == "" || path.IsAbs(words[0]) || c.dir == "" {
		c.dir = ""
		return
	}
	if c.dir = path.Join(c.dir, words[0]); c.dir != "." && !c.Exists(c.dir) {
		c.dir = ""
	}
}

// made are folders that builds and package managers create.
var made = []string{".venv", "venv", "node_modules", "dist", "build", "target", "bin", "out", "lib", "vendor", ".next", ".output", "public"}

// program checks that a program exists on the machine, or in the repository if its name
// is a path. A path into a folder that a build creates is skipped.
func (c *checker) program(name string) {
	if strings.Contains(name, "/") {
		c.file(name, "the program")
		return
	}
	if c.Program != nil && !c.Program(name) {
		c.add(name+" is not installed on this machine", "install "+name+", and check that it is in PATH")
	}
}

// file checks that a file of the repository exists.
func (c *checker) file(name, kind string) {
	if path.IsAbs(name) || c.dir == "" || name == "" || strings.ContainsAny(name, "*?[{~") {
		return
	}
	at := path.Join(c.dir, name)
	if first, _, _ := strings.Cut(path.Clean(name), "/"); slices.Contains(made, first) || strings.HasPrefix(at, "../") || c.Exists(at) {
		return
	}
	c.add(kind+" "+at+" is not in the repository", "commit it, or correct the command")
}

// scripts returns the scripts of a manifest in the current folder.
func (c *checker) scripts(manifest string) (scripts map[string]string, at string, ok bool) {
	at = path.Join(c.dir, manifest)
	b, ok := c.Read(at)
	if !ok {
		return nil, at, false
	}
	var m struct {
		Scripts map[string]json.RawMessage `json:"scripts"`
	}
	if json.Unmarshal(b, &m) != nil {
		return nil, at, false
	}
	scripts = map[string]string{}
	for name, raw := range m.Scripts {
		var s string
		_ = json.Unmarshal(raw, &s) // a list of commands, as in composer.json, has no single text
		scripts[name] = s
	}
	return scripts, at, true
}

func quoted(s string) string {
	const most = 60
	if len(s) > most {
		s = s[:most] + "…"
	}
	return "`" + s + "`"
}
