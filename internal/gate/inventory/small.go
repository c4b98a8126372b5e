package inventory

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

func isGemfileLock(base, _ string) bool { return gemfileLock.MatchString(base) }

// gemfileLock matches the lock file of any Gemfile: Gemfile.next.lock, rails_7.gemfile.lock.
var gemfileLock = regexp.MustCompile(`(?i)^((.*\.)?gemfile(\..*)?\.lock|gems\.locked)$`)

// isUV reports whether a file is uv.lock, or the lock file of a script.
func isUV(base, _ string) bool { return base == "uv.lock" || strings.HasSuffix(base, ".py.lock") }

// readRenv reads renv.lock of R. Every named repository but those of Bioconductor has the
// packages of CRAN.
func readRenv(f file) ([]Package, error) {
	var lock struct {
		Packages map[string]struct {
			Package, Version, Source, Repository, RemoteSha string
		}
	}
	if err := json.Unmarshal(f.text, &lock, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	if lock.Packages == nil {
		return nil, fmt.Errorf("the file has no packages: %w", errNotWhole)
	}
	at := keyLines(f.text)
	var all []Package
	for _, name := range slices.Sorted(maps.Keys(lock.Packages)) {
		d := lock.Packages[name]
		p := Package{Name: name, Version: d.Version, Line: at[name]}
		switch d.Source {
		case "Repository", "CRAN", "":
			if strings.HasPrefix(strings.ToLower(d.Repository), "bioc") {
				p.Ecosystem = "Bioconductor"
			}
		case "Bioconductor":
			p.Ecosystem = "Bioconductor"
		case "Local":
			p.Origin = Own
		default: // a git server, or an address
			p.Origin, p.Commit = Git, commitOf("#"+d.RemoteSha)
		}
		all = append(all, p)
	}
	return all, nil
}

// readTools reads the tools of .config/dotnet-tools.json.
func readTools(f file) ([]Package, error) {
	var manifest struct {
		Tools map[string]struct {
			Version string `json:"version"`
		} `json:"tools"`
	}
	if err := json.Unmarshal(f.text, &manifest, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	at := keyLines(f.text)
	var all []Package
	for _, name := range slices.Sorted(maps.Keys(manifest.Tools)) {
		all = append(all, Package{Name: name, Version: manifest.Tools[name].Version, Line: at[name]})
	}
	return all, nil
}

// isBazelMaven reports whether a file is one that rules_jvm_external pins.
func isBazelMaven(base, _ string) bool { return strings.HasSuffix(base, "maven_install.json") }

// readBazelMaven reads maven_install.json. Its keys are group:artifact with an optional
// type and classifier.
func readBazelMaven(f file) ([]Package, error) {
	var lock struct {
		Artifacts map[string]struct {
			Version string `json:"version"`
		} `json:"artifacts"`
	}
	if err := json.Unmarshal(f.text, &lock, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	if lock.Artifacts == nil {
		return nil, fmt.Errorf("the file has no artifacts, or is of version 1, which is not read: run bazel run @maven//:pin")
	}
	at := keyLines(f.text)
	var all []Package
	for _, key := range slices.Sorted(maps.Keys(lock.Artifacts)) {
		parts := strings.Split(key, ":")
		if len(parts) < 2 {
			return all, fmt.Errorf("line %d: %q is not group:artifact", at[key], key)
		}
		all = append(all, Package{Name: parts[0] + ":" + parts[1], Version: lock.Artifacts[key].Version, Line: at[key]})
	}
	return all, nil
}

// isGleam reports whether a file may be the lock file of Gleam. Julia has the same name in
// another spelling.
func isGleam(base, _ string) bool { return base == "manifest.toml" }

// readGleam reads manifest.toml of Gleam.
func readGleam(f file) ([]Package, error) {
	var lock struct {
		Packages []struct {
			Name, Version, Source, Commit string
		}
		Requirements map[string]any
	}
	if err := decodeTOML(f.text, &lock); err != nil {
		return nil, err
	}
	if _, ok := f.beside("gleam.toml"); lock.Requirements == nil && (ok || len(lock.Packages) > 0 && lock.Packages[0].Source != "") {
		return nil, fmt.Errorf("the file has no requirements: %w", errNotWhole)
	} else if lock.Requirements == nil {
		return nil, nil // of another tool
	}
	l, at := newLinks(), lines{text: f.text}
	var all []Package
	for _, d := range lock.Packages {
		p := Package{Name: d.Name, Version: d.Version, Line: at.next(fmt.Sprintf("%q", d.Name))}
		switch d.Source {
		case "local":
			p.Origin = Own
		case "git":
			p.Origin, p.Commit = Git, d.Commit
		}
		l.add(d.Name)
		all = append(all, p)
	}
	for name := range lock.Requirements {
		l.need(1, name)
	}
	return all, l.whole()
}

// cabalConstraint matches a constraint of cabal.project.freeze, and cabalFlags one that
// only chooses flags.
var (
	cabalConstraint = regexp.MustCompile(`^(?:any\.)?([A-Za-z0-9-]+)\s*==\s*([0-9.]+)$`)
	cabalFlags      = regexp.MustCompile(`^(?:any\.)?[A-Za-z0-9-]+(\s+[+-]?[\w-]+)+$`)
)

// readCabal reads cabal.project.freeze: a list of constraints with commas between them.
func readCabal(f file) ([]Package, error) {
	var all []Package
	n, in := 0, false
	for line := range strings.Lines(string(f.text)) {
		n++
		if strings.HasPrefix(strings.TrimSpace(line), "--") {
			continue
		}
		if key, rest, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, " ") {
			in, line = strings.TrimSpace(key) == "constraints", rest
		}
		if !in {
			continue
		}
		for part := range strings.SplitSeq(line, ",") {
			part = strings.TrimSpace(part)
			m := cabalConstraint.FindStringSubmatch(part)
			switch {
			case m != nil:
				all = append(all, Package{Name: m[1], Version: m[2], Line: n})
			case part == "", cabalFlags.MatchString(part):
			default:
				name, rng, _ := strings.Cut(part, " ")
				all = append(all, Package{Name: strings.TrimPrefix(name, "any."), Range: rng + " ", Line: n})
			}
		}
	}
	return all, nil
}

// stackPackage matches name-version@sha256:hash,size.
var stackPackage = regexp.MustCompile(`^(.+)-([0-9.]+)@`)

// readStack reads stack.yaml.lock.
func readStack(f file) ([]Package, error) {
	docs, err := yamlDocuments(f.text)
	if err != nil {
		return nil, err
	}
	if len(docs) != 1 || child(docs[0], "packages") == nil {
		return nil, fmt.Errorf("the file has no packages: %w", errNotWhole)
	}
	var all []Package
	for _, n := range child(docs[0], "packages").Content {
		d := child(n, "completed")
		p := Package{Name: scalar(child(d, "name")), Version: scalar(child(d, "version")), Line: n.Line}
		if m := stackPackage.FindStringSubmatch(scalar(child(d, "hackage"))); m != nil {
			p.Name, p.Version = m[1], m[2]
		} else if commit := scalar(child(d, "commit")); commit != "" {
			p.Origin, p.Commit = Git, commit
		} else if p.Range = scalar(child(d, "url")); p.Range != "" { // an archive
			p.Version = ""
		}
		if p.Name == "" {
			return all, fmt.Errorf("line %d: the entry does not name a package", n.Line)
		}
		all = append(all, p)
	}
	return all, nil
}

// isTools reports whether a file names tools of .NET.
func isTools(base, name string) bool {
	return base == "dotnet-tools.json" && (path.Base(path.Dir(name)) == ".config" || path.Dir(name) == ".")
}

// conanReference matches name/version@user/channel#revision%time.
var conanReference = regexp.MustCompile(`^([^/@#%]+)/([^/@#%]+)`)

// readConan reads conan.lock. A package of a user is looked up like the one of ConanCenter,
// which it usually is.
func readConan(f file) ([]Package, error) {
	var lock struct {
		Version string   `json:"version"`
		Host    []string `json:"requires"`
		Build   []string `json:"build_requires"`
		Python  []string `json:"python_requires"`
		Config  []string `json:"config_requires"`
		Graph   struct {
			Nodes map[string]struct {
				Ref string `json:"ref"`
			} `json:"nodes"`
		} `json:"graph_lock"` // of Conan 1
	}
	if err := json.Unmarshal(f.text, &lock, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	references := slices.Concat(lock.Host, lock.Build, lock.Python, lock.Config)
	for _, key := range slices.Sorted(maps.Keys(lock.Graph.Nodes)) {
		if ref := lock.Graph.Nodes[key].Ref; strings.Contains(ref, "/") { // else the project itself
			references = append(references, ref)
		}
	}
	at := lines{text: f.text}
	var all []Package
	for _, reference := range references {
		at.at, at.line = 0, 0
		line := at.next(`"` + reference)
		m := conanReference.FindStringSubmatch(reference)
		if m == nil {
			return all, fmt.Errorf("line %d: %q does not name a package and a version", line, reference)
		}
		p := Package{Name: m[1], Version: m[2], Line: line}
		if strings.HasPrefix(m[2], "[") {
			p.Version, p.Range = "", m[2]
		}
		all = append(all, p)
	}
	return all, nil
}
