package target

import "fmt"

// Place identifies where an environment runs. A target finds it without a request.
type Place struct {
	Kind string // process, kubernetes, terraform
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
