package runtime

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/manifest"
	"github.com/seed-b235b314/goldenpath/internal/render"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

const maxPlan = 64 << 20

// planned is a resource as it will be after terraform apply.
type planned struct {
	Address string         `json:"address"`
	Type    string         `json:"type"`
	Mode    string         `json:"mode"`
	Values  map[string]any `json:"values"`
}

type module struct {
	Resources []planned `json:"resources"`
	Children  []module  `json:"child_modules"`
}

// plan reads the output of "terraform show -json". The policy is evaluated on the whole
// plan, and the rules on the Kubernetes objects in it.
func (s Source) plan(t *render.Tree, key string) (r rendering, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cannot read %s: panic: %T", key, p)
		}
	}()
	name := path.Clean(s.Plan)
	text, err := t.Read(name, maxPlan)
	if err != nil {
		return rendering{}, err
	}
	return readPlan(name, key, text)
}

func readPlan(name, key string, text []byte) (rendering, error) {
	r := rendering{generic: name}
	var plan struct {
		Format string `json:"format_version"`
		Values *struct {
			Root *module `json:"root_module"`
		} `json:"planned_values"`
	}
	var whole map[string]any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	err := errors.Join(dec.Decode(&whole), json.Unmarshal(text, &plan))
	if err != nil || plan.Format == "" || plan.Values == nil || plan.Values.Root == nil {
		return r, report.Usage(fmt.Sprintf("%s: %s is not the output of \"terraform show -json\" for a plan", key, name))
	}
	at := report.Location{Path: name}
	r.rego = []input{{value: whole, name: path.Base(name), at: at}}
	return r, r.resources(*plan.Values.Root, at, 0)
}

func (r *rendering) resources(m module, at report.Location, depth int) error {
	if depth > 100 {
		return errors.New("cannot read the plan: the modules are nested more than 100 levels deep")
	}
	for _, one := range m.Resources {
		if one.Mode == "data" {
			continue
		}
		r.resource(one, at)
	}
	for _, child := range m.Children {
		if err := r.resources(child, at, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (r *rendering) resource(one planned, at report.Location) {
	var texts [][]byte
	switch {
	case one.Type == "kubernetes_manifest":
		text, err := json.Marshal(one.Values["manifest"])
		if err == nil {
			texts = append(texts, text)
		}
	case one.Type == "kubectl_manifest":
		text, _ := one.Values["yaml_body"].(string)
		texts = append(texts, []byte(text))
	case strings.HasPrefix(one.Type, "kubernetes_"):
		r.found = append(r.found, attributes(one, at)...)
	}
	for _, text := range texts {
		objects, err := manifest.Parse(at.Path, text)
		if err != nil {
			r.missing = append(r.missing, unread(one.Address, err))
		}
		for _, o := range objects {
			r.objects = append(r.objects, o.Unplaced())
		}
	}
}

// attributes finds the attributes of resources of Terraform's kubernetes provider that
// give access to the node, at any depth.
func attributes(one planned, at report.Location) (out []manifest.Violation) {
	add := func(id, field, message string) {
		i := slices.IndexFunc(manifest.Rules, func(r manifest.Rule) bool { return r.ID == id })
		rule := manifest.Rules[i]
		out = append(out, manifest.Violation{
			Rule: id, Severity: rule.Severity, Message: message, Object: one.Address, Field: field, Fix: rule.Fix, At: at,
		})
	}
	each(one.Values, "", 0, func(field, key string, value any) {
		switch {
		case value == true:
			for _, flag := range []struct{ key, id, message string }{
				{"privileged", "privileged", "is privileged"},
				{"host_network", "host-network", "shares the network of the node"},
				{"host_pid", "host-pid", "shares the processes of the node"},
				{"host_ipc", "host-ipc", "shares the shared memory of the node"},
			} {
				if key == flag.key {
					add(flag.id, field, flag.message)
				}
			}
		case key == "host_path" && value != nil:
			for _, p := range hostPaths(value) {
				if manifest.ReachesSocket(p) {
					add("docker-socket", field, "mounts "+p+" of the node, where the container runtime listens")
				} else {
					add("host-path", field, "mounts "+p+" of the node")
				}
			}
		case key == "role_ref" && strings.HasPrefix(one.Type, "kubernetes_cluster_role_binding"):
			for _, ref := range list(value) {
				if m, _ := ref.(map[string]any); m["name"] == "cluster-admin" {
					add("cluster-admin", field, "grants every permission in the cluster")
				}
			}
		}
	})
	return out
}

// hostPaths returns the paths of a host_path block.
func hostPaths(block any) (paths []string) {
	for _, one := range list(block) {
		m, _ := one.(map[string]any)
		p, _ := m["path"].(string)
		paths = append(paths, p)
	}
	return paths
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// each calls visit for every attribute, in the order of their names.
func each(v any, field string, depth int, visit func(field, key string, value any)) {
	if depth > 1000 {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			at := strings.TrimPrefix(field+"."+key, ".")
			visit(at, key, v[key])
			each(v[key], at, depth+1, visit)
		}
	case []any:
		for i, e := range v {
			each(e, fmt.Sprintf("%s[%d]", field, i), depth+1, visit)
		}
	}
}
