package commandtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// CheckREADME holds the tables of an action's README to its action.yml, and with
// update writes them.
func CheckREADME(t *testing.T, name string, update bool) {
	a := ReadAction(t, name)
	path := []string{"actions", name, "README.md"}
	have := Read(t, path...)
	want := have
	for marker, table := range map[string]string{"inputs": inputsTable(a), "outputs": outputsTable(a)} {
		begin, end := "<!-- "+marker+" -->\n", "<!-- end -->"
		before, rest, ok := strings.Cut(want, begin)
		_, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("%s has no %s … %s", filepath.Join(path...), strings.TrimSpace(begin), end)
		}
		want = before + begin + table + end + after
	}
	if update && want != have {
		if err := os.WriteFile(filepath.Join(Root, filepath.Join(path...)), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("%s differs from action.yml (go test -run README -update writes it):\n%s", filepath.Join(path...), diff)
	}
}

func inputsTable(a Action) string {
	var b strings.Builder
	b.WriteString("| input | what | default |\n|---|---|---|\n")
	for _, name := range a.Inputs.Keys {
		in := a.Inputs.Values[name]
		value := "empty"
		if in.Required {
			value = "required"
		} else if in.Default != "" {
			value = "`" + in.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, cell(in.Description), value)
	}
	return b.String()
}

func outputsTable(a Action) string {
	var b strings.Builder
	b.WriteString("| output | what |\n|---|---|\n")
	for _, name := range a.Outputs.Keys {
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, cell(a.Outputs.Values[name].Description))
	}
	return b.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
