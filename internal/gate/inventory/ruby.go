package inventory

import (
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
	l := newLinks()
	l.add("bundler") // part of Ruby
	n := 0
	for raw := range strings.Lines(string(f.text)) {
		n++
		line := strings.TrimRight(raw, " \t\r\n")
		switch {
		case line == "":
		case line[0] != ' ':
			section, revision, specs = line, "", false
			complete = complete || section == "PLATFORMS" || section == "DEPENDENCIES"
		case strings.HasPrefix(line, "  revision: "):
			revision = strings.TrimPrefix(line, "  revision: ")
		case line == "  specs:":
			specs = true
		case !specs:
		case strings.HasPrefix(line, "      "):
			name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			l.need(n, name)
		case strings.HasPrefix(line, "    "):
			m := gem.FindStringSubmatch(line)
			if m == nil {
				return all, fmt.Errorf("line %d does not name a package and a version", n)
			}
			l.add(m[1])
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
		return all, fmt.Errorf("the file has no section PLATFORMS, which follows the packages: %w", errNotWhole)
	}
	return all, l.whole()
}
