package inventory

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// gem matches a package of Gemfile.lock: four spaces, the name, and the version with an
// optional platform.
var gem = regexp.MustCompile(`^    ([^ ]+) \(([^()]*)\)$`)

// readGemfile reads Gemfile.lock. A section names the source of the packages below it.
func readGemfile(f file) ([]Package, error) {
	var all []Package
	section, revision, specs, complete := "", "", false, false
	n := 0
	for raw := range strings.Lines(string(f.text)) {
		n++
		line := strings.TrimRight(raw, " \t\r\n")
		switch {
		case line == "":
		case line[0] != ' ':
			section, revision, specs = line, "", false
			complete = complete || section == "DEPENDENCIES"
		case strings.HasPrefix(line, "  revision: "):
			revision = strings.TrimPrefix(line, "  revision: ")
		case line == "  specs:":
			specs = true
		case !specs || strings.HasPrefix(line, "      "):
		case strings.HasPrefix(line, "    "):
			m := gem.FindStringSubmatch(line)
			if m == nil {
				return nil, fmt.Errorf("line %d does not name a package and a version", n)
			}
			version, _, _ := strings.Cut(m[2], "-") // platform
			p := Package{Name: m[1], Version: version, Line: n}
			switch section {
			case "PATH":
				p.Origin = Own
			case "GIT":
				p.Origin, p.Commit = Git, commitOf("#"+revision)
			}
			all = append(all, p)
		}
	}
	if !complete {
		return nil, errors.New("the file has no section DEPENDENCIES: it is not complete")
	}
	return all, nil
}
