package inventory

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// pomName matches pom.xml, the names that mvn -f gets, and the extensions of Maven itself.
var pomName = regexp.MustCompile(`(^|/)(pom([-_.][^/]*)?\.xml|[^/]*\.pom|\.mvn/extensions\.xml)$`)

func isPOM(_, name string) bool { return pomName.MatchString(name) }

// readPOM reads the dependencies of a pom.xml, of its profiles too. It uses Maven's
// effective model as far as the repository contains it: parents are merged before
// properties are replaced, and an imported list of versions is read if it is a module.
func readPOM(f file) ([]Package, error) {
	root, err := parseXML(f.text)
	if err != nil {
		return nil, err
	}
	if root.name == "extensions" {
		return buildParts(root, (&model{}).replace), nil
	}
	if root.name != "project" {
		return nil, errors.New("the root element is not project: it is not a pom.xml")
	}
	m := f.project(root, 0)
	modules := m.reachable()
	var all []Package
	var bad error
	add := func(from *element, local *model) {
		for _, d := range from.children {
			if d.name != "dependency" || d.at("groupId").text == "" || d.at("artifactId").text == "" {
				bad = first(bad, fmt.Errorf("line %d: the element %q is not a dependency with a groupId and an artifactId", d.line, d.name))
				continue
			}
			all = append(all, local.dependency(d, modules))
		}
	}
	for _, c := range root.children {
		if !slices.Contains(projectElements, c.name) {
			bad = first(bad, fmt.Errorf("line %d: the element %q does not belong to a project", c.line, c.name))
		}
	}
	main := func(local *model) {
		add(root.at("dependencies"), local)
		for _, d := range m.inherited {
			p := local.dependency(d.element, modules)
			p.File = d.file
			all = append(all, p)
		}
	}
	main(m)
	for at := m; at != nil; at = at.parent {
		for _, profile := range at.root.at("profiles").children {
			local := m.with(profile, at)
			if at == m {
				add(profile.at("dependencies"), local)
			}
			main(local)
		}
	}
	all = append(all, m.unused(all)...)
	return append(all, buildParts(root, m.replace)...), bad
}

// buildParts returns the plugins and the extensions that build a project, and what these
// require.
func buildParts(root *element, replace func(string) string) []Package {
	var all []Package
	for _, name := range []string{"plugin", "extension"} {
		for e := range root.all(name) {
			for _, d := range append(slices.Clone(e.at("dependencies").children), e) {
				group := cmp.Or(d.at("groupId").text, "org.apache.maven.plugins")
				if artifact := d.at("artifactId").text; artifact != "" {
					all = append(all, Package{Name: replace(group) + ":" + replace(artifact), Range: replace(d.at("version").text), Origin: Build, Line: d.line})
				}
			}
		}
	}
	return all
}

// unused returns the managed versions of the project that apply only to what its
// dependencies require.
func (m *model) unused(used []Package) []Package {
	var all []Package
	for _, d := range m.root.at("dependencyManagement", "dependencies").children {
		id := m.replace(d.at("groupId").text) + ":" + m.replace(d.at("artifactId").text)
		if d.at("scope").text != "import" && !slices.ContainsFunc(used, func(p Package) bool { return p.Name == id }) {
			all = append(all, Package{Name: id, Range: m.replace(d.at("version").text), Origin: Build, Line: d.line})
		}
	}
	return all
}

// with returns the model with a profile of m or of one of its parents, which gives other
// versions to the dependencies. What is below the profile's project still replaces them.
func (m *model) with(profile *element, of *model) *model {
	local := *m
	local.properties, local.managed, local.imports = maps.Clone(m.properties), maps.Clone(m.managed), slices.Clone(m.imports)
	local.merge(profile)
	var below []*model
	for at := m; at != of; at = at.parent {
		below = append(below, at)
	}
	for _, at := range slices.Backward(below) {
		local.merge(at.root)
	}
	return &local
}

