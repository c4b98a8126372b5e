package inventory

import (
	"fmt"
	"regexp"
	"strings"
)

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
