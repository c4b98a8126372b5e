package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const reasonsHead = `# Reason codes

Every report has a ` + "`verdict` and a `reason`" + `. A workflow may branch on a reason: after the first release a code is never
renamed. This table is generated from ` + "`internal/report/reason.go`: `go test ./internal/house -update`" + `.

| reason | verdict | meaning |
|---|---|---|
`

// reason is one constant of internal/report/reason.go.
type reason struct{ name, code, verdicts, meaning string }

var reasonComment = regexp.MustCompile(`(?s)^(Reason\w+) \(((?:pass|warn|fail|skip)(?:, (?:pass|warn|fail|skip))*)\): (.*)\.\s*$`)

func reasons(t *testing.T) (all []reason) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../report/reason.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		name := v.Names[0].Name
		code, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
		m := reasonComment.FindStringSubmatch(strings.Join(strings.Fields(v.Doc.Text()), " "))
		if err != nil || m == nil || m[1] != name {
			t.Errorf("%s: want a comment of the form %q", name, "// "+name+" (VERDICT, VERDICT): meaning.")
			return false
		}
		all = append(all, reason{name, code, m[2], m[3]})
		return false
	})
	return all
}

// TestReasonCodes holds docs/reason-codes.md to the constants, the constants to
// their use, and every report to the constants.
func TestReasonCodes(t *testing.T) {
	var b strings.Builder
	b.WriteString(reasonsHead)
	used := map[string]bool{}
	for _, r := range reasons(t) {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.code, r.verdicts, r.meaning)
		used[r.name] = false
	}
	golden(t, "../../docs/reason-codes.md", b.String())
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "report/reason.go") {
			return err
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if _, ok := used[id.Name]; ok {
					used[id.Name] = true
				}
			}
			if kv, ok := n.(*ast.KeyValueExpr); ok {
				if k, ok := kv.Key.(*ast.Ident); ok && k.Name == "Reason" {
					if lit, ok := kv.Value.(*ast.BasicLit); ok {
						t.Errorf("%s: reason %s is not a constant of internal/report/reason.go", fset.Position(lit.Pos()), lit.Value)
					}
				}
			}
			if as, ok := n.(*ast.AssignStmt); ok && len(as.Lhs) == len(as.Rhs) {
				for i, left := range as.Lhs {
					sel, ok := left.(*ast.SelectorExpr)
					lit, isLit := as.Rhs[i].(*ast.BasicLit)
					if ok && isLit && sel.Sel.Name == "Reason" {
						t.Errorf("%s: reason %s is not a constant of internal/report/reason.go", fset.Position(lit.Pos()), lit.Value)
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
	for name, ok := range used {
		if !ok {
			t.Errorf("%s: no report gives this reason", name)
		}
	}
}

// golden compares a generated document with its file; -update rewrites it.
func golden(t *testing.T, name, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s differs from its source; rewrite it with: go test ./internal/house -update", name)
	}
}
