package inventory

import (
	"errors"
	"fmt"
)

// readPub reads pubspec.lock.
func readPub(f file) ([]Package, error) {
	docs, err := yamlDocuments(f.text)
	if err != nil {
		return nil, err
	}
	var all []Package
	found := false
	for _, doc := range docs {
		packages := child(doc, "packages")
		found = found || packages != nil || child(doc, "sdks") != nil
		for key, value := range pairs(packages) {
			p := Package{Name: key.Value, Version: scalar(child(value, "version")), Line: key.Line}
			description := child(value, "description")
			if name := scalar(child(description, "name")); name != "" {
				p.Name = name
			}
			switch source := scalar(child(value, "source")); source {
			case "hosted":
			case "path":
				p.Origin = Own
			case "sdk":
				p.Origin = Toolkit
			case "git":
				p.Origin, p.Commit = Git, commitOf("#"+scalar(child(description, "resolved-ref")))
			default:
				return nil, fmt.Errorf("line %d: the source %q is unknown", key.Line, source)
			}
			all = append(all, p)
		}
	}
	if !found {
		return nil, errors.New("the file has no packages and no sdks: it is not a pubspec.lock")
	}
	return all, nil
}
