package workflow

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
	"mvdan.cc/sh/v3/syntax"
)

// shell follows a script of bash or sh as the shell runs it: variables, quotes, pipes,
// groups, here-documents, conditions and functions. A value that is known only at run
// time is a mark: one character, whose meaning is in marks.
type shell struct {
	scope
	script    string // as it stands in the workflow
	shifts    []shift
	fixed     int // offset of the command whose argument is a script; -1: none
	marks     []mark
	vars      map[string]string
	files     map[string]string // contents of the files that the script writes
	functions map[string]*syntax.FuncDecl
	uncalled  map[string]bool
	args      []string // $1 and so on
	in        string   // standard input
	commands  []command
	sent      []sent  // to the files of the runner
	other     []write // by text in another language
	left      int     // statements that may still be run
	depth     int
}

// command is a simple command with its arguments expanded.
type command struct {
	offset int
	words  []string
	in     string
}

// notShell matches what only PowerShell and cmd have.
var notShell = regexp.MustCompile(`(?i)\$\{?env:|%GITHUB_|\b(?:Out-File|Add-Content|Set-Content|Tee-Object|Write-Host|Write-Output)\b`)

// shellKey is the place of a script and the call that is meant.
type shellKey struct {
	step  *actionlint.Step
	job   *actionlint.Job
	from  *call
	depth int
}

// runShell follows the script of a step. It returns nil for a script of another
// language, and for one that cannot be parsed or is too large.
func (c scope) runShell() *shell {
	if c.step == nil || script(c.step) == nil || c.depth > maxTaintDepth {
		return nil
	}
	key := shellKey{c.step, c.job, c.from, c.depth}
	if s, known := c.shells[key]; known {
		return s
	}
	if *c.budget -= 5; *c.budget < 0 {
		return nil
	}
	c.shells[key] = nil // ends the recursion if steps refer to each other
	c.shells[key] = c.followed(script(c.step).Value)
	return c.shells[key]
}

func (c scope) followed(text string) *shell {
	if len(text) > maxScript || !c.isShell(text) {
		return nil
	}
	s := c.newShell(text)
	text, ok := s.parsable(text)
	if !ok || !s.source(text) && !s.source(plainDelimiters(text)) {
		return nil
	}
	for _, name := range sorted(s.uncalled) {
		if s.uncalled[name] {
			s.stmt(s.functions[name].Body)
		}
	}
	if s.left < 0 {
		return nil
	}
	return s
}

func (c scope) newShell(script string) *shell {
	s := &shell{scope: c, script: script, fixed: -1, vars: map[string]string{}, files: map[string]string{}, functions: map[string]*syntax.FuncDecl{}, uncalled: map[string]bool{}, left: maxRun}
	s.scope.depth++
	return s
}

// isShell reports whether bash or sh runs the script of the step.
func (c scope) isShell(script string) bool {
	shell := value(c.step.Exec.(*actionlint.ExecRun).Shell)
	for _, d := range []*actionlint.Defaults{c.job.Defaults, c.Defaults} {
		if shell == "" && d != nil && d.Run != nil {
			shell = value(d.Run.Shell)
		}
	}
	if name, _, _ := strings.Cut(strings.TrimSpace(shell), " "); shell != "" {
		return name == "bash" || name == "sh" || strings.HasSuffix(name, "/bash") || strings.HasSuffix(name, "/sh") || strings.Contains(name, "${{") && !notShell.MatchString(script)
	}
	return !notShell.MatchString(script)
}

// offset returns where a position of the parsed script is in the workflow's script.
func (s *shell) offset(p syntax.Pos) int {
	if s.fixed >= 0 {
		return s.fixed
	}
	out := int(p.Offset())
	for _, x := range slices.Backward(s.shifts) {
		if x.parsed <= int(p.Offset()) {
			out = x.script + int(p.Offset()) - x.parsed
			break
		}
	}
	return strings.LastIndex(s.script[:min(out, len(s.script))], "\n") + 1
}

// source runs the statements of a text, and returns false if it is not a script.
func (s *shell) source(text string) bool {
	f, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err != nil {
		return false
	}
	s.workflowCommands(s.stmts(f.Stmts))
	return true
}

// nested runs an argument that is a script, and returns what it prints.
func (s *shell) nested(text string, offset int) string {
	f, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if s.depth++; err == nil && s.depth < maxTaintDepth {
		before := s.fixed
		s.fixed = offset
		text = s.stmts(f.Stmts)
		s.fixed = before
	}
	s.depth--
	return text
}

