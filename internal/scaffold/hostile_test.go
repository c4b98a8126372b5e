package scaffold

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

func mkdir(t *testing.T, path ...string) string {
	t.Helper()
	dir := filepath.Join(path...)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func put(t *testing.T, name, text string) {
	t.Helper()
	mkdir(t, filepath.Dir(name))
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestNothingOutside: whatever stands where init would write, it says all of it at
// once, as a mistake, and writes nothing, here and elsewhere.
func TestNothingOutside(t *testing.T) {
	dir, outside := mkdir(t, t.TempDir(), "shop"), t.TempDir()
	for from, to := range map[string]string{".github": outside, ".goldenpath": filepath.Join(outside, "none"), "llm": "/etc"} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(dir, "docs"), "a file")
	mkdir(t, dir, ".pre-commit-config.yaml")
	before := len(snapshotNames(t, dir))
	r, err := Init(options(dir))
	var usage *report.UsageError
	if r != nil || !errors.As(err, &usage) {
		t.Fatalf("%v, %v", r, err)
	}
	for _, want := range []string{".github is a link", ".goldenpath is a link", "llm is a link", "docs is a file", ".pre-commit-config.yaml is a folder"} {
		if n := strings.Count(usage.Problem, want); n != 1 {
			t.Errorf("%q is said %d times in\n%s", want, n, usage.Problem)
		}
	}
	if got := snapshotNames(t, outside); len(got) > 0 || len(snapshotNames(t, dir)) != before {
		t.Errorf("written: %v and %v", got, snapshotNames(t, dir))
	}
}

func snapshotNames(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestLinksInside: a link that stays in the repository is a folder like any other,
// and a file that is a link is left alone, wherever it leads.
func TestLinksInside(t *testing.T) {
	dir := mkdir(t, t.TempDir(), "shop")
	mkdir(t, dir, "meta")
	for from, to := range map[string]string{".github": "meta", ".goldenpath.yml": "/etc/passwd", ".pre-commit-config.yaml": "nowhere"} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	r := run(t, options(dir))
	if _, err := os.Stat(filepath.Join(dir, "meta", "CODEOWNERS")); err != nil {
		t.Error(err)
	}
	for _, c := range r.Checks {
		if (c.Name == ".goldenpath.yml" || c.Name == ".pre-commit-config.yaml") && c.State == report.Skipped && c.Note != "a symbolic link" {
			t.Errorf("%+v", c)
		}
	}
	if strings.Contains(log(t, r), "root:") {
		t.Error("what a link leads to is shown")
	}
}

// TestLargeAndMany: what is too large or too much is said and not read.
func TestLargeAndMany(t *testing.T) {
	dir := mkdir(t, t.TempDir(), "shop")
	f, err := os.Create(filepath.Join(dir, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(10<<20), f.Close()); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "a", "go.mod"), "module x\n")
	put(t, filepath.Join(dir, "deep", "package.json"), strings.Repeat(`{"scripts":`, 20_000))
	for i := range 10 {
		put(t, filepath.Join(dir, fmt.Sprintf("s%d", i), "requirements.txt"), "flask\n")
	}
	if err := os.Symlink("/etc", filepath.Join(dir, "z")); err != nil {
		t.Fatal(err)
	}
	r := run(t, options(dir))
	said := log(t, r)
	for _, want := range []string{"package.json was not read: it is larger than 1 MiB", "deep/package.json is not used", "more folders with code are not in the configuration"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not said:\n%s", want, said)
		}
	}
}

// TestFailedWrite: a write that fails ends the run with an error and the report of
// what was written, leaves nothing half-written, and the next run goes on.
func TestFailedWrite(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere: nothing makes a write fail")
	}
	dir := mkdir(t, t.TempDir(), "shop")
	docs := mkdir(t, dir, "docs")
	if err := os.Chmod(docs, 0o555); err != nil {
		t.Fatal(err)
	}
	r, err := Init(options(dir))
	if err == nil || r == nil || r.Verdict != report.Fail {
		t.Fatalf("%v, %v", r, err)
	}
	if got := snapshotNames(t, docs); len(got) > 0 {
		t.Error(got)
	}
	if err := os.Chmod(docs, 0o755); err != nil {
		t.Fatal(err)
	}
	if r := run(t, options(dir)); r.Output("written") == "0" {
		t.Error(r.Title)
	}
}

