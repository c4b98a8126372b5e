package process

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// variables are the environment variables of an application. They contain no variable of
// the caller's environment, so the application has no access to the caller's tokens.
type variables struct {
	image []string          // of the image
	given map[string]string // of the deployment
	path  string            // PATH: the image's folders, then the host's
	home  string
	tmp   string
	ours  []string // set last
}

// list returns the variables as sorted NAME=VALUE strings. It replaces the image's PATH,
// HOME and TMPDIR, because those name folders inside the image.
func (v variables) list() []string {
	all := map[string]string{"LANG": "C.UTF-8"}
	set := func(list []string) {
		for _, kv := range list {
			if k, val, ok := strings.Cut(kv, "="); ok && k != "" {
				all[k] = val
			}
		}
	}
	set(v.image)
	all["PATH"], all["HOME"], all["TMPDIR"] = v.path, v.home, v.tmp
	maps.Copy(all, v.given)
	set(v.ours)
	var list []string
	for _, k := range slices.Sorted(maps.Keys(all)) {
		list = append(list, k+"="+all[k])
	}
	return list
}

func checkEnv(env map[string]string) error {
	for _, k := range slices.Sorted(maps.Keys(env)) {
		if k == "" || strings.ContainsAny(k, "=\x00") || strings.Contains(env[k], "\x00") {
			return fmt.Errorf("variable %q cannot be passed to a program: rename it, and remove NUL from its value", k)
		}
	}
	return nil
}
