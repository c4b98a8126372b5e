package inventory

import (
	"fmt"
	"path"
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
	l.add("bundler")  // part of Ruby
	var wanted []need // by the Gemfile
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
		case section == "DEPENDENCIES":
			name, _, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(line), "!"), " ")
			wanted = append(wanted, need{[]string{name}, n})
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
	for _, d := range wanted {
		if !f.perPlatform(d.names[0]) {
			l.needs = append(l.needs, d)
		}
	}
	return all, l.whole()
}

// Gemfile returns the path of the manifest of a lock file of Bundler.
func Gemfile(lock string) string {
	if path.Base(lock) == "gems.locked" {
		return path.Join(path.Dir(lock), "gems.rb")
	}
	return strings.TrimSuffix(lock, ".lock")
}

// perPlatform reports whether the Gemfile may require a package on some platforms only.
// Bundler leaves out what none of the platforms in the lock file uses.
func (f file) perPlatform(name string) bool {
	beside, _ := f.beside(path.Base(Gemfile(f.name)))
	for line := range strings.Lines(string(beside.text)) {
		conditional := strings.Contains(line, "platform") || strings.Contains(line, "install_if")
		if conditional && (strings.Contains(line, " do") || strings.Contains(line, name)) {
			return true
		}
	}
	return false
}

func isGemfileLock(base, _ string) bool { return gemfileLock.MatchString(base) }

// gemfileLock matches the lock file of any Gemfile: Gemfile.next.lock, rails_7.gemfile.lock.
var gemfileLock = regexp.MustCompile(`(?i)^((.*\.)?gemfile(\..*)?\.lock|gems\.locked)$`)
