package workflow

import (
	"maps"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

func (s *shell) words(list []*syntax.Word) []string {
	var out []string
	for _, w := range list {
		out = append(out, s.word(w))
	}
	return out
}

// word expands a word. It does not split it.
func (s *shell) word(w *syntax.Word) string {
	if w == nil {
		return ""
	}
	return s.parts(w.Parts, false)
}

func (s *shell) parts(parts []syntax.WordPart, quoted bool) string {
	var b strings.Builder
	for _, p := range parts {
		switch p := p.(type) {
		case *syntax.Lit:
			b.WriteString(unescaped(p.Value, quoted))
		case *syntax.SglQuoted:
			v := p.Value
			if p.Dollar {
				v = escapes.Replace(v)
			}
			b.WriteString(v)
		case *syntax.DblQuoted:
			b.WriteString(s.parts(p.Parts, true))
		case *syntax.ParamExp:
			b.WriteString(s.param(p))
		case *syntax.CmdSubst:
			if out := strings.TrimRight(s.stmts(p.Stmts), "\n"); out != "" {
				b.WriteString(out)
			}
		case *syntax.ArithmExp:
			b.WriteString(s.add(mark{text: "0"}))
		case *syntax.ProcSubst:
			out := s.stmts(p.Stmts)
			b.WriteString(s.join("<("+s.show(out)+")", out))
		case *syntax.ExtGlob:
			b.WriteString(p.Pattern.Value)
		}
	}
	return s.bounded(b.String())
}

// escapes are those of $'…', echo -e and printf.
var escapes = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t", `\r`, "\r", `\'`, "'", `\"`, `"`)

// unescaped removes the backslashes of a literal; between double quotes only those
// that have a meaning there.
func unescaped(v string, quoted bool) string {
	if !strings.Contains(v, `\`) {
		return v
	}
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] == '\\' && i+1 < len(v) && (!quoted || strings.IndexByte("$`\"\\\n", v[i+1]) >= 0) {
			if i++; v[i] == '\n' {
				continue
			}
		}
		b.WriteByte(v[i])
	}
	return b.String()
}

// param expands a variable.
func (s *shell) param(p *syntax.ParamExp) string {
	if p.Param == nil {
		return ""
	}
	v := s.variable(p.Param.Value)
	switch {
	case p.Length:
		return s.add(mark{text: "0"})
	case p.Repl != nil:
		if p.Repl.All && keepsOnly("s/"+strings.Replace(s.word(p.Repl.Orig), "[!", "[^", 1)+"/"+s.word(p.Repl.With)+"/g") {
			return s.add(mark{text: "${" + p.Param.Value + "}"})
		}
		return v + s.without(s.word(p.Repl.With))
	case p.Exp != nil:
		other := s.word(p.Exp.Word)
		switch p.Exp.Op {
		case syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
			return other
		case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
			if strings.HasPrefix(p.Param.Value, "GITHUB_") {
				return v
			}
			if _, set := s.vars[p.Param.Value]; !set && s.env(p.Param.Value) == "" || len(s.of(other)) > 0 {
				return s.join(s.show(v+" "+other), v, other)
			}
		case syntax.OtherParamOps:
			if strings.Contains(other, "Q") {
				return s.add(mark{text: "${" + p.Param.Value + "@Q}"})
			}
		}
	}
	return v
}

// without keeps the marks of a text.
func (s *shell) without(text string) string {
	if len(s.of(text)) == 0 {
		return ""
	}
	return s.join(s.show(text), text)
}

// variable returns the value of a variable, of the script or of the environment.
func (s *shell) variable(name string) string {
	if v, ok := s.vars[name]; ok {
		return v
	}
	switch name {
	case "GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT":
		return s.add(mark{text: "$" + name, file: strings.TrimPrefix(name, "GITHUB_")})
	case "@", "*":
		return strings.Join(s.args, " ")
	case "RANDOM", "#", "?", "$", "!", "-", "0", "SECONDS", "EPOCHREALTIME", "SRANDOM":
		return s.add(mark{text: "0"})
	}
	if len(name) == 1 && name >= "1" && name <= "9" {
		if i := int(name[0] - '1'); i < len(s.args) {
			return s.args[i]
		}
		return ""
	}
	if text := s.env(name); text != "" {
		return s.expressions(text)
	}
	text := "${{ env." + name + " }}" // an earlier step may have set it
	if rest, ok := strings.CutPrefix(name, "GITHUB_"); ok {
		text = "${{ github." + strings.ToLower(rest) + " }}"
	}
	v := s.expressions(text)
	for i := range s.of(v) {
		m := &s.marks[len(s.marks)-1-i]
		m.known = ok(name)
		if name == "GITHUB_HEAD_REF" {
			m.taints = []taint{{s.gain("github.head_ref"), "$GITHUB_HEAD_REF", "the author of a pull request", true}}
		}
	}
	return v
}

