package doctor

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/lockfile"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

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
		m, is := lockfile.Of(f)
		if !is {
			continue
		}
		if b, err := p.read(f); err != nil || m.Asks != nil && !m.Asks.Match(b) {
			continue
		}
		manifests++
		if m.Lock(path.Dir(f), func(f string) bool { return committed[f] }) != "" {
			continue
		}
		loose := m.Lock(path.Dir(f), func(f string) bool { _, there := p.first(f); return there })
		if loose == "" {
			lacks, mend = append(lacks, f+" has none"), append(mend, "cd "+quote(path.Dir(f))+" && "+m.Make)
		} else {
			lacks, mend = append(lacks, loose+" is not committed"), append(mend, "git add --force -- "+quote(loose))
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
