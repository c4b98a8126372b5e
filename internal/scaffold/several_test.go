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
	start := func(folder string) (text, title string, err error) {
		r, err := Init(Options{Dir: dir, Folder: folder, Owner: "Acme", Name: "shop", Now: time.Now})
		if err != nil {
			return "", "", err
		}
		b, err := os.ReadFile(filepath.Join(dir, folder, ".goldenpath.yml"))
		return string(b), r.Title, err
	}
	for folder, want := range map[string]string{"apps/site": "app: site\nartifact:\n  image: ghcr.io/acme/shop/site\n", "apps/api": "app: api\nartifact:\n  image: ghcr.io/acme/shop/api\n"} {
		text, _, err := start(folder)
		if err != nil || !strings.Contains(text, want) {
			t.Errorf("%s: %v, got\n%s", folder, err, text)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, mainStarter))
	if err != nil || !strings.Contains(string(b), "/pull-request-apps.yml@") || !strings.Contains(string(b), "/release-apps.yml@") {
		t.Errorf("%v, the workflow is\n%s", err, b)
	}
	for folder, want := range map[string]string{"apps": "it has the apps of apps/", "docs": "init recognises no app in docs"} {
		if _, _, err := start(folder); err == nil || !strings.Contains(err.Error(), strings.Replace(want, "apps/", "api/.goldenpath.yml, site/", 1)) {
			t.Errorf("%s: %v, want %q", folder, err, want)
		}
	}
	// At the top, init writes no configuration. The workflow for one app is kept, and named.
	put(mainStarter, strings.ReplaceAll(string(b), "-apps.yml@", ".yml@"))
	r, err := Init(Options{Dir: dir, Owner: "Acme", Name: "shop", Now: time.Now})
	if err != nil || len(r.Checks) == 0 || !strings.Contains(r.Checks[0].Note, "call pull-request-apps.yml") {
		t.Errorf("%v, %+v", err, r)
	}
	if _, err := os.Stat(filepath.Join(dir, ".goldenpath.yml")); err == nil {
		t.Error("init wrote a configuration at the top")
	}
}
