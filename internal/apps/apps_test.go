package apps

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/git"
)

// repository commits files, given as name and content in turn.
func repository(t *testing.T, files ...string) git.Repository {
	t.Helper()
	dir := t.TempDir()
	for pair := range slices.Chunk(files, 2) {
		name := filepath.Join(dir, pair[0])
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(pair[1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=ann", "-c", "user.email=ann@example.com", "commit", "-q", "-m", "one"}} {
		if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	return git.Own(dir)
}

// TestList (GP-PATH-10): the apps of a commit are the folders with a configuration, without
// fixtures. An invalid configuration does not hide its app.
func TestList(t *testing.T) {
	r := repository(t, ".goldenpath.yml", "app: shop\n", "apps/web/.goldenpath.yml", "app: web\n", "apps/Öl/.goldenpath.yml", "app: [\n",
		"apps/web/admin/.goldenpath.yml", "app: admin\n", "testdata/x/.goldenpath.yml", "app: web\n", "web/node_modules/y/.goldenpath.yml", "app: web\n")
	all, err := List(t.Context(), r, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range all {
		got = append(got, a.Folder+"="+a.Name)
	}
	if want := []string{"=shop", "apps/web=web", "apps/web/admin=admin", "apps/Öl=apps--l"}; !slices.Equal(got, want) {
		t.Errorf("apps %q, want %q", got, want)
	}
	for folder, want := range map[string][]string{
		"": {"apps/web", "apps/web/admin", "apps/Öl"}, "apps/web": {"apps/web/admin", "apps/Öl"}, "apps/web/admin": {"apps/Öl"},
	} {
		if others := all.Others(folder); !slices.Equal(others, want) {
			t.Errorf("the others of %q are %q, want %q", folder, others, want)
		}
	}
	for dir, want := range map[string]string{"": "", "apps": "", "apps/web": "apps/web", "apps/web/admin": "apps/web/admin"} {
		if folder, err := At(r.Dir(), filepath.Join(r.Dir(), dir)); err != nil || folder != want {
			t.Errorf("%q belongs to %q, %v, want %q", dir, folder, err, want)
		}
	}
}

// TestCollisions: two apps with one name or one image are refused, with both files.
func TestCollisions(t *testing.T) {
	for name, second := range map[string]string{"app": "app: web\n", "artifact.image": "app: api\nartifact: {image: web}\n"} {
		_, err := List(t.Context(), repository(t, "a/.goldenpath.yml", "app: web\n", "b/.goldenpath.yml", second), "HEAD")
		if err == nil || !strings.Contains(err.Error(), "a/.goldenpath.yml and b/.goldenpath.yml have the same "+name+": web") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCheck: a folder that a workflow names is one of the checkout, and has an app.
func TestCheck(t *testing.T) {
	r := repository(t, "apps/web/.goldenpath.yml", "app: web\n")
	for folder, ok := range map[string]bool{"apps/web": true, "apps": false, "apps/web/": false, "../x": false, ".": false, "/etc": false} {
		if err := Check(r.Dir(), folder); (err == nil) != ok {
			t.Errorf("%q: %v", folder, err)
		}
	}
}
