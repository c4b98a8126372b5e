package command

import (
	"runtime/debug"
	"testing"
)

const builtFrom = "3f9c2d1aa0b1c2d3e4f5061728394a5b6c7d8e9f"

func TestBuild(t *testing.T) {
	for want, b := range map[string]Build{
		"v0.1.0 (3f9c2d1aa0b1)":            {Version: "v0.1.0", Commit: builtFrom, Release: true},
		"v0.1.0":                           {Version: "v0.1.0"},
		"development, commit " + builtFrom: {Commit: builtFrom},
		"development, commit " + builtFrom + " with uncommitted changes": {Commit: builtFrom, Modified: true},
		"development": {},
	} {
		if got := b.String(); got != want {
			t.Errorf("%+v: %q, want %q", b, got, want)
		}
	}
}

// A binary built in a clone knows its commit, which init pins to (NEWCOMER, "Adopting it
// on GitHub", 2).
func TestBuiltFromClone(t *testing.T) {
	for name, tt := range map[string]struct {
		version, modified string
		want              Build
	}{
		"commit":      {"v0.0.0-20261128101112-3f9c2d1aa0b1", "false", Build{Commit: builtFrom}},
		"with edits":  {"v0.0.0-20261128101112-3f9c2d1aa0b1+dirty", "true", Build{Commit: builtFrom, Modified: true}},
		"tag":         {"v0.1.0", "false", Build{Version: "v0.1.0", Commit: builtFrom}},
		"no versions": {"(devel)", "false", Build{Commit: builtFrom}},
	} {
		info := &debug.BuildInfo{Main: debug.Module{Version: tt.version}, Settings: []debug.BuildSetting{
			{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: builtFrom}, {Key: "vcs.modified", Value: tt.modified},
		}}
		if got := built(info, ""); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
	if got := built(&debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, ""); got != (Build{}) {
		t.Errorf("without a stamp: %+v", got)
	}
}
