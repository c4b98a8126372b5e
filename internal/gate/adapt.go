package gate

import (
	"path"
	"runtime/debug"
	"slices"
	"strings"
)

// ModuleVersion is the version of a module linked into this binary, or
// "unknown".
func ModuleVersion(module string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == module {
				return m.Version
			}
		}
	}
	return "unknown"
}

// Excluded reports whether a slash-separated path equals one of the prefixes or is
// below one of them.
func Excluded(name string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool {
		p = path.Clean(p)
		return name == p || strings.HasPrefix(name, p+"/")
	})
}
