package trivy

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	library "github.com/aquasecurity/trivy/pkg/iac/terraform"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

var (
	uncheckedResource = omission{"resource of a provider that trivy has no checks for", "resources of providers that trivy has no checks for"}
	otherVariables    = omission{"file of variables that no module loads", "files of variables that no module loads"}
	withoutInstance   = omission{"resource or module without an instance", "resources and modules without an instance"}
	unknownBlock      = omission{"dynamic block whose for_each is unknown", "dynamic blocks whose for_each is unknown"}
	unknownValue      = omission{"argument whose value is unknown", "arguments whose value is unknown"}
)

// variant is a root module with a file of variables that is given on the command line,
// or "".
type variant struct{ dir, extra string }

// maxVariants is the maximum number of variants with a file of variables.
const maxVariants = 20

// variants returns each root module alone and with each file of variables in its folder
// or below it that Terraform does not load by itself, such as prod.tfvars, and the files
// of variables that are left.
func (m *modules) variants(roots []string) (out []variant, unused []string) {
	used := map[string]bool{}
	for _, dir := range roots {
		out = append(out, variant{dir: dir})
		for _, name := range m.variables(dir) {
			used[name] = true
		}
	}
	extra := 0
	for name := range m.texts {
		if isModule(name) || used[name] {
			continue
		}
		dir := path.Dir(name)
		for !slices.Contains(roots, dir) && dir != "." {
			dir = path.Dir(dir)
		}
		if extra++; !slices.Contains(roots, dir) || extra > maxVariants {
			unused = append(unused, name)
			continue
		}
		out = append(out, variant{dir, name})
	}
	slices.SortFunc(out, func(a, b variant) int { return strings.Compare(a.dir+"\x00"+a.extra, b.dir+"\x00"+b.extra) })
	return out, unused
}

// withoutVariables removes the variables that the library would read from the
// environment: the verdict depends on the commit alone.
func withoutVariables() {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "TF_VAR_") {
			os.Unsetenv(name)
		}
	}
}

var (
	outputID = regexp.MustCompile(`(?m)^(\s*output\s+"id)(")`)
	moduleID = regexp.MustCompile(`(\bmodule\.[\w-]+(?:\[[^\]\n]*\])?\.id)()\b`)
)

// visibleID renames the output id of modules: the library returns its own id of the
// module instead, so that what refers to the output is not joined with its resource.
func visibleID(name string, text []byte) []byte {
	if strings.HasSuffix(name, ".json") || !isModule(name) {
		return text
	}
	for _, id := range []*regexp.Regexp{outputID, moduleID} {
		text = id.ReplaceAll(text, []byte("${1}_${2}"))
	}
	return text
}

// isChecked reports whether the resources of this type have checks, or are only helpers.
func isChecked(kind string) bool {
	provider, _, _ := strings.Cut(kind, "_")
	return slices.Contains([]string{
		"aws", "azurerm", "cloudstack", "digitalocean", "github", "google", "nifcloud", "openstack", "opc",
		"archive", "cloudinit", "local", "null", "random", "template", "terraform", "time", "tls",
	}, provider) || strings.HasPrefix(kind, "kubernetes_network_policy")
}

// place is a line of a file.
type place struct {
	file string
	line int
}

type places map[place]bool

// without returns the findings that are not at one of the places, and notes the others.
func (p places) without(found []report.Finding, hidden places) []report.Finding {
	return slices.DeleteFunc(found, func(f report.Finding) bool {
		at := place{f.At.Path, f.At.Line}
		if p[at] {
			hidden[at] = true
		}
		return p[at]
	})
}

// evaluation is a root module with its values.
type evaluation struct {
	variant
	document map[string]any
	unknown  places              // lines where an argument begins whose value is unknown
	known    places              // the other lines where an argument or a block begins
	dynamic  places              // dynamic blocks that are not expanded, because for_each is unknown
	present  map[string][]string // folder: resources and modules
}

func newEvaluation(v variant, modules library.Modules) evaluation {
	e := evaluation{v, nil, places{}, places{}, places{}, map[string][]string{}}
	for _, m := range modules {
		e.present[m.ModulePath()] = append(e.present[m.ModulePath()], "")
		for _, b := range m.GetBlocks() {
			address, _, _ := strings.Cut(b.Type()+"."+strings.Join(b.Labels(), "."), "[")
			e.present[m.ModulePath()] = append(e.present[m.ModulePath()], address)
			e.walk(b)
		}
	}
	for at := range e.known {
		delete(e.unknown, at)
	}
	return e
}

func (e *evaluation) walk(b *library.Block) {
	at := func(r interface {
		GetFilename() string
		GetStartLine() int
	}) place {
		return place{r.GetFilename(), r.GetStartLine()}
	}
	here := b.GetMetadata()
	e.known[at(here.Range())] = true
	if each := b.GetAttribute("for_each"); b.Type() == "dynamic" && each.IsNotNil() && !each.IsResolvable() {
		e.dynamic[at(here.Range())] = true
	}
	for _, a := range b.GetAttributes() {
		data := a.GetMetadata()
		if a.IsResolvable() {
			e.known[at(data.Range())] = true
		} else {
			e.unknown[at(data.Range())] = true
		}
	}
	for _, child := range b.AllBlocks() {
		if b.Type() != "dynamic" { // its content has values only when it is expanded
			e.walk(child)
		}
	}
}

// incomplete states what the library leaves out of an evaluation without an error
// (aquasecurity/trivy#7099), and the places of findings that are about an unknown value.
func (m *modules) incomplete(all []evaluation, hidden places, a *result) {
	dynamic := places{}
	present, reached := map[string]bool{}, map[string]bool{}
	for _, e := range all {
		for at := range e.known {
			delete(hidden, at)
		}
		for at := range e.dynamic {
			dynamic[at] = true
		}
		for dir, blocks := range e.present {
			reached[dir] = true
			for _, address := range blocks {
				present[dir+" "+address] = true
			}
		}
	}
	n := 0
	for dir, repeated := range m.repeated {
		for _, address := range repeated {
			if reached[dir] && !present[dir+" "+address] {
				n++
			}
		}
	}
	a.omit(withoutInstance, n)
	a.omit(unknownBlock, len(dynamic))
	a.omit(unknownValue, len(hidden))
}
