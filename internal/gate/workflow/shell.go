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

// mark is a value that is known only at run time.
type mark struct {
	text    string // how the script or the workflow spells it
	taints  []taint
	file    string // ENV, PATH or OUTPUT: the path of that file of the runner
	known   bool   // others can know or guess the value
	code    bool   // code of a pull request, as fetched from the network
	json    bool   // an object with properties that anyone and that only GitHub sets
	direct  bool   // an expression in the script itself
	command bool   // what a command prints
}

// shift is where the parsed script and the script differ: an expression became a mark.
type shift struct{ parsed, script int }

// command is a simple command with its arguments expanded.
type command struct {
	offset int
	words  []string
	in     string
}

const (
	firstMark = rune(0xF0000)
	maxMarks  = 4_000
	maxValue  = 8_000 // characters of a value
	maxRun    = 4_000 // statements that are followed in one script
)

// notShell matches what only PowerShell and cmd have.
var notShell = regexp.MustCompile(`(?i)\$\{?env:|%GITHUB_|\b(?:Out-File|Add-Content|Set-Content|Tee-Object|Write-Host|Write-Output)\b`)

// runShell follows the script of a step. It returns nil for a script of another
// language and for one that cannot be parsed.
func (c scope) runShell() *shell {
	if c.step == nil {
		return nil
	}
	run := script(c.step)
	if run == nil || !c.isShell(run.Value) || c.depth > maxTaintDepth {
		return nil
	}
	if *c.budget -= 5; *c.budget < 0 {
		return nil
	}
	s := c.newShell(run.Value)
	text, ok := s.parsable(run.Value)
	if !ok || !s.source(text) && !s.source(plainDelimiters(text)) {
		return nil
	}
	for _, name := range sorted(s.uncalled) {
		if s.uncalled[name] {
			s.stmt(s.functions[name].Body)
		}
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

// parsable returns the script with a mark for each expression, and false if an
// expression cannot be read.
func (s *shell) parsable(text string) (string, bool) {
	var b strings.Builder
	at := 0
	for _, p := range placeholders(text) {
		b.WriteString(plain(text[at:p.offset]))
		s.shifts = append(s.shifts, shift{b.Len(), p.offset})
		b.WriteString(s.expression(p, true))
		at = p.offset + len(p.text)
		s.shifts = append(s.shifts, shift{b.Len(), at})
	}
	b.WriteString(plain(text[at:]))
	return b.String(), !strings.Contains(b.String(), "${{")
}

// plain removes what would count as a mark.
func plain(s string) string {
	if !strings.ContainsFunc(s, isMark) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isMark(r) {
			return '?'
		}
		return r
	}, s)
}

func isMark(r rune) bool { return r >= firstMark && r < firstMark+maxMarks }

var (
	runnerFile = regexp.MustCompile(`(?i)GITHUB_(ENV|PATH|OUTPUT)\b|\bgithub\.(env|path|output)\b`)
	knownValue = regexp.MustCompile(`(?i)\b(?:github|runner|inputs|matrix|vars|job|strategy)\.`)
)

// expression returns the mark of an expression.
func (s *shell) expression(p placeholder, direct bool) string {
	m := mark{text: p.text, direct: direct, known: knownValue.MatchString(p.text) && !strings.Contains(p.text, "run_id")}
	if f := runnerFile.FindStringSubmatch(p.text); f != nil {
		m.file = strings.ToUpper(f[1] + f[2])
	} else {
		m.taints = s.tainted(p.node)
	}
	return s.add(m)
}

// expressions returns a value of the workflow with a mark for each expression.
func (s *shell) expressions(text string) string {
	var b strings.Builder
	at := 0
	for _, p := range placeholders(text) {
		b.WriteString(plain(text[at:p.offset]) + s.expression(p, false))
		at = p.offset + len(p.text)
	}
	return b.String() + plain(text[at:])
}

func (s *shell) add(m mark) string {
	if len(m.text) > maxValue {
		m.text = m.text[:maxValue]
	}
	if len(s.marks) >= maxMarks {
		*s.budget = -1 // reported as not checked: no real script is like this
		return ""
	}
	s.marks = append(s.marks, m)
	return string(firstMark + rune(len(s.marks)-1))
}

// of lists the marks in a value.
func (s *shell) of(values ...string) []mark {
	var out []mark
	for _, v := range values {
		for _, r := range v {
			if isMark(r) && int(r-firstMark) < len(s.marks) {
				out = append(out, s.marks[r-firstMark])
			}
		}
	}
	return out
}

// show returns a value as the script spells it.
func (s *shell) show(v string) string {
	if !strings.ContainsFunc(v, isMark) {
		return v
	}
	var b strings.Builder
	for _, r := range v {
		if isMark(r) && int(r-firstMark) < len(s.marks) {
			b.WriteString(s.marks[r-firstMark].text)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// join makes one mark of several values.
func (s *shell) join(text string, values ...string) string {
	m := mark{text: text}
	for _, one := range s.of(values...) {
		m.code = m.code || one.code
		m.json = m.json || one.json
		m.command = m.command || one.command
		for _, t := range one.taints {
			if !slices.Contains(m.taints, t) {
				m.taints = append(m.taints, t)
			}
		}
	}
	return s.add(m)
}

// lines returns a value whose taints have one line, or several.
func (s *shell) lines(v string, oneLine bool) string {
	return strings.Map(func(r rune) rune {
		if !isMark(r) || len(s.of(string(r))) == 0 || len(s.of(string(r))[0].taints) == 0 {
			return r
		}
		m := s.of(string(r))[0]
		m.taints = slices.Clone(m.taints)
		for i := range m.taints {
			m.taints[i].oneLine = oneLine
		}
		if c := s.add(m); c != "" {
			return []rune(c)[0]
		}
		return r
	}, v)
}

func (s *shell) bounded(v string) string {
	if len(v) > maxValue {
		return s.join(s.show(v[:200]), v)
	}
	return v
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
		*s.budget = -1
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
		return s.stmts(cmd.Cond) + s.branches(func() string { return s.stmts(cmd.Do) }, func() string { return "" })
	case *syntax.ForClause:
		if iter, ok := cmd.Loop.(*syntax.WordIter); ok {
			all := slices.Clone(s.args)
			if iter.InPos.IsValid() {
				all = s.words(iter.Items)
			}
			s.vars[iter.Name.Value] = s.either(all)
		}
		return s.branches(func() string { return s.stmts(cmd.Do) }, func() string { return "" })
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
	out += s.branches(func() string { s.cleaned(yes); return s.stmt(cmd.Y) }, func() string { return "" })
	if ends([]*syntax.Stmt{cmd.Y}) {
		s.cleaned(no)
	}
	return out
}
