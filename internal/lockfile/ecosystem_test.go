package lockfile

import (
	"strings"
	"testing"
)

func TestEcosystems(t *testing.T) {
	files := []string{"README.md", "web/package-lock.json", "web/package.json", "go.mod", "tools/requirements-dev.txt", "x/App.csproj", "Cargo.lock", ".github/workflows/ci.yaml", ".github/dependabot.yml"}
	if got := strings.Join(Ecosystems(files), " "); got != "GitHub Actions Go NuGet PyPI crates.io npm" {
		t.Errorf("ecosystems %q", got)
	}
	for _, m := range Manifests {
		for _, lock := range m.Locks {
			if Ecosystem(strings.ReplaceAll(lock, "*", "")) == "" && lock != "go.sum" {
				t.Errorf("%s of %s has no ecosystem", lock, m.Name)
			}
		}
	}
}
