package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestOneGit: internal/git alone executes git, so that one set of safety settings
// applies. The benchmarks, which compare with tools that are run by hand, and the
// fake of a git server are not part of the product.
func TestOneGit(t *testing.T) {
	err := filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(filepath.Clean(name), "../../"))
		if d.IsDir() {
			switch rel {
			case ".git", "testdata", "internal/git", "internal/bench", "internal/github/githubtest", "internal/e2e", ".cache":
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(rel) != ".go" || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			var args []ast.Expr
			switch n := n.(type) {
			case *ast.CallExpr: // exec.Command("git", …), exec.CommandContext(ctx, "git", …), exec.LookPath("git")
				if sel, ok := n.Fun.(*ast.SelectorExpr); ok {
					if x, ok := sel.X.(*ast.Ident); ok && x.Name == "exec" {
						args = n.Args
					}
				}
			case *ast.CompositeLit: // []string{"git", …}
				if a, ok := n.Type.(*ast.ArrayType); ok {
					if id, ok := a.Elt.(*ast.Ident); ok && id.Name == "string" && len(n.Elts) > 0 {
						args = n.Elts[:1]
					}
				}
			}
			for _, a := range args {
				if lit, ok := a.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if s, err := strconv.Unquote(lit.Value); err == nil && s == "git" {
						t.Errorf("%s executes git: call internal/git", fset.Position(lit.Pos()))
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
