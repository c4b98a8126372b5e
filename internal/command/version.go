package command

import (
	"cmp"
	"runtime/debug"
)

// The linker of a release sets both: it builds without the repository's history,
// so that the same source gives the same bytes in any folder.
var version, commit string

// Build says what a binary was built from.
type Build struct {
	Version string // v0.1.0, of a release; else of the module, "" when nobody knows
	Commit  string // full id of the source; "" when nobody knows
	Release bool   // built by the release process
}

// Built is what this binary was built from. A release's tag is a commit on top of
// Commit, which names the images by digest: the digests of binaries that would
// have to know it.
func Built() Build {
	if version != "" {
		return Build{Version: version, Commit: commit, Release: true}
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Build{Commit: commit}
	}
	b := Build{Version: info.Main.Version, Commit: commit}
	if b.Version == "(devel)" {
		b.Version = ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.Commit = cmp.Or(b.Commit, s.Value)
		}
	}
	return b
}

// String is the version and the commit, as --version prints them.
func (b Build) String() string {
	switch short := b.Commit[:min(12, len(b.Commit))]; {
	case b.Version != "" && short != "":
		return b.Version + " (" + short + ")"
	default:
		return cmp.Or(b.Version, short, "development")
	}
}

// Version is the version, or else the commit this binary was built from.
func Version() string {
	b := Built()
	return cmp.Or(b.Version, b.Commit[:min(12, len(b.Commit))], "development")
}
