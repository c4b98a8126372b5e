package process

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/target"
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

// given are the variables of a deployment.
type given struct {
	env         map[string]string // all of them
	secrets     []string          // values that no output contains
	connections map[string]string // of services, for commands on this machine; they are part of env
	notes       []string
}

// given returns the variables of a deployment: the secrets override what the deployment
// sets, and both override what services provide.
func (t *Target) given(ctx context.Context, e *environment, d target.Deployment) (given, error) {
	secrets := values(d.Secrets)
	g := given{env: map[string]string{}, secrets: slices.Collect(maps.Values(secrets))}
	wanted := d.Services.Wanted(func(variable string) bool {
		_, set := d.Env[variable]
		_, secret := secrets[variable]
		return set || secret
	})
	for _, p := range programs {
		if !slices.Contains(wanted, p.ServiceKind) {
			if err := e.service(p.Name).stop(ctx); err != nil {
				return g, err
			}
			continue
		}
		s, err := t.service(ctx, e, p, p.Of(d.Services))
		if err != nil {
			return g, err
		}
		if g.connections == nil {
			g.connections = map[string]string{}
		}
		maps.Copy(g.connections, p.Variables("127.0.0.1", s.Port, s.Password))
		g.notes, g.secrets = append(g.notes, s.Notes...), append(g.secrets, s.Password)
	}
	for _, all := range []map[string]string{g.connections, d.Env, secrets} {
		maps.Copy(g.env, all)
	}
	return g, nil
}

// values returns the values of secrets.
func values(secrets map[string]target.Secret) map[string]string {
	out := map[string]string{}
	for name, s := range secrets {
		out[name] = s.Value
	}
	return out
}

func checkEnv(env map[string]string) error {
	for _, k := range slices.Sorted(maps.Keys(env)) {
		if k == "" || strings.ContainsAny(k, "=\x00") || strings.Contains(env[k], "\x00") {
			return fmt.Errorf("variable %q cannot be passed to a program: rename it, and remove NUL from its value", k)
		}
	}
	return nil
}
