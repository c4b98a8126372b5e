package inventory

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// msbuild has what a project and the files that it imports give to it, in their order.
type msbuild struct {
	properties map[string][]string // by name in lower case; several values: conditions choose one
	items      []item
}

// item is an element that names packages.
type item struct {
	*element
	file        string
	conditional bool
}

// load reads a file that is imported.
func (m *msbuild) load(f file, conditional bool, depth int) {
	if root, err := parseXML(f.text); err == nil && depth <= 20 {
		m.walk(f, root, conditional, depth)
	}
}

// fileAbove matches an import of the file with a name in the nearest folder above.
var fileAbove = regexp.MustCompile(`GetPathOfFileAbove\(\s*'?([\w.-]+)'?`)

// imported returns the file that an import names in f.
func (f file) imported(name string) (file, bool) {
	if m := fileAbove.FindStringSubmatch(name); m != nil {
		return above(file{f.Reader, path.Join(path.Dir(f.name), "..", m[1]), nil}, m[1])
	}
	name = strings.ReplaceAll(name, `\`, "/")
	for _, folder := range []string{"$(MSBuildThisFileDirectory)", "$(MSBuildProjectDirectory)/"} {
		name = strings.TrimPrefix(name, folder)
	}
	return f.beside(name)
}

// unset matches the condition of a property that has a value only if it has none.
var unset = regexp.MustCompile(`^\s*'\$\(([\w.-]+)\)'\s*==\s*''\s*$`)

// walk reads properties and imports, and keeps the items, whose versions may need a
// property of a later file.
func (m *msbuild) walk(f file, parent *element, conditional bool, depth int) {
	for _, e := range parent.children {
		condition := e.attrs["Condition"]
		conditional := conditional || condition != "" && !strings.Contains(condition, "Exists(") || e.name == "When" || e.name == "Otherwise"
		switch {
		case parent.name == "PropertyGroup":
			key := strings.ToLower(e.name)
			if !conditional {
				m.properties[key] = nil
			}
			if c := unset.FindStringSubmatch(condition); c == nil || !strings.EqualFold(c[1], e.name) || len(m.properties[key]) == 0 {
				m.properties[key] = append(m.properties[key], strings.ReplaceAll(e.text, "$("+e.name+")", ""))
			}
		case parent.name == "ItemGroup", e.name == "Sdk":
			m.items = append(m.items, item{e, f.name, conditional})
		case e.name == "Import":
			for _, name := range m.replace(e.attrs["Project"]) {
				if other, ok := f.imported(name); ok {
					m.load(other, conditional, depth+1)
				}
			}
		default:
			m.walk(f, e, conditional, depth)
		}
	}
}

var msbuildProperty = regexp.MustCompile(`\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)`)

// mostValues bounds the values of a text whose properties have several values.
const mostValues = 50

// replace returns the values of a text. A property without a value stays.
func (m *msbuild) replace(text string) []string {
	all := []string{text}
	for range 20 {
		var next []string
		for _, text := range all {
			var values []string
			at := msbuildProperty.FindStringSubmatchIndex(text)
			for _, known := range msbuildProperty.FindAllStringSubmatchIndex(text, -1) {
				if values = slices.DeleteFunc(slices.Clone(m.properties[strings.ToLower(text[known[2]:known[3]])]), func(v string) bool { return v == "" }); len(values) > 0 {
					at = known
					break
				}
			}
			if len(values) == 0 {
				next = append(next, text)
			}
			for _, v := range values {
				next = append(next, text[:at[0]]+v+text[at[1]:])
			}
		}
		if len(next) > mostValues {
			return []string{text} // a version that is not known
		}
		if slices.Equal(next, all) {
			break
		}
		all = next
	}
	return all
}

// reference is a package that a project requires.
type reference struct {
	id       string
	file     string
	line     int
	versions []string
}

// versions returns the versions that an element states, in an attribute or in elements.
func (m *msbuild) versions(e *element, name string) []string {
	var all []string
	texts := []string{e.attrs[name]}
	for _, c := range e.children {
		if c.name == name {
			texts = append(texts, c.text)
		}
	}
	for _, text := range texts {
		if text != "" {
			all = append(all, m.replace(text)...)
		}
	}
	return all
}

// packages returns the packages that the items require. central selects those that
// Directory.Packages.props gives to every project.
func (m *msbuild) packages(central bool) []Package {
	var all []*reference
	managed := map[string][]string{} // by name in lower case
	for _, e := range m.items {
		version := m.versions(e.element, "VersionOverride")
		if len(version) == 0 {
			version = m.versions(e.element, "Version")
		}
		names := []string{"Include", "Update", "Remove"}
		if e.name == "Sdk" {
			names = []string{"Name"}
		}
		for _, action := range names {
			for _, ids := range m.replace(e.attrs[action]) {
				for id := range strings.SplitSeq(ids, ";") {
					id = strings.TrimSpace(id)
					key := strings.ToLower(id)
					if id == "" {
						continue
					}
					switch e.name {
					case "PackageVersion":
						if !e.conditional {
							managed[key] = nil
						}
						managed[key] = append(managed[key], version...)
					case "GlobalPackageReference", "PackageReference", "PackageDownload", "DotNetCliToolReference", "Sdk":
						if (e.name == "GlobalPackageReference") == central {
							all = m.require(all, action, &reference{id, e.file, e.line, version}, e.conditional)
						}
					}
				}
			}
		}
	}
	var out []Package
	for _, r := range all {
		if len(r.versions) == 0 {
			r.versions = managed[strings.ToLower(r.id)]
		}
		if len(r.versions) == 0 {
			r.versions = []string{""}
		}
		for _, v := range r.versions {
			p := Package{Name: r.id, File: r.file, Line: r.line}
			p.Version, p.Range = nugetVersion(v)
			out = append(out, p)
		}
	}
	return out
}

// require adds, changes or removes a reference.
func (m *msbuild) require(all []*reference, action string, r *reference, conditional bool) []*reference {
	same := func(other *reference) bool { return strings.EqualFold(other.id, r.id) }
	switch {
	case action == "Remove" && conditional:
		return all
	case action == "Remove":
		return slices.DeleteFunc(all, same)
	case action == "Update" && slices.ContainsFunc(all, same):
		for i, other := range all {
			if !same(other) || len(r.versions) == 0 {
				continue
			}
			changed := *r
			if conditional {
				changed = *other
				changed.versions = append(slices.Clone(other.versions), r.versions...)
			}
			all[i] = &changed
		}
		return all
	}
	return append(all, r)
}
