package manifest

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/runtime-policy.md")

// TestDocument: the table in docs/runtime-policy.md is that of Rules.
func TestDocument(t *testing.T) {
	const name, begin, end = "../../docs/runtime-policy.md", "<!-- rules -->\n", "<!-- end -->\n"
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(b), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("no table")
	}
	var table strings.Builder
	table.WriteString("| rule | severity | what goes wrong | remedy |\n|---|---|---|---|\n")
	for _, r := range Rules {
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", r.ID, r.Severity, r.What, r.Fix)
	}
	want := head + begin + table.String() + end + tail
	if want == string(b) {
		return
	}
	if !*update {
		t.Fatalf("%s is not what Rules says: go test ./internal/manifest -update", name)
	}
	if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
