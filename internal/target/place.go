package target

import (
	"fmt"
	"strings"
)

// Place identifies where an environment runs. A target finds it without a request.
type Place struct {
	Kind string // process, kubernetes, terraform, server
	Name string // "cluster https://10.0.0.1:6443 namespace shop-production"
	Via  string // how this machine reaches it: "context prod-eu"; "": nothing to add
}

func (p Place) String() string {
	s := p.Kind
	if p.Name != "" {
		s += ", " + p.Name
	}
	if p.Via != "" {
		s += fmt.Sprintf(" (%s)", p.Via)
	}
	return s
}

// Words replaces {name} and {number} in a URL by what they are for an environment: of
// preview/pr-12 the name is pr-12 and the number 12. What has no number has its name there.
func Words(environment string) *strings.Replacer {
	name := strings.TrimPrefix(environment, "preview/")
	return strings.NewReplacer("{name}", name, "{number}", strings.TrimPrefix(name, "pr-"))
}
