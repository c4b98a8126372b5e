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

// fixture matches folders whose manifests are not part of the app.
var fixture = regexp.MustCompile(`(^|/)(testdata|node_modules|vendor|fixtures|examples?|__fixtures__)/`)

func lockFiles(r *repo) finding {
	committed := map[string]bool{}
	for _, f := range r.o.Files {
		committed[f] = true
	}
	var lacks, fix []string
	manifests := 0
	for _, f := range r.o.Files {
		if fixture.MatchString(f) || slices.ContainsFunc(r.config.Gate.Exclude, func(x string) bool { return strings.HasPrefix(f, path.Clean(x)+"/") }) {
			continue
		}
		m, is := lockfile.Of(f)
		if !is {
			continue
		}
		if b, err := r.read(f); err != nil || m.Asks != nil && !m.Asks.Match(b) {
			continue
		}
		manifests++
		if m.Lock(path.Dir(f), func(f string) bool { return committed[f] }) != "" {
			continue
		}
		loose := m.Lock(path.Dir(f), func(f string) bool { _, ok := r.first(f); return ok })
		if loose == "" {
			lacks, fix = append(lacks, f+" has no lock file"), append(fix, "cd "+quote(path.Dir(f))+" && "+m.Make)
		} else {
			lacks, fix = append(lacks, loose+" is not committed"), append(fix, "git add --force -- "+quote(loose))
		}
	}
	switch {
	case len(lacks) > 0:
		return finding{report.Warned, several(lacks), "a later build may use other versions than the tested one", fix}
	case manifests == 0:
		return notApplicable("no package manifest is committed")
	}
	return finding{state: report.OK, found: english.Plural(manifests, "manifest has", "manifests have") + " a lock file"}
}
