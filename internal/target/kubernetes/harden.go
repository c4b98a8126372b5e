package kubernetes

import (
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// nonRootUser is the user that runs an image whose own user is not numeric. A node
// cannot check that a user name is not root.
const nonRootUser = int64(65532)

// harden sets the fields that the Pod Security Standard "restricted" requires and that a
// chart does not set. It does not change values that the chart sets; they are refused if
// they violate the standard.
func (p *prepared) harden(all []*unstructured.Unstructured, d target.Deployment) {
	for _, o := range all {
		for _, spec := range podSpecs(o) {
			if mapAt(spec, "os")["name"] == "windows" {
				continue // Windows rejects these fields
			}
			security := child(spec, "securityContext")
			setAbsent(security, "runAsNonRoot", true)
			setAbsent(security, "seccompProfile", map[string]any{"type": "RuntimeDefault"})
			setAbsent(spec, "automountServiceAccountToken", false)
			for _, c := range containers(spec) {
				own := child(c, "securityContext")
				setAbsent(own, "allowPrivilegeEscalation", false)
				capabilities := child(own, "capabilities")
				setAbsent(capabilities, "drop", []any{"ALL"})
				if image, _ := c["image"].(string); image == d.Reference && own["runAsUser"] == nil && security["runAsUser"] == nil {
					if user, ok := p.user(d); ok {
						own["runAsUser"] = user
					}
				}
			}
		}
	}
}

// user returns the user to set for the artifact, and whether one must be set, because
// the artifact's image does not name a numeric user.
func (p *prepared) user(d target.Deployment) (int64, bool) {
	if d.Image == nil {
		return 0, false
	}
	config, err := d.Image.ConfigFile()
	if err != nil {
		return 0, false
	}
	name, _, _ := strings.Cut(config.Config.User, ":")
	if n, err := strconv.ParseInt(name, 10, 64); err == nil && n > 0 {
		return 0, false
	}
	note := fmt.Sprintf("the image's user is %q, which a node cannot check for root: it runs as %d", clip(config.Config.User), nonRootUser)
	if len(p.notes) == 0 || p.notes[len(p.notes)-1] != note {
		p.notes = append(p.notes, note)
	}
	return nonRootUser, true
}

// child returns the mapping below a key. If the mapping is missing, child creates it.
func child(m map[string]any, key string) map[string]any {
	if c, ok := m[key].(map[string]any); ok {
		return c
	}
	if m[key] != nil {
		return map[string]any{} // of a wrong type, which refuse reports
	}
	c := map[string]any{}
	m[key] = c
	return c
}

// setAbsent sets a value that is missing or null.
func setAbsent(m map[string]any, key string, value any) {
	if m[key] == nil {
		m[key] = value
	}
}
