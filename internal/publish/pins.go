package main

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// change is one file that a release changes.
type change struct {
	name, text string
}

var (
	// imageLine matches the image of an action.yml: a Dockerfile on main, an image by
	// digest in a release.
	imageLine = regexp.MustCompile(`(?m)^(  image: )['"]?((?:\.\./)*Dockerfile[\w.-]*|docker://\S+?)['"]?$`)
	// unreleased is the end of an unreleased version's heading.
	unreleased = ` - unreleased`
	// ownPin matches a reference to goldenpath itself: zeros, a placeholder or the commit
	// of an earlier release.
	ownPin = regexp.MustCompile(`seed-b235b314/goldenpath((?:/[\w./…-]+)?)@(?:[0-9a-f]{40}|<commit SHA>) # v\d[\w.-]*`)
	// zeros matches the instruction to replace the zeros, which a release removes.
	zeros = regexp.MustCompile(`(?m)^ *# In place of the zeros .*\n| Replace the zeros with a release's commit\.`)
)

// isAction reports whether a file is the action.yml of an action.
func isAction(name string) bool {
	ok, _ := path.Match("actions/*/action.yml", name)
	return ok || name == "action.yml"
}

// isExample reports whether people copy from a file: starters and documents, except the
// changelog, which quotes history.
func isExample(name string) bool {
	starter, _ := path.Match("workflows/*.yml", name)
	return starter || path.Ext(name) == ".md" && name != "CHANGELOG.md" && !strings.HasPrefix(name, "internal/") && !strings.HasPrefix(name, "testdata/")
}

// pinImage replaces the Dockerfile in an action.yml with an image by digest. An action
// without a container is not changed.
func pinImage(name, text string, images map[string]string) (string, error) {
	m := imageLine.FindAllStringSubmatch(text, -1)
	switch {
	case len(m) == 0 && strings.Contains(text, "using: docker"):
		return "", fmt.Errorf("%s starts a container whose image is neither a Dockerfile of this repository nor docker://…", name)
	case len(m) == 0:
		return text, nil
	case len(m) > 1:
		return "", fmt.Errorf("%s has %d lines with image:, want 1", name, len(m))
	}
	p, ok := productOf(m[0][2])
	if !ok {
		return "", fmt.Errorf("%s starts %s, which is not an image of a release", name, m[0][2])
	}
	return imageLine.ReplaceAllString(text, "${1}docker://"+images[p.name]), nil
}

// productOf finds the product of a Dockerfile, or of the image of an earlier
// release.
func productOf(image string) (product, bool) {
	reference, earlier := strings.CutPrefix(image, "docker://")
	name, _, _ := strings.Cut(path.Base(image), "@")
	if earlier {
		reference, _, _ = strings.Cut(reference, "@")
		name, _, _ = strings.Cut(path.Base(reference), ":")
	}
	for _, p := range products {
		if earlier && name == p.name || !earlier && name == p.dockerfile {
			return p, true
		}
	}
	return product{}, false
}

// pinSelf replaces references to goldenpath with a commit of home, owner/name.
func pinSelf(text, home, id, version string) string {
	text = ownPin.ReplaceAllString(text, home+"${1}@"+id+" # "+version)
	return zeros.ReplaceAllString(text, "")
}

// dateSection sets the date of the version's section in the changelog.
func dateSection(text, number, date string) string {
	return strings.Replace(text, "## ["+number+"]"+unreleased+"\n", "## ["+number+"] - "+date+"\n", 1)
}
