package command

import (
	"cmp"
	"runtime/debug"
	"strings"

	"golang.org/x/mod/module"
)

// A release sets them with linker flags, because it builds without the repository's
// history to get the same bytes in any folder.
var version, commit, image string

// Build identifies the source of a binary.
type Build struct {
	Version  string // v0.1.0 of a release, else the module's version; "" if unknown
	Commit   string // full commit id of the source; "" if unknown
	Modified bool   // the source had changes that Commit does not contain
	Release  bool   // built by the release process
	Image    string // of goldenpath, without a tag, in the registry of the release; "": not a release
}

// Built identifies the source of this binary. A release's tag is a later commit than
// Commit, because it names the digests of images that contain this binary.
func Built() Build {
	if version != "" {
		return Build{Version: version, Commit: commit, Release: true, Image: image}
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Build{Commit: commit}
	}
	return built(info, commit)
}

// built reads what the go command recorded. It records nothing about the commit with
// -buildvcs=false, or if the source is not a git checkout.
func built(info *debug.BuildInfo, commit string) Build {
	b := Build{Version: strings.TrimSuffix(info.Main.Version, "+dirty"), Commit: commit}
	if b.Version == "(devel)" || module.IsPseudoVersion(b.Version) {
		b.Version = "" // a pseudo-version repeats the commit, shortened
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = cmp.Or(b.Commit, s.Value)
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// String is the version and the commit, as --version prints them. Without a version it
// contains the whole commit, which goldenpath init --pin accepts.
func (b Build) String() string {
	switch {
	case b.Version != "" && b.Commit != "":
		return b.Version + " (" + b.Commit[:min(12, len(b.Commit))] + ")"
	case b.Version == "" && b.Commit != "" && b.Modified:
		return "development, commit " + b.Commit + " with uncommitted changes"
	case b.Version == "" && b.Commit != "":
		return "development, commit " + b.Commit
	}
	return cmp.Or(b.Version, "development")
}

// Version is the version, or the commit if there is no version.
func Version() string {
	b := Built()
	return cmp.Or(b.Version, b.Commit[:min(12, len(b.Commit))], "development")
}
