package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// Problem is one error in a file.
type Problem struct {
	File         string
	Line, Column int // from 1
	Text         string
}

func (p Problem) String() string { return fmt.Sprintf("%s:%d:%d %s", p.File, p.Line, p.Column, p.Text) }

// Problems are all errors of a file, in file order.
type Problems []Problem

func (p Problems) Error() string {
	all := make([]string, len(p))
	for i := range p {
		all[i] = p[i].String()
	}
	return strings.Join(all, "\n")
}

// maxProblems is the number of problems that are reported.
const maxProblems = 50

func (p Problems) sorted() Problems {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Text, b.Text))
	})
	p = slices.Compact(p)
	if more := len(p) - maxProblems; more > 0 {
		p = p[:maxProblems+1]
		p[maxProblems].Text = fmt.Sprintf("and %d more", more)
	}
	return p
}

// fileProblem returns a problem at the start of the file.
func fileProblem(format string, args ...any) Problem {
	return Problem{File: File, Line: 1, Column: 1, Text: fmt.Sprintf(format, args...)}
}

// at returns a problem at a node.
func at(n ast.Node, format string, args ...any) Problem {
	p := fileProblem(format, args...)
	// The token of a mapping is the colon after its first key.
	switch m := n.(type) {
	case *ast.MappingNode:
		if len(m.Values) > 0 && !m.IsFlowStyle {
			n = m.Values[0].Key
		}
	case *ast.MappingValueNode:
		n = m.Key
	}
	if n != nil && n.GetToken() != nil && n.GetToken().Position != nil {
		p.Line, p.Column = max(1, n.GetToken().Position.Line), max(1, n.GetToken().Position.Column)
	}
	return p
}

// quote quotes text from the file, shortened to one line.
func quote(s string) string {
	const most = 60
	if len(s) <= most {
		return strconv.Quote(s)
	}
	s = s[:most]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return strconv.Quote(s + "…")
}

// printable replaces what could move a terminal's cursor or break a line.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, s)
}