// projectElements are the elements that Maven accepts in a project.
var projectElements = strings.Fields("modelVersion parent groupId artifactId version packaging name description url inceptionYear organization licenses developers contributors mailingLists prerequisites modules subprojects scm issueManagement ciManagement distributionManagement properties dependencyManagement dependencies repositories pluginRepositories build reports reporting profiles")

// model is the part of Maven's effective model that gives versions.
type model struct {
	file                    file
	root                    *element
	group, artifact, number string
	parent                  *model
	properties              map[string]string
	managed                 map[string]string // from an id with type and classifier to the text of the version
	imports                 []*element
	inherited               []inheritedDependency
	complete                bool
	missing                 string // group:artifact:version of a parent outside of the repository
}

type inheritedDependency struct {
	*element
	file string
}

// project returns the model of a file. depth is the number of files that led to it.
func (f file) project(root *element, depth int) *model {
	if known := f.projects[f.name]; known != nil {
		return known
	}
	m := &model{file: f, root: root, properties: map[string]string{}, managed: map[string]string{}}
	f.projects[f.name] = m // before its parents: they may name each other
	if p := root.at("parent"); p.name != "" {
		m.parent = f.parent(p, depth)
		if m.parent != nil {
			maps.Copy(m.properties, m.parent.properties)
			maps.Copy(m.managed, m.parent.managed)
			m.imports = append(m.imports, m.parent.imports...)
			m.inherited = append(m.inherited, m.parent.inherited...)
			for _, d := range m.parent.root.at("dependencies").children {
				m.inherited = append(m.inherited, inheritedDependency{d, m.parent.file.name})
			}
			m.missing = m.parent.missing
		} else {
			m.missing = p.at("groupId").text + ":" + p.at("artifactId").text + ":" + p.at("version").text
		}
	}
	parent := root.at("parent")
	m.group = cmp.Or(root.at("groupId").text, parent.at("groupId").text)
	m.artifact = root.at("artifactId").text
	m.number = cmp.Or(root.at("version").text, parent.at("version").text)
	for _, prefix := range []string{"project.", "pom.", ""} {
		m.properties[prefix+"groupId"], m.properties[prefix+"artifactId"], m.properties[prefix+"version"] = m.group, m.artifact, m.number
	}
	m.properties["project.parent.groupId"], m.properties["project.parent.version"] = parent.at("groupId").text, parent.at("version").text
	m.properties["project.parent.artifactId"] = parent.at("artifactId").text
	m.merge(root)
	m.complete = true
	return m
}

// parent returns the parent if it is in the repository, where relativePath names it.
func (f file) parent(parent *element, depth int) *model {
	relative := "../pom.xml"
	for _, c := range parent.children {
		if c.name == "relativePath" {
			relative = c.text
		}
	}
	if relative == "" {
		return nil
	}
	other, ok := f.beside(relative)
	if !ok || !isPOM("", other.name) {
		if other, ok = f.beside(path.Join(relative, "pom.xml")); !ok {
			return nil
		}
	}
	if known := f.projects[other.name]; depth > maxDepth || known != nil && !known.complete {
		return nil
	}
	root, err := parseXML(other.text)
	if err != nil {
		return nil
	}
	for _, name := range []string{"groupId", "artifactId", "version"} {
		its := root.at(name).text
		if its == "" && name != "artifactId" {
			its = root.at("parent", name).text
		}
		// A version may be a range, or replaced in only one of the files.
		if wanted := parent.at(name).text; its != wanted && !strings.ContainsAny(wanted+its, "[($") {
			return nil // Maven takes another project with this place from a repository
		}
	}
	return other.project(root, depth+1)
}

// merge adds the properties and the managed versions of a project or a profile.
func (m *model) merge(from *element) {
	for _, p := range from.at("properties").children {
		m.properties[p.name] = p.text
	}
	for _, d := range from.at("dependencyManagement", "dependencies").children {
		if d.at("scope").text == "import" {
			m.imports = append(m.imports, d)
			continue
		}
		m.managed[managedID(d)] = d.at("version").text
	}
}