// TestWriteNeverReplaces: not even a file that came after init looked.
func TestWriteNeverReplaces(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := write(root, "a/b.txt", "first"); err != nil {
		t.Fatal(err)
	}
	if err := write(root, "a/b.txt", "second"); !errors.Is(err, os.ErrExist) {
		t.Errorf("%v, want that it exists", err)
	}
	// One that cannot be put in its place leaves nothing behind.
	if err := write(root, "a/"+strings.Repeat("x", 300), "third"); err == nil || errors.Is(err, os.ErrExist) {
		t.Errorf("%v, want that the name is too long", err)
	}
	if diff := cmp.Diff(map[string]string{"a/b.txt": "first"}, snapshot(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// TestNames: what a person, a remote or a folder is called becomes an app, an image
// and owners, or a mistake.
func TestNames(t *testing.T) {
	for _, tt := range []struct {
		o                Options
		app, image, fail string
	}{
		{o: Options{}, app: "my-shop-2"},
		{o: Options{Owner: "Acme", Name: "Till.Web_2"}, app: "till-web-2", image: "ghcr.io/acme/till-web-2"},
		{o: Options{Owner: "acme/evil\n", Name: "..."}, app: "my-shop-2"},
		{o: Options{App: "till", Image: "registry.example.com:5000/acme/till"}, app: "till", image: "registry.example.com:5000/acme/till"},
		{o: Options{App: "Till: x"}, fail: "--app Till: x is not a valid app name"},
		{o: Options{Image: "acme/till:1"}, fail: "--image acme/till:1 is not a valid image repository"},
		{o: Options{Name: strings.Repeat("x-", 60)}, app: strings.Trim(strings.Repeat("x-", 20), "-")},
	} {
		tt.o.Dir, tt.o.Now = mkdir(t, t.TempDir(), "My Shop (2)"), now
		r, err := Init(tt.o)
		if tt.fail != "" {
			if err == nil || !strings.Contains(err.Error(), tt.fail) {
				t.Errorf("%+v: %v, want %s", tt.o, err, tt.fail)
			}
			continue
		}
		if err != nil {
			t.Errorf("%+v: %v", tt.o, err)
			continue
		}
		if d := dataOf[*Data](t, r); d.App != tt.app || d.Image != tt.image {
			t.Errorf("%+v: app %q and image %q, want %q and %q", tt.o, d.App, d.Image, tt.app, tt.image)
		}
	}
}

// TestBrokenConfiguration: it is kept, and what is wrong with it is said.
func TestBrokenConfiguration(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, config.File), "version: 1\napp: till\nartefact: {}\n")
	r := run(t, options(dir))
	if said := log(t, r); !strings.Contains(said, `unknown key "artefact"`) || r.Verdict != report.Warn {
		t.Error(said)
	}
}

// TestWaivers: the gate reads the file, and its example once it is uncommented.
func TestWaivers(t *testing.T) {
	dir := t.TempDir()
	run(t, options(dir))
	name := filepath.Join(dir, ".goldenpath", "waivers.yml")
	if w, err := gate.ReadWaivers(dir, ".goldenpath/waivers.yml", gate.WaiverMaxAge, now()); err != nil || len(w) > 0 {
		t.Fatal(w, err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(strings.Replace(string(b), "waivers: []", "waivers:", 1), "\n#", "\n")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if w, err := gate.ReadWaivers(dir, ".goldenpath/waivers.yml", gate.WaiverMaxAge, now()); err != nil || len(w) != 1 {
		t.Error(w, err)
	}
}

func dataOf[T any](t *testing.T, r *report.Report) T {
	t.Helper()
	v, err := report.DataOf[T](r)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
