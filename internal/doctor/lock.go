package doctor

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// lock says which files pin what a manifest asks for, beside it or in a folder
// above: workspaces share one.
type lock struct {
	manifest string
	asks     *regexp.Regexp // it has something to pin
	files    []string
	make     string
}

var locks = []lock{
	{"package.json", regexp.MustCompile(`"(dev|peer|optional)?[dD]ependencies"\s*:\s*\{\s*"`), []string{"package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb"}, "npm install --package-lock-only"},
	{"go.mod", regexp.MustCompile(`(?m)^require\b`), []string{"go.sum"}, "go mod tidy"},
	{"pyproject.toml", regexp.MustCompile(`(?m)^\[?[\w.-]*dependencies`), []string{"uv.lock", "poetry.lock", "pdm.lock", "requirements.txt"}, "uv lock"},
	{"Pipfile", nil, []string{"Pipfile.lock"}, "pipenv lock"},
	{"Cargo.toml", regexp.MustCompile(`(?m)^\[[\w.-]*dependencies`), []string{"Cargo.lock"}, "cargo generate-lockfile"},
	{"Gemfile", nil, []string{"Gemfile.lock"}, "bundle lock"},
	{"composer.json", regexp.MustCompile(`"require"`), []string{"composer.lock"}, "composer update --no-install"},
}

// fixture is a folder of what is no part of the app.
var fixture = regexp.MustCompile(`(^|/)(testdata|node_modules|vendor|fixtures|examples?|__fixtures__)/`)

func lockFiles(p *patient) finding {
	committed := map[string]bool{}
	for _, f := range p.o.Files {
		committed[f] = true
	}
	var lacks, mend []string
	manifests := 0
	for _, f := range p.o.Files {
		if fixture.MatchString(f) || slices.ContainsFunc(p.config.Gate.Exclude, func(x string) bool { return strings.HasPrefix(f, path.Clean(x)+"/") }) {
			continue
		}
		for _, l := range locks {
			if path.Base(f) != l.manifest {
				continue
			}
			if b, err := p.read(f); err != nil || l.asks != nil && !l.asks.Match(b) {
				continue
			}
			manifests++
			if lock, there := l.find(p, committed, path.Dir(f)); lock == "" {
				lacks, mend = append(lacks, f+" has none"), append(mend, "cd "+quote(path.Dir(f))+" && "+l.make)
			} else if !there {
				lacks, mend = append(lacks, lock+" is not committed"), append(mend, "git add --force -- "+quote(lock))
			}
		}
	}
	switch {
	case len(lacks) > 0:
		return finding{report.Warned, several(lacks), "what is built tomorrow is not what was tested today", mend}
	case manifests == 0:
		return notApplicable("no manifest of a package manager is committed")
	}
	return finding{state: report.OK, seen: english.Plural(manifests, "manifest has", "manifests have") + " a lock file"}
}

// find returns the lock file of a folder, and whether it is committed; "" is none.
func (l lock) find(p *patient, committed map[string]bool, dir string) (name string, there bool) {
	for {
		for _, f := range l.files {
			if f = path.Join(dir, f); committed[f] {
				return f, true
			} else if _, is := p.first(f); is {
				name = f
			}
		}
		if name != "" || dir == "." {
			return name, false
		}
		dir = path.Dir(dir)
	}
}