// ok reports whether others know the value of a variable that the runner sets.
func ok(name string) bool {
	return strings.HasPrefix(name, "GITHUB_") && name != "GITHUB_RUN_ID" || strings.HasPrefix(name, "RUNNER_") || slices.Contains([]string{"HOME", "PATH", "PWD", "USER", "CI"}, name)
}

// assign sets a variable.
func (s *shell) assign(a *syntax.Assign) {
	if a.Name == nil || a.Naked {
		return
	}
	v := s.word(a.Value)
	if a.Array != nil {
		var all []string
		for _, e := range a.Array.Elems {
			all = append(all, s.word(e.Value))
		}
		v = strings.Join(all, " ")
	}
	if a.Append || a.Index != nil {
		v = s.vars[a.Name.Value] + v
	}
	s.vars[a.Name.Value] = s.bounded(v)
}

// either is a value that is one of several.
func (s *shell) either(all []string) string {
	all = slices.Compact(slices.Clone(all))
	if len(all) == 1 {
		return all[0]
	}
	return s.join(s.show(strings.Join(all, " ")), all...)
}

// branches runs commands of which only one runs, and keeps every value that a variable
// may have after them. A branch that leaves the script is not among them.
func (s *shell) branches(all ...func() (out string, left bool)) string {
	before := s.vars
	var ends []map[string]string
	var b strings.Builder
	for _, run := range all {
		s.vars = maps.Clone(before)
		out, left := run()
		if b.WriteString(out); !left {
			ends = append(ends, s.vars)
		}
	}
	s.vars = before
	names := map[string]bool{}
	for _, end := range ends {
		for name := range end {
			names[name] = true
		}
	}
	for _, name := range sorted(names) {
		var values []string
		for _, end := range ends {
			if v, set := end[name]; set {
				values = append(values, v)
			} else if _, set := before[name]; !set && s.env(name) != "" {
				values = append(values, s.expressions(s.env(name)))
			}
		}
		slices.Sort(values)
		before[name] = s.either(values)
	}
	return s.bounded(b.String())
}

// nothing is the branch that is not taken.
func nothing() (string, bool) { return "", false }

func (s *shell) conditional(c *syntax.IfClause) string {
	if len(c.Cond) == 0 {
		return s.stmts(c.Then) // else
	}
	yes, no := s.proves(c.Cond[len(c.Cond)-1])
	out := s.stmts(c.Cond)
	out += s.branches(
		func() (string, bool) { s.cleaned(yes); return s.stmts(c.Then), ends(c.Then) },
		func() (string, bool) {
			if s.cleaned(no); c.Else == nil {
				return "", false
			}
			return s.conditional(c.Else), len(c.Else.Cond) == 0 && ends(c.Else.Then)
		})
	return out
}

func (s *shell) choice(c *syntax.CaseClause) string {
	name := variableOf(c.Word)
	var all []func() (string, bool)
	for _, item := range c.Items {
		fixed := !slices.ContainsFunc(item.Patterns, func(w *syntax.Word) bool { return strings.ContainsAny(literal(w), "*?[") || literal(w) == "" })
		all = append(all, func() (string, bool) {
			if fixed {
				s.cleaned([]string{name})
			}
			return s.stmts(item.Stmts), ends(item.Stmts)
		})
	}
	out := s.branches(append(all, nothing)...)
	for _, item := range c.Items {
		if ends(item.Stmts) && slices.ContainsFunc(item.Patterns, func(w *syntax.Word) bool {
			set, ok := strings.CutPrefix(literal(w), "*[!")
			set, end := strings.CutSuffix(set, "]*")
			return ok && end && safeSet(set)
		}) {
			s.cleaned([]string{name})
		}
	}
	return out
}
