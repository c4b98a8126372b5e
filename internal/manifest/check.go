package manifest

import (
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// Violation is one field that breaks a rule by its value, or by not being set.
type Violation struct {
	Rule     string
	Severity report.Severity
	Message  string // complete without Object and Field: "mounts /etc of the node"
	Object   string // Deployment/web
	Space    string // its namespace; "": that of the deployment
	Field    string // spec.template.spec.volumes[0].hostPath
	Fix      string
	At       report.Location
}

// Check applies the Rules to every object. It considers related objects, such as a service
// account without a token.
func Check(objects []Object) []Violation {
	accounts := tokenless(objects)
	var out []Violation
	for i := range objects {
		c := &inspection{object: &objects[i], tokenless: accounts, seen: map[string]bool{}}
		c.run()
		out = append(out, c.out...)
	}
	return out
}

// Name returns the kind and the name: "Deployment/web".
func (o Object) Name() string {
	kind, _ := o.Map["kind"].(string)
	meta, _ := o.Map["metadata"].(map[string]any)
	name, _ := meta["name"].(string)
	if name == "" {
		if prefix, _ := meta["generateName"].(string); prefix != "" {
			name = prefix + "*"
		}
	}
	if kind == "" {
		kind = "object"
	}
	return strings.TrimSuffix(clip(kind)+"/"+clip(name), "/")
}

// Namespace returns metadata.namespace. "" is the namespace of the deployment.
func (o Object) Namespace() string {
	meta, _ := o.Map["metadata"].(map[string]any)
	namespace, _ := meta["namespace"].(string)
	return clip(namespace)
}

// inspection is the check of one object.
type inspection struct {
	object    *Object
	tokenless map[string]bool
	broken    []hit // fields of a wrong type
	seen      map[string]bool
	out       []Violation
}

// hit is a field that breaks a rule, with a description.
type hit struct {
	at      *field
	message string
}

func (c *inspection) run() {
	root := &field{v: any(c.object.Map), check: c}
	if root.get("kind").text() == "" || root.get("apiVersion").text() == "" {
		root.malformed("has no kind or no apiVersion, so it is not a Kubernetes object")
	}
	root.get("metadata", "name").text()
	pods := podsOf(root)
	for _, rule := range Rules {
		if rule.object != nil {
			c.add(rule, rule.object(root))
		}
		for _, p := range pods {
			if rule.pod != nil {
				c.add(rule, rule.pod(p))
			}
			for _, one := range p.containers {
				if rule.container != nil {
					c.add(rule, rule.container(p, one))
				}
			}
		}
	}
	for _, rule := range Rules {
		if rule.ID == malformed {
			c.add(rule, c.broken)
		}
	}
}

// add adds the violations of a rule, one per field.
func (c *inspection) add(rule Rule, hits []hit) {
	for _, h := range hits {
		path := h.at.path()
		key := rule.ID + " " + path
		if c.seen[key] {
			continue
		}
		c.seen[key] = true
		c.out = append(c.out, Violation{
			Rule: rule.ID, Severity: rule.Severity, Message: h.message, Fix: rule.Fix,
			Object: c.object.Name(), Space: c.object.Namespace(), Field: path,
			At: report.Location{Path: c.object.File, Line: h.at.line()},
		})
	}
}

// clip shortens a name, which may be hostile, for a report.
func clip(s string) string {
	return text.Clip(s, 120)
}
