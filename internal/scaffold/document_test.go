package scaffold

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestDocument holds the table of docs/init.md to the files.
func TestDocument(t *testing.T) {
	var table strings.Builder
	table.WriteString("| file | for | with |\n|---|---|---|\n")
	for _, f := range files() {
		with := ""
		if f.group != "" {
			with = "`--with " + f.group + "`"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", f.path, f.why, with)
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

// TestWith (NEWCOMER 8): without --with, init writes the configuration and one workflow.
// Each group adds its own files, and a workflow that has nothing to do with target
// process is left out.
func TestWith(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/index.html", "<!doctype html>\n")
	o := options(dir)
	o.With = nil
	r := run(t, o)
	if got := r.Output("written"); got != "2" {
		t.Errorf("%s files by default:\n%s", got, log(t, r))
	}
	for _, g := range groups {
		o := options(t.TempDir())
		o.With = []string{g.Name}
		r, out := run(t, o), log(t, run(t, o))
		if left := slices.Contains(released, g.Name); left != strings.Contains(out, "nothing is released on GitHub") {
			t.Errorf("%s:\n%s", g.Name, out)
		}
		if n := r.Output("written"); n == "2" && !slices.Contains(released, g.Name) && g.Name != "devcontainer" {
			t.Errorf("--with %s adds no file", g.Name)
		}
	}
	o.With = []string{"lunch"}
	if _, err := Init(o); err == nil || !strings.Contains(err.Error(), `--with "lunch" is not a group of files: the groups are github, hooks`) {
		t.Error(err)
	}
	o.With = []string{"sweeps"}
	if _, err := Init(o); err == nil || !strings.Contains(err.Error(), `did you mean "sweep"?`) {
		t.Error(err)
	}
}
