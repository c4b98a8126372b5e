package scaffold

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSeveralApps (GP-PATH-10): in a folder, init looks at that folder alone, writes its
// configuration there, and the workflow for several apps at the top, once.
func TestSeveralApps(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("apps/site/index.html", "<p>site</p>")
	put("apps/api/index.html", "<p>api</p>")
	put("docs/notes.md", "notes")
	for folder, want := range map[string]string{"apps/site": "app: site\nartifact:\n  image: ghcr.io/acme/shop/site\n", "apps/api": "app: api\nartifact:\n  image: ghcr.io/acme/shop/api\n"} {
		if _, err := Init(Options{Dir: dir, Folder: folder, Owner: "Acme", Name: "shop", Now: time.Now}); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, folder, ".goldenpath.yml"))
		if err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s: %v, got\n%s", folder, err, b)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, mainStarter))
	if err != nil || !strings.Contains(string(b), "/pull-request-apps.yml@") || !strings.Contains(string(b), "/release-apps.yml@") {
		t.Errorf("%v, the workflow is\n%s", err, b)
	}
	// At the top, init writes no configuration. The workflow for one app is kept, and named.
	put(mainStarter, strings.ReplaceAll(string(b), "-apps.yml@", ".yml@"))
	for _, folder := range []string{"", "apps", "docs"} { // a folder without an app is as the top
		r, err := Init(Options{Dir: dir, Folder: folder, Owner: "Acme", Name: "shop", Now: time.Now})
		if err != nil || len(r.Checks) == 0 || !strings.Contains(r.Checks[0].Note, "call pull-request-apps.yml") {
			t.Errorf("%q: %v, %+v", folder, err, r)
		}
		if _, err := os.Stat(filepath.Join(dir, folder, ".goldenpath.yml")); err == nil {
			t.Errorf("init wrote a configuration into %q", folder)
		}
	}
}
