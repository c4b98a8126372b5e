package command

import "path/filepath"

// CacheFolder is goldenpath's folder in the user's cache. Whatever is in it can be made
// again.
func CacheFolder(env *Env) string {
	if dir := env.Getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "goldenpath")
	}
	return filepath.Join(env.Getenv("HOME"), ".cache", "goldenpath")
}
