package command

import (
	"path/filepath"
)

// DefaultDatabases is the default folder of advisory data: goldenpath/databases in the
// user's cache.
func DefaultDatabases(env *Env) string {
	if dir := env.Getenv("GOLDENPATH_DATABASES"); dir != "" {
		return dir
	}
	if dir := env.Getenv("XDG_CACHE_HOME"); dir != "" {
		return filepath.Join(dir, "goldenpath", "databases")
	}
	return filepath.Join(env.Getenv("HOME"), ".cache", "goldenpath", "databases")
}
