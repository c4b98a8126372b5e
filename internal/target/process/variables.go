package process

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// variables is the environment of an application. Nothing of the caller's is in
// it: whatever token the caller holds, the application does not meet it.
type variables struct {
	image []string          // the image's own
	given map[string]string // the deployment's
	path  string            // PATH: the image's folders, then the host's
	home  string
	tmp   string
	ours  []string // these win over all others
}

// list renders the variables, sorted. PATH, HOME and TMPDIR of the image name
// places inside it and mean nothing on the host.
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
			return fmt.Errorf("check variable %q: no program can be given it: rename it, and keep NUL out of its value", k)
		}
	}
	return nil
}