// managedID returns what Maven compares to find the managed version of a dependency.
func managedID(d *element) string {
	return strings.Join([]string{d.at("groupId").text, d.at("artifactId").text, cmp.Or(d.at("type").text, "jar"), d.at("classifier").text}, ":")
}

var placeholder = regexp.MustCompile(`\$\{([^{}]*)\}`)

// replace replaces properties. A property without a value stays.
func (m *model) replace(text string) string {
	for range 20 {
		out := placeholder.ReplaceAllStringFunc(text, func(s string) string {
			if v, ok := m.properties[strings.TrimSpace(s[2:len(s)-1])]; ok && v != "" {
				return v
			}
			return s
		})
		if out == text {
			break
		}
		text = out
	}
	return text
}

// dependency reads one dependency.
func (m *model) dependency(d *element, modules map[string]*model) Package {
	id := m.replace(d.at("groupId").text) + ":" + m.replace(d.at("artifactId").text)
	p := Package{Name: id, Line: d.line}
	version := d.at("version").text
	if version == "" {
		version = m.versionOf(m.replace(managedID(d)), modules)
	}
	p.Version, p.Range = mavenVersion(m.replace(version))
	if p.Version == "" && p.Range == "" && m.missing != "" {
		p.Range = "given by " + m.replace(m.missing)
	}
	if module := modules[id]; module != nil && module.is(p.Version) || d.at("scope").text == "system" {
		p.Origin = Own
	}
	return p
}

// is reports whether a version may be the one of the project. Another one is a release.
func (m *model) is(version string) bool {
	own, _ := mavenVersion(m.replace(m.number))
	return version == "" || own == "" || version == own
}

// versionOf returns the managed version of a dependency by its id.
func (m *model) versionOf(id string, modules map[string]*model) string {
	for name, version := range m.managed {
		if m.replace(name) == id {
			return version
		}
	}
	for _, d := range m.imports {
		other := modules[m.replace(d.at("groupId").text)+":"+m.replace(d.at("artifactId").text)]
		if other == nil || !other.is(m.replace(d.at("version").text)) {
			continue
		}
		for name, version := range other.managed {
			if other.replace(name) == id {
				return other.replace(version)
			}
		}
	}
	return ""
}

// mavenVersion returns the version that a text requires, or the text as a range.
func mavenVersion(text string) (version, rng string) {
	switch {
	case strings.Contains(text, "${"), text == "LATEST", text == "RELEASE":
		return "", text
	case strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") && !strings.Contains(text, ","):
		return strings.TrimSpace(text[1 : len(text)-1]), ""
	case strings.HasPrefix(text, "["), strings.HasPrefix(text, "("):
		return "", text
	}
	return text, ""
}

// mostModules bounds the modules that are read.
const mostModules = 2000

// reachable returns the projects of the repository that are reachable from m: its highest
// parent, and the modules below that.
func (m *model) reachable() map[string]*model {
	top := m
	for top.parent != nil {
		top = top.parent
	}
	if all := m.file.modules[top.file.name]; all != nil {
		return all
	}
	all := map[string]*model{}
	queue, seen := []*model{top}, map[string]bool{top.file.name: true}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		all[at.replace(at.group)+":"+at.replace(at.artifact)] = at
		for module := range at.root.all("module") {
			other, ok := at.file.beside(module.text)
			if !ok || !isPOM("", other.name) {
				other, ok = at.file.beside(path.Join(module.text, "pom.xml"))
			}
			if !ok || seen[other.name] || len(seen) > mostModules || strings.Count(other.name, "/") > maxDepth {
				continue
			}
			seen[other.name] = true
			if root, err := parseXML(other.text); err == nil && root.name == "project" {
				queue = append(queue, other.project(root, 0))
			}
		}
	}
	m.file.modules[top.file.name] = all
	return all
}
