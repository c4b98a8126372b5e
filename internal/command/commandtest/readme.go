package commandtest

import (
	"fmt"
	"strings"
	"testing"
)

// CheckREADME checks the tables of an action's README against its action.yml, or updates
// them.
func CheckREADME(t *testing.T, name string, update bool) {
	a := ReadAction(t, name)
	splice(t, []string{"actions", name, "README.md"}, map[string]string{"inputs": inputsTable(a), "outputs": outputsTable(a)},
		"go test ./internal/command/path -run README -update", update)
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
