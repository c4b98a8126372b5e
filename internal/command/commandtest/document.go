package commandtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// Document is the content of one Markdown file.
type Document struct {
	File    string // relative to the repository
	Links   []string
	Anchors []string // of its headings, as GitHub makes them
	Blocks  []Block
	Code    []string // within lines
}

// Block is a fenced block of code.
type Block struct {
	Language, Text string
	Line           int // of its first line
}

// unread are folders without documents of ours: files that init writes and files that
// tests compare with are not pages of this repository.
var unread = []string{".git", ".cache", "bin", "node_modules", "internal"}

// Documents reads every Markdown document of the repository.
func Documents(t *testing.T) []Document {
	t.Helper()
	var all []Document
	err := filepath.WalkDir(Root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(Root, name)
		if err != nil {
			return err
		}
		for _, folder := range unread {
			if d.IsDir() && (rel == folder || d.Name() == "node_modules") {
				return fs.SkipDir
			}
		}
		if d.IsDir() || filepath.Ext(name) != ".md" {
			return nil
		}
		b, err := os.ReadFile(name)
		all = append(all, parseDocument(filepath.ToSlash(rel), b))
		return err
	})
	if err != nil || len(all) < 20 {
		t.Fatalf("%d documents: %v", len(all), err)
	}
	return all
}

var markdown = goldmark.New(goldmark.WithExtensions(extension.GFM))

func parseDocument(file string, source []byte) Document {
	d := Document{File: file}
	seen := map[string]int{}
	_ = ast.Walk(markdown.Parser().Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the function below gives no error
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			d.Links = append(d.Links, string(n.Destination))
		case *ast.Image:
			d.Links = append(d.Links, string(n.Destination))
		case *ast.CodeSpan:
			d.Code = append(d.Code, words(n, source))
		case *ast.Heading:
			d.Anchors = append(d.Anchors, anchor(words(n, source), seen))
		case *ast.FencedCodeBlock:
			b := Block{Language: string(n.Language(source)), Text: string(n.Lines().Value(source))}
			if n.Lines().Len() > 0 {
				b.Line = 1 + strings.Count(string(source[:n.Lines().At(0).Start]), "\n")
			}
			d.Blocks = append(d.Blocks, b)
		}
		return ast.WalkContinue, nil
	})
	return d
}

// words is the text of a node, without what formats it.
func words(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the function below gives no error
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(t.Segment.Value(source))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// anchor is what GitHub calls a heading: lower case, a hyphen for each space, no
// punctuation, and a number where the page has it already.
func anchor(heading string, seen map[string]int) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
	n := seen[name]
	seen[name]++
	if n > 0 {
		return name + "-" + strconv.Itoa(n)
	}
	return name
}