var delimiters = regexp.MustCompile(`(?m)(^|[\s;|&\d])<<-?[ \t]*["']?(\$\{?\w+\}?)["']?`)

// plainDelimiters replaces a delimiter of a here-document that looks like a variable,
// which the shell takes as it is and the parser refuses.
func plainDelimiters(text string) string {
	for _, m := range delimiters.FindAllStringSubmatch(text, -1) {
		other := strings.NewReplacer("$", "_", "{", "_", "}", "_").Replace(m[2])
		text = strings.Replace(text, m[0], strings.Replace(m[0], m[2], other, 1), 1)
		text = regexp.MustCompile(`(?m)^[ \t]*`+regexp.QuoteMeta(m[2])+`[ \t]*$`).ReplaceAllString(text, other)
	}
	return text
}

func (s *shell) stmts(list []*syntax.Stmt) string {
	var b strings.Builder
	for _, st := range list {
		b.WriteString(s.stmt(st))
	}
	return s.bounded(b.String())
}

// stmt runs a statement and returns what it prints.
func (s *shell) stmt(st *syntax.Stmt) string {
	if s.left--; s.left < 0 {
		return ""
	}
	before := s.in
	for _, r := range st.Redirs {
		switch r.Op {
		case syntax.RdrIn, syntax.RdrInOut:
			s.in = s.content(s.word(r.Word))
		case syntax.WordHdoc:
			s.in = s.word(r.Word) + "\n"
		case syntax.Hdoc, syntax.DashHdoc:
			if s.in = ""; r.Hdoc != nil {
				s.in = s.parts(r.Hdoc.Parts, true)
			}
		}
	}
	out := s.command(st.Cmd)
	for _, r := range st.Redirs {
		if r.N != nil && r.N.Value != "1" || r.Word == nil {
			continue
		}
		switch r.Op {
		case syntax.RdrOut, syntax.AppOut, syntax.ClbOut, syntax.RdrAll, syntax.AppAll:
			s.write(s.word(r.Word), out, s.offset(r.OpPos))
			out = ""
		case syntax.DplOut:
			if s.word(r.Word) == "2" {
				out = ""
			}
		}
	}
	s.in = before
	return out
}

func (s *shell) command(cmd syntax.Command) string {
	switch cmd := cmd.(type) {
	case *syntax.CallExpr:
		return s.simple(cmd)
	case *syntax.DeclClause:
		for _, a := range cmd.Args {
			s.assign(a)
		}
	case *syntax.BinaryCmd:
		return s.binary(cmd)
	case *syntax.Block:
		return s.stmts(cmd.Stmts)
	case *syntax.Subshell:
		return s.stmts(cmd.Stmts)
	case *syntax.TimeClause:
		if cmd.Stmt != nil {
			return s.stmt(cmd.Stmt)
		}
	case *syntax.CoprocClause:
		return s.stmt(cmd.Stmt)
	case *syntax.IfClause:
		return s.conditional(cmd)
	case *syntax.CaseClause:
		return s.choice(cmd)
	case *syntax.WhileClause:
		return s.stmts(cmd.Cond) + s.branches(func() (string, bool) { return s.stmts(cmd.Do), false }, nothing)
	case *syntax.ForClause:
		if iter, ok := cmd.Loop.(*syntax.WordIter); ok {
			all := slices.Clone(s.args)
			if iter.InPos.IsValid() {
				all = s.words(iter.Items)
			}
			s.vars[iter.Name.Value] = s.either(all)
		}
		return s.branches(func() (string, bool) { return s.stmts(cmd.Do), false }, nothing)
	case *syntax.FuncDecl:
		if cmd.Name != nil {
			s.functions[cmd.Name.Value], s.uncalled[cmd.Name.Value] = cmd, true
		}
	case *syntax.TestClause:
		s.matched(cmd.X)
	}
	return ""
}

// binary runs commands joined by |, && or ||.
func (s *shell) binary(cmd *syntax.BinaryCmd) string {
	yes, no := s.proves(cmd.X)
	out := s.stmt(cmd.X)
	switch cmd.Op {
	case syntax.Pipe, syntax.PipeAll:
		before := s.in
		s.in = out
		out = s.stmt(cmd.Y)
		s.in = before
		return out
	case syntax.OrStmt:
		yes, no = no, yes
	}
	return out + s.branches(
		func() (string, bool) { s.cleaned(yes); return s.stmt(cmd.Y), ends([]*syntax.Stmt{cmd.Y}) },
		func() (string, bool) { s.cleaned(no); return "", false })
}
