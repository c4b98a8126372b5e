package scaffold

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestDocument holds the table of docs/init.md to the files.
func TestDocument(t *testing.T) {
	var table strings.Builder
	table.WriteString("| file | for |\n|---|---|\n")
	for _, f := range files() {
		fmt.Fprintf(&table, "| `%s` | %s |\n", f.path, f.why)
	}
	const name, begin, end = "../../docs/init.md", "<!-- files: go test ./internal/scaffold -update -->\n", "<!-- end -->\n"
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(b), begin)
	have, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table", name)
	}
	if *update {
		if err := os.WriteFile(name, []byte(head+begin+table.String()+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if have != table.String() {
		t.Errorf("the table of %s is not that of files(): go test ./internal/scaffold -update", name)
	}
	for _, l := range languages() {
		if !strings.Contains(head+tail, "`"+l.markers[0]+"`") {
			t.Errorf("%s does not say how %s is recognised", name, l.name)
		}
	}
}

// TestWith: a starter for some repositories is written when it is asked for, and
// otherwise said with its reason.
func TestWith(t *testing.T) {
	all := conditional()
	if len(all) == 0 {
		t.Fatal("no starter says whom it is for")
	}
	o := options(t.TempDir())
	r := run(t, o)
	for _, name := range all {
		if !strings.Contains(log(t, r), ": --with "+name) {
			t.Errorf("%s is not said:\n%s", name, log(t, r))
		}
	}
	o.With = all
	if r := run(t, o); r.Output("written") != fmt.Sprint(len(all)) {
		t.Errorf("%s with %v", r.Title, all)
	}
	o.With = []string{"lunch"}
	if _, err := Init(o); err == nil || !strings.Contains(err.Error(), `--with "lunch" is not an optional starter; optional starters are: `+strings.Join(all, ", ")) {
		t.Error(err)
	}
}
