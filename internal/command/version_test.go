package command

import "testing"

func TestBuild(t *testing.T) {
	const id = "3f9c2d1aa0b1c2d3e4f5061728394a5b6c7d8e9f"
	for want, b := range map[string]Build{
		"v0.1.0 (3f9c2d1aa0b1)": {Version: "v0.1.0", Commit: id, Release: true},
		"v0.1.0":                {Version: "v0.1.0"},
		"3f9c2d1aa0b1":          {Commit: id},
		"abc":                   {Commit: "abc"},
		"development":           {},
	} {
		if got := b.String(); got != want {
			t.Errorf("%+v: %q, want %q", b, got, want)
		}
	}
}
