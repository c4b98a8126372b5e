package command

import (
	"cmp"
	"runtime/debug"
)

// A release sets both with linker flags, because it builds without the repository's
// history to get the same bytes in any folder.
var version, commit string

// Build identifies the source of a binary.
type Build struct {
	Version string // v0.1.0 of a release, else the module's version; "" if unknown
	Commit  string // full commit id of the source; "" if unknown
	Release bool   // built by the release process
}

// Built identifies the source of this binary. A release's tag is a later commit than
// Commit, because it names the digests of images that contain this binary.
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

// Version is the version, or the commit if there is no version.
func Version() string {
	b := Built()
	return cmp.Or(b.Version, b.Commit[:min(12, len(b.Commit))], "development")
}
