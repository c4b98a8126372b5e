package workflow

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// ends reports whether a list of statements leaves the script.
func ends(list []*syntax.Stmt) bool {
	if len(list) == 0 {
		return false
	}
	switch cmd := list[len(list)-1].Cmd.(type) {
	case *syntax.CallExpr:
		return len(cmd.Args) > 0 && slices.Contains([]string{"exit", "return", "continue"}, literal(cmd.Args[0]))
	case *syntax.Block:
		return ends(cmd.Stmts)
	}
	return false
}

// literal returns a word as it is written, without its quotes.
func literal(w *syntax.Word) string {
	var b strings.Builder
	if w == nil {
		return ""
	}
	for _, p := range w.Parts {
		switch p := p.(type) {
		case *syntax.Lit:
			b.WriteString(p.Value)
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			b.WriteString(literal(&syntax.Word{Parts: p.Parts}))
		default:
			return ""
		}
	}
	return b.String()
}

// variableOf returns the variable that a word is, or "".
func variableOf(w *syntax.Word) string {
	if w == nil || len(w.Parts) != 1 {
		return ""
	}
	switch p := w.Parts[0].(type) {
	case *syntax.DblQuoted:
		return variableOf(&syntax.Word{Parts: p.Parts})
	case *syntax.ParamExp:
		if p.Param != nil && p.Exp == nil && p.Repl == nil && p.Slice == nil && !p.Length && !p.Excl {
			return p.Param.Value
		}
	}
	return ""
}

// cleaned notes that variables have no text of outsiders from here on.
func (s *shell) cleaned(names []string) {
	for _, name := range names {
		if name != "" {
			s.vars[name] = s.add(mark{text: "$" + name})
		}
	}
}

// proves lists the variables that a condition compares with fixed text or with a
// pattern of harmless characters: those that are clean if it holds, and if not.
func (s *shell) proves(st *syntax.Stmt) (yes, no []string) {
	switch cmd := st.Cmd.(type) {
	case *syntax.TestClause:
		yes, no = proven(cmd.X)
	case *syntax.CallExpr:
		if n := len(cmd.Args); n == 5 && literal(cmd.Args[0]) == "[" || n == 4 && literal(cmd.Args[0]) == "test" {
			yes, no = compared(cmd.Args[1], literal(cmd.Args[2]), cmd.Args[3])
		}
	case *syntax.BinaryCmd:
		a, b := s.proves(cmd.X)
		c, d := s.proves(cmd.Y)
		switch cmd.Op {
		case syntax.AndStmt:
			yes = append(a, c...)
		case syntax.OrStmt:
			no = append(b, d...)
		}
	}
	if st.Negated {
		return no, yes
	}
	return yes, no
}

func proven(x syntax.TestExpr) (yes, no []string) {
	switch x := x.(type) {
	case *syntax.ParenTest:
		return proven(x.X)
	case *syntax.UnaryTest:
		if x.Op == syntax.TsNot {
			no, yes = proven(x.X)
		}
	case *syntax.BinaryTest:
		if x.Op == syntax.AndTest {
			a, _ := proven(x.X)
			b, _ := proven(x.Y)
			return append(a, b...), nil
		}
		a, _ := x.X.(*syntax.Word)
		b, _ := x.Y.(*syntax.Word)
		if a != nil && b != nil {
			return compared(a, x.Op.String(), b)
		}
	}
	return yes, no
}

func compared(a *syntax.Word, op string, b *syntax.Word) (yes, no []string) {
	name, pattern := variableOf(a), literal(b)
	if name == "" || pattern == "" {
		return nil, nil
	}
	switch {
	case op == "=~" && strings.HasPrefix(pattern, "^") && strings.HasSuffix(pattern, "$") && safePattern(pattern):
		return []string{name}, nil
	case (op == "=" || op == "==") && !strings.ContainsAny(pattern, "*?["), op == "-eq":
		return []string{name}, nil
	case op == "!=" && !strings.ContainsAny(pattern, "*?["), op == "-ne":
		return nil, []string{name}
	}
	return nil, nil
}

// matched sets BASH_REMATCH after [[ … =~ … ]].
func (s *shell) matched(x syntax.TestExpr) {
	b, ok := x.(*syntax.BinaryTest)
	if !ok {
		return
	}
	s.matched(b.X)
	s.matched(b.Y)
	text, _ := b.X.(*syntax.Word)
	pattern, _ := b.Y.(*syntax.Word)
	if b.Op != syntax.TsReMatch || text == nil || pattern == nil {
		return
	}
	v := s.word(text)
	if p := s.word(pattern); safePattern(p) {
		v = ""
	}
	s.vars["BASH_REMATCH"] = s.join("$BASH_REMATCH", v)
}
