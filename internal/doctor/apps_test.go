package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestConfigurations (GP-PATH-10): a repository whose apps are in folders lacks nothing at the
// top, and a mistake names the folder.
func TestConfigurations(t *testing.T) {
	dir := t.TempDir()
	put := func(folder, text string) {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, folder, config.File), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("apps/web", "version: 1\napp: web\n")
	r := &repo{o: Options{Dir: dir, Files: []string{"apps/web/.goldenpath.yml", "testdata/x/.goldenpath.yml"}}, mistakes: config.ErrMissing}
	if f := configuration(r); f.state != report.OK || !strings.Contains(f.found, "1 app with a valid configuration: apps/web") {
		t.Errorf("%+v", f)
	}
	put("apps/web", "version: 1\napps: web\n")
	if f := configuration(r); f.state != report.Failed || !strings.Contains(f.found, "apps/web/.goldenpath.yml:2:1") {
		t.Errorf("%+v", f)
	}
}
