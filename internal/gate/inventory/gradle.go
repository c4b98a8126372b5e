package inventory

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

func isGradle(base, name string) bool {
	return slices.Contains([]string{"gradle.lockfile", "buildscript-gradle.lockfile", "settings-gradle.lockfile"}, base) ||
		path.Ext(base) == ".lockfile" && path.Base(path.Dir(name)) == "dependency-locks"
}

func isVerification(base, name string) bool {
	return base == "verification-metadata.xml" && path.Base(path.Dir(name)) == "gradle"
}

func isCatalog(base, _ string) bool { return strings.HasSuffix(base, ".versions.toml") }

// readGradle reads gradle.lockfile: group:artifact:version=configurations on each line.
func readGradle(f file) ([]Package, error) {
	var all []Package
	n, generated, ended := 0, false, false
	single := path.Base(path.Dir(f.name)) != "dependency-locks" // a file for each configuration has no =
	for line := range strings.Lines(string(f.text)) {
		n++
		line = strings.TrimSpace(line)
		generated = generated || strings.HasPrefix(line, "# This is a Gradle generated file")
		if ended = ended || strings.HasPrefix(line, "empty="); line == "" || line[0] == '#' || strings.HasPrefix(line, "empty=") {
			continue
		}
		id, _, configured := strings.Cut(line, "=")
		parts := strings.Split(id, ":")
		if len(parts) != 3 || slices.Contains(parts, "") || single && !configured {
			return all, fmt.Errorf("line %d is not group:artifact:version=configurations", n)
		}
		all = append(all, Package{Name: parts[0] + ":" + parts[1], Version: parts[2], Line: n})
	}
	if single && !ended && (generated || len(all) == 0) {
		return all, fmt.Errorf("the file has no line empty=, which Gradle writes last: %w", errNotWhole)
	}
	return all, nil
}

// readVerification reads gradle/verification-metadata.xml.
func readVerification(f file) ([]Package, error) {
	root, err := parseXML(f.text)
	if err != nil {
		return nil, err
	}
	if root.name != "verification-metadata" {
		return nil, fmt.Errorf("line %d: the root element is not verification-metadata", root.line)
	}
	var all []Package
	for _, c := range root.at("components").children {
		if c.name != "component" {
			return all, fmt.Errorf("line %d: the element %q is not a component", c.line, c.name)
		}
		if c.attrs["group"] == "" || c.attrs["name"] == "" || c.attrs["version"] == "" {
			return all, fmt.Errorf("line %d: the component has no group, name or version", c.line)
		}
		all = append(all, Package{Name: c.attrs["group"] + ":" + c.attrs["name"], Version: c.attrs["version"], Line: c.line})
	}
	return all, nil
}

// readCatalog reads the libraries of a version catalog such as gradle/libs.versions.toml.
// If Gradle's lock file is there and has an entry, it has the versions that are built.
func readCatalog(f file) ([]Package, error) {
	for _, lock := range []string{"gradle.lockfile", "../gradle.lockfile"} {
		if other, ok := f.beside(lock); ok {
			if all, err := readGradle(other); len(all) > 0 || err != nil {
				return nil, nil
			}
		}
	}
	if err := tomlKeys(f.text, "metadata", "versions", "libraries", "bundles", "plugins"); err != nil {
		return nil, err
	}
	var catalog struct {
		Versions  map[string]any
		Libraries map[string]any
		Bundles   map[string][]string
		Plugins   map[string]any
	}
	if err := decodeTOML(f.text, &catalog); err != nil {
		return nil, err
	}
	var all []Package
	for _, alias := range slices.Sorted(maps.Keys(catalog.Libraries)) {
		p, version := Package{Line: tomlKey(f.text, alias)}, any(nil)
		switch l := catalog.Libraries[alias].(type) {
		case string:
			parts := strings.SplitN(l, ":", 3)
			if len(parts) < 2 {
				return nil, fmt.Errorf("line %d: the library %q has no group and name", p.Line, alias)
			}
			p.Name = parts[0] + ":" + parts[1]
			if len(parts) == 3 {
				version = parts[2]
			}
		case map[string]any:
			p.Name, _ = l["module"].(string)
			if group, name := text(l["group"]), text(l["name"]); p.Name == "" && group != "" && name != "" {
				p.Name = group + ":" + name
			}
			version = l["version"]
		}
		if !strings.Contains(p.Name, ":") {
			return nil, fmt.Errorf("line %d: the library %q has no group and name", p.Line, alias)
		}
		if version, ok := referred(version, catalog.Versions); ok {
			p.Version, p.Range = gradleVersion(version)
			all = append(all, p)
			continue
		}
		return all, fmt.Errorf("line %d: the version of %q is not in the catalog: %w", p.Line, alias, errNotWhole)
	}
	for _, alias := range slices.Sorted(maps.Keys(catalog.Plugins)) {
		id, version := text(catalog.Plugins[alias]), any(nil)
		if table, ok := catalog.Plugins[alias].(map[string]any); ok {
			id, version = text(table["id"]), table["version"]
		} else if before, after, ok := strings.Cut(id, ":"); ok {
			id, version = before, after
		}
		version, ok := referred(version, catalog.Versions)
		p := Package{Name: id + ":" + id + ".gradle.plugin", Line: tomlKey(f.text, alias)} // Gradle's artifact for a plugin
		if p.Version, p.Range = gradleVersion(version); !ok || id == "" {
			return all, fmt.Errorf("line %d: the plugin %q has no id or no version: %w", p.Line, alias, errNotWhole)
		}
		all = append(all, p)
	}
	l := newLinks()
	for alias := range catalog.Libraries {
		l.add(catalogAlias(alias))
	}
	for _, bundle := range slices.Sorted(maps.Keys(catalog.Bundles)) {
		for _, alias := range catalog.Bundles[bundle] {
			l.need(tomlKey(f.text, bundle), catalogAlias(alias))
		}
	}
	return all, l.whole()
}

// referred returns a version, or the one of the catalog that it refers to.
func referred(version any, versions map[string]any) (any, bool) {
	if table, ok := version.(map[string]any); ok && text(table["ref"]) != "" {
		version, ok = versions[text(table["ref"])]
		return version, ok
	}
	return version, true
}

// catalogAlias returns an alias as Gradle compares it.
func catalogAlias(alias string) string { return strings.NewReplacer("-", ".", "_", ".").Replace(alias) }

// gradleVersion reads a version, or a rich version with strictly, require or prefer.
func gradleVersion(v any) (version, rng string) {
	s := text(v)
	if rich, ok := v.(map[string]any); ok {
		for _, key := range []string{"prefer", "strictly", "require"} {
			if s = text(rich[key]); s != "" {
				break
			}
		}
	}
	if strings.ContainsAny(s, "[](,+") || strings.HasPrefix(s, "latest.") {
		return "", s
	}
	return s, ""
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// tomlKey returns the line that begins with a key, or 0.
func tomlKey(b []byte, key string) int {
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), key)
		if ok && strings.HasPrefix(strings.TrimSpace(rest), "=") {
			return n
		}
	}
	return 0
}
