package ledger

import "strings"

// Target is where an environment ran at the time of an entry.
type Target struct {
	Kind  string `json:"kind"`  // process, kubernetes, terraform
	Place string `json:"place"` // "cluster https://10.0.0.1:6443 namespace shop-production", "host laptop folder /src/shop/.git/goldenpath/environments"
}

func (t Target) String() string {
	switch {
	case t.Kind == "":
		return "an unknown target"
	case t.Place == "":
		return t.Kind
	}
	return t.Kind + ", " + t.Place
}

// Same reports whether both targets are the same place. For processes, the same host or
// the same folder is enough: a laptop changes its name, and a clone can be moved.
func (t Target) Same(other Target) bool {
	if t.Kind == "" || t.Kind != other.Kind {
		return false
	}
	if t.Place == other.Place {
		return true
	}
	host, folder, ok := strings.Cut(t.Place, " folder ")
	host2, folder2, ok2 := strings.Cut(other.Place, " folder ")
	return t.Kind == "process" && ok && ok2 && (host == host2 || folder == folder2)
}
