package commandtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Sets returns the names of the outputs that the code of a package sets: the first
// argument of every Set, and the first of each pair that a loop hands to it.
func Sets(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(Root, dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no Go files: %v", dir, err)
	}
	names := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Set" && len(n.Args) == 2 {
					add(names, n.Args[0])
				}
			case *ast.CompositeLit:
				if isPairs(n.Type) {
					for _, e := range n.Elts {
						if pair, ok := e.(*ast.CompositeLit); ok && len(pair.Elts) == 2 {
							add(names, pair.Elts[0])
						}
					}
				}
			}
			return true
		})
	}
	return slices.Sorted(maps.Keys(names))
}

func add(names map[string]bool, e ast.Expr) {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		if name, err := strconv.Unquote(lit.Value); err == nil {
			names[name] = true
		}
	}
}

// isPairs reports whether a type is [][2]string.
func isPairs(e ast.Expr) bool {
	outer, ok := e.(*ast.ArrayType)
	if !ok || outer.Len != nil {
		return false
	}
	inner, ok := outer.Elt.(*ast.ArrayType)
	return ok && inner.Len != nil
}
