package path

import (
	"os/exec"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/git"
)

// TestOrigin: only a repository on the server has a name there.
func TestOrigin(t *testing.T) {
	for _, tt := range []struct{ remote, name string }{
		{"https://github.com/acme/shop.git", "acme/shop"},
		{"https://github.com/acme/shop/", "acme/shop"},
		{"https://token@github.com/acme/shop", "acme/shop"},
		{"ssh://git@github.com:22/acme/shop.git", "acme/shop"},
		{"git@github.com:acme/shop.git", "acme/shop"},
		{"/srv/git/acme/shop.git", ""},
		{"../shop", ""},
		{"C:\\acme\\shop", ""},
		{"https://gitlab.example.com/group/sub/shop.git", ""},
		{"https://gitlab.example.com/acme/shop.git", ""},
		{"https://github.com/acme", ""},
		{"://", ""},
	} {
		dir := t.TempDir()
		for _, args := range [][]string{{"init", "-q"}, {"remote", "add", "origin", tt.remote}} {
			cmd := exec.Command("git", args...)
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("git %v: %v\n%s", args, err, out)
			}
		}
		if name := origin(t.Context(), git.Own(dir), "https://github.com"); name != tt.name {
			t.Errorf("%q: %q, want %q", tt.remote, name, tt.name)
		}
	}
	if name := origin(t.Context(), git.Own(t.TempDir()), ""); name != "" {
		t.Errorf("a folder without a remote: %q", name)
	}
}
