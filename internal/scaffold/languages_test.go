package scaffold

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestLanguages (NEWCOMER 6, GP-GOV-4): for repositories in each language, the commands
// that install, test, build and start it, where they come from, how the app takes its
// port, and what is left to the reader.
func TestLanguages(t *testing.T) {
	names, err := filepath.Glob("testdata/languages/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no archives", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var files []txtar.File
			want := ""
			for _, f := range a.Files {
				if f.Name == "want" {
					want = string(f.Data)
				} else {
					files = append(files, f)
				}
			}
			root, err := os.OpenRoot(repository(t, a))
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			tree, err := listFiles(root)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, p := range parts(tree) {
				describe(&got, p)
			}
			for _, note := range tree.notes {
				fmt.Fprintln(&got, "note:", note)
			}
			if *update {
				made := txtar.Format(&txtar.Archive{Comment: a.Comment, Files: append(files, txtar.File{Name: "want", Data: []byte(got.String())})})
				if err := os.WriteFile(name, made, 0o644); err != nil {
					t.Fatal(err)
				}
			} else if diff := cmp.Diff(want, got.String()); diff != "" {
				t.Errorf("expected (-) and found (+), go test -update accepts:\n%s", diff)
			}
		})
	}
}

// describe writes what was found of a part, one fact a line.
func describe(b *strings.Builder, p Part) {
	fmt.Fprintf(b, "%s, %s in %s: %s\n", p.Language, p.Manager, p.Dir, p.From)
	line := func(name, value, why string) {
		if why != "" {
			why = "   # " + why
		}
		if value != "" {
			fmt.Fprintf(b, "  %s: %s%s\n", name, value, why)
		}
	}
	for _, s := range p.Steps {
		line(s.name, s.run, s.why)
		line("  junit", s.junit, "")
	}
	line("lacks", p.Lacks, "")
	line("refused", strings.Join(p.Refused, "; "), "")
	if p.Start == nil {
		return
	}
	s := p.Start
	line("package", s.build, "")
	line("start", strings.Join(s.entrypoint, " "), s.why)
	for _, kv := range s.env {
		line("  "+kv[0], kv[1], "")
	}
	line("port", s.port.value, s.port.why)
	line("health", s.health.value, s.health.why)
	line("runtime", s.runtime, "")
	line("check", s.check, "")
}
