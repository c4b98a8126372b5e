package reach

import (
	"encoding/json/v2"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/ossf/osv-schema/bindings/go/osvschema"
	"google.golang.org/protobuf/encoding/protojson"
)

// identifier matches the ids of the Go vulnerability database. Only its advisories name
// vulnerable functions.
var identifier = regexp.MustCompile(`^GO-[0-9]+-[0-9]+$`)

// Asks reports whether govulncheck can say something about an advisory: it is of the Go
// vulnerability database.
func Asks(v *osvschema.Vulnerability) bool { return identifier.MatchString(v.GetId()) }

// modules returns the paths of the modules that an advisory is about.
func modules(v *osvschema.Vulnerability) (out []string) {
	for _, a := range v.GetAffected() {
		if name := a.GetPackage().GetName(); name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// named reports whether the advisory names the vulnerable packages wherever it is about the
// module, and whether it names functions of each package.
func (v Vulnerability) named() (packages, functions bool) {
	functions = true
	for _, a := range v.Advisory.GetAffected() {
		if a.GetPackage().GetName() != v.Module {
			continue
		}
		imports := a.GetEcosystemSpecific().GetFields()["imports"].GetListValue().GetValues()
		if len(imports) == 0 {
			return false, false
		}
		packages = true
		for _, i := range imports {
			functions = functions && len(i.GetStructValue().GetFields()["symbols"].GetListValue().GetValues()) > 0
		}
	}
	return packages, functions
}

// writeDatabase writes the advisories into a folder, in the format of the Go vulnerability
// database.
func writeDatabase(dir string, known []Vulnerability) error {
	type reference struct {
		ID string `json:"id"`
	}
	type module struct {
		Path  string      `json:"path"`
		Vulns []reference `json:"vulns"`
	}
	var index []*module
	for _, sub := range []string{"ID", "index"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	for _, k := range known {
		v := k.Advisory
		if !Asks(v) {
			return fmt.Errorf("%q is not an advisory of the Go vulnerability database", v.GetId())
		}
		if seen[v.GetId()] {
			continue
		}
		seen[v.GetId()] = true
		for _, name := range modules(v) {
			i := slices.IndexFunc(index, func(m *module) bool { return m.Path == name })
			if i < 0 {
				i, index = len(index), append(index, &module{Path: name})
			}
			index[i].Vulns = append(index[i].Vulns, reference{v.GetId()})
		}
		// More fields are not needed, and some could have another form.
		text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(&osvschema.Vulnerability{Id: v.GetId(), Affected: v.GetAffected()})
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "ID", v.GetId()+".json"), text, 0o600)
		}
		if err != nil {
			return err
		}
	}
	text, err := json.Marshal(index)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "index", "modules.json"), text, 0o600)
}
