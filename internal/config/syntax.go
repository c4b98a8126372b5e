package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	maxFile  = 64 << 10 // a configuration is a page, not a program
	maxDepth = 16       // the deepest key is the fifth level
)

func tooLarge(size int64) Problem {
	return fileProblem("is %d bytes long; the limit is %d", size, maxFile)
}

// readYAML parses a file with exactly one YAML document.
func readYAML(b []byte) (ast.Node, Problems) {
	if len(b) > maxFile {
		return nil, Problems{tooLarge(int64(len(b)))}
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if p, bad := notText(b); bad {
		return nil, Problems{p}
	}
	tokens := lexer.Tokenize(string(b))
	if p, bad := tooDeep(tokens); bad {
		return nil, Problems{p}
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, syntaxProblem(err)
	}
	const begin = "start it with version: 1"
	docs := slices.DeleteFunc(file.Docs, func(d *ast.DocumentNode) bool {
		switch d.Body.(type) {
		case nil, *ast.CommentGroupNode, *ast.DirectiveNode:
			return true
		}
		return false
	})
	switch len(docs) {
	case 0:
		return nil, Problems{fileProblem("is empty: %s", begin)}
	case 1:
	default:
		return nil, Problems{at(docs[1].Body, "a second YAML document starts here: keep one")}
	}
	switch body := docs[0].Body.(type) {
	case *ast.MappingNode, *ast.MappingValueNode, *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		return body, nil
	default:
		return nil, Problems{at(body, "the file must be a mapping: %s", begin)}
	}
}

// notText finds the first byte that is not text.
func notText(b []byte) (Problem, bool) {
	p := fileProblem("")
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			p.Text = fmt.Sprintf("byte 0x%02x is not UTF-8: save the file as UTF-8", b[i])
			return p, true
		case unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r':
			p.Text = fmt.Sprintf("control character %U: write it as an escape in double quotes", r)
			return p, true
		}
		i += size
		p.Column++
		if r == '\n' {
			p.Line, p.Column = p.Line+1, 1
		}
	}
	return p, false
}

// tooDeep finds collections that nest too deep in one line, because the parser's time
// grows with the square of their depth.
func tooDeep(tokens token.Tokens) (Problem, bool) {
	flow, entries := 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType:
			entries++
		default:
			entries = 0
		}
		if max(flow, entries) > maxDepth {
			p := fileProblem(deepText, maxDepth)
			p.Line, p.Column = t.Position.Line, t.Position.Column
			return p, true
		}
	}
	return Problem{}, false
}

const deepText = "is nested deeper than %d levels, and no key of this file is that deep"

// remedies are the fixes for common syntax errors.
var remedies = []struct{ message, remedy string }{
	{`'\t' that cannot start any token`, "a tab cannot indent: use spaces"},
	{"mapping value is not allowed in this context", `put text that contains ": " in quotes`},
	{"is a reserved character", "put text that starts with it in quotes"},
	{"already defined at", "keep one of them"},
	{"could not find end character", "close the quotes"},
}

// syntaxProblem turns the YAML library's error, which quotes the source over
// several lines, into one line with its place.
func syntaxProblem(err error) Problems {
	p := fileProblem("")
	message := err.Error()
	var y yaml.Error
	if errors.As(err, &y) {
		message = y.GetMessage()
		if t := y.GetToken(); t != nil && t.Position != nil {
			p.Line, p.Column = max(1, t.Position.Line), max(1, t.Position.Column)
		}
	}
	message = strings.ReplaceAll(message, "\t", `\t`)
	p.Text = "is not valid YAML: " + printable(strings.Join(strings.Fields(message), " "))
	for _, r := range remedies {
		if strings.Contains(message, r.message) {
			p.Text += ": " + r.remedy
			break
		}
	}
	return Problems{p}
}
