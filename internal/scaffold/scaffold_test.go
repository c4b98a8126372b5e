package scaffold

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

var update = flag.Bool("update", false, "rewrite what the archives expect")

func now() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) }

// repository lays an archive's repo out in a folder.
func repository(t *testing.T, a *txtar.Archive) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	for _, f := range a.Files {
		name, ok := strings.CutPrefix(f.Name, "repo/")
		if !ok {
			continue
		}
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func options(dir string) Options {
	return Options{Dir: dir, Owner: "Acme", Name: "Shop", Now: now, With: []string{"all"}}
}

// snapshot is every file of a folder.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		all[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestRepositories (GP-GOV-4, GP-PATH-1): for each kind of repository, what is
// written, that a dry run writes nothing, that what was there stays, and that a
// second run changes nothing.
func TestRepositories(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no archives", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := repository(t, a)
			before := snapshot(t, dir)
			o := options(dir)
			for _, f := range a.Files {
				if f.Name == "app-dir" {
					o.AppDir = strings.TrimSpace(string(f.Data))
				}
			}
			dry := o
			dry.DryRun = true
			plan := run(t, dry)
			if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
				t.Fatalf("a dry run changed something:\n%s", diff)
			}
			first := run(t, o)
			after := snapshot(t, dir)
			for name, text := range before {
				if after[name] != text {
					t.Errorf("%s was changed", name)
				}
			}
			if diff := cmp.Diff(strings.ReplaceAll(log(t, plan), "would be written", "written"), log(t, first), cmp.Transformer("lines", withoutEnd)); diff != "" {
				t.Errorf("the dry run (-) is another document than the run (+):\n%s", diff)
			}
			second := run(t, o)
			if diff := cmp.Diff(after, snapshot(t, dir)); diff != "" {
				t.Errorf("a second run changed something:\n%s", diff)
			}
			if second.Output("written") != "0" || second.Reason != "unchanged" {
				t.Errorf("second run: %s, %s", second.Reason, second.Title)
			}
			checkWritten(t, before, after)
			compare(t, name, a, after, first)
		})
	}
}

// withoutEnd takes the verdict's line away, which says that nothing was changed.
func withoutEnd(s string) []string {
	all := strings.Split(strings.TrimSpace(s), "\n")
	return all[:len(all)-1]
}

func run(t *testing.T, o Options) *report.Report {
	t.Helper()
	r, err := Init(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func log(t *testing.T, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteLog(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// compare holds what differs from repository to repository to the archive.
func compare(t *testing.T, name string, a *txtar.Archive, after map[string]string, r *report.Report) {
	t.Helper()
	var fresh []txtar.File
	for _, f := range a.Files {
		if !strings.HasPrefix(f.Name, "want/") {
			fresh = append(fresh, f)
		}
	}
	var said strings.Builder
	for _, c := range r.Checks {
		if c.State != report.OK && c.Name != "pin" {
			said.WriteString(string(c.State) + " " + c.Name + ": " + c.Result + " (" + c.Note + ")\n")
		}
	}
	for _, row := range r.Sections[0].Rows {
		said.WriteString(strings.Join(row, " | ") + "\n")
	}
	for _, want := range []txtar.File{
		{Name: "want/.goldenpath.yml", Data: []byte(after[".goldenpath.yml"])},
		{Name: "want/.github/dependabot.yml", Data: []byte(after[".github/dependabot.yml"])},
		{Name: "want/.pre-commit-config.yaml", Data: []byte(after[".pre-commit-config.yaml"])},
		{Name: "want/.devcontainer/devcontainer.json", Data: []byte(after[".devcontainer/devcontainer.json"])},
		{Name: "want/said", Data: []byte(said.String())},
	} {
		if len(want.Data) > 0 {
			fresh = append(fresh, want)
		}
	}
	made := txtar.Format(&txtar.Archive{Comment: a.Comment, Files: fresh})
	if *update {
		if err := os.WriteFile(name, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(txtar.Format(a)), string(made)); diff != "" && !*update {
		t.Errorf("expected (-) and written (+), go test -update accepts:\n%s", diff)
	}
}
