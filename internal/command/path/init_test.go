package path

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestOwnerOf(t *testing.T) {
	for _, tt := range []struct{ remote, owner, name string }{
		{"https://github.com/acme/shop.git", "acme", "shop"},
		{"https://github.com/acme/shop/", "acme", "shop"},
		{"https://token@github.com/acme/shop", "acme", "shop"},
		{"ssh://git@github.com:22/acme/shop.git", "acme", "shop"},
		{"git@github.com:acme/shop.git", "acme", "shop"},
		{"/srv/git/acme/shop.git", "", ""},
		{"../shop", "", ""},
		{"C:\\acme\\shop", "", ""},
		{"https://gitlab.example.com/group/sub/shop.git", "", ""},
		{"https://github.com/acme", "", ""},
		{"", "", ""},
		{"://", "", ""},
	} {
		if owner, name := ownerOf(tt.remote); owner != tt.owner || name != tt.name {
			t.Errorf("%q: %q, %q, want %q, %q", tt.remote, owner, name, tt.owner, tt.name)
		}
	}
}

// TestReleasePin: only a release that was built from an unchanged commit pins.
func TestReleasePin(t *testing.T) {
	commit := strings.Repeat("c0", 20)
	for _, tt := range []struct {
		name, version, revision, modified, pin string
	}{
		{"release", "v1.2.3", commit, "false", commit},
		{"changed", "v1.2.3", commit, "true", ""},
		{"before a release", "v1.2.4-0.20261127120000-abcdef123456", commit, "false", ""},
		{"of a working tree", "(devel)", commit, "false", ""},
		{"without a commit", "v1.2.3", "", "false", ""},
	} {
		info := &debug.BuildInfo{Main: debug.Module{Version: tt.version}, Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: tt.revision}, {Key: "vcs.modified", Value: tt.modified},
		}}
		if pin, _ := releasePin(info, true); pin != tt.pin {
			t.Errorf("%s: %q, want %q", tt.name, pin, tt.pin)
		}
	}
	if pin, _ := releasePin(nil, false); pin != "" {
		t.Error(pin)
	}
}
