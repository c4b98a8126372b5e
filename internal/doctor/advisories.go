package doctor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/lockfile"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// advisories checks that this machine has the data that goldenpath run compares the
// repository's dependencies with.
func advisories(r *repo) finding {
	files := slices.DeleteFunc(slices.Clone(r.o.Files), func(f string) bool { return fixture.MatchString(f) || r.namesNothing(f) })
	needed := lockfile.Ecosystems(files)
	// Without the advisories about actions the gate is complete, and says that it has none.
	needed = slices.DeleteFunc(needed, func(e string) bool { return e == lockfile.Actions })
	switch {
	case r.o.Databases == "":
		return notApplicable("the gate of a workflow asks osv.dev")
	case len(needed) == 0:
		return notApplicable("no file names dependencies")
	}
	var lacks []string
	for _, e := range needed {
		if _, err := os.Stat(filepath.Join(r.o.Databases, "osv-scalibr", e, "all.zip")); err != nil {
			lacks = append(lacks, e)
		}
	}
	if len(lacks) > 0 {
		return finding{report.Warned, "no advisories for " + english.WordSeries(lacks, "and") + " on this machine", "goldenpath run reports these dependencies as not checked",
			[]string{"security-gate database update --ecosystems " + quote(strings.Join(lacks, ","))}}
	}
	return finding{state: report.OK, found: "advisories for " + english.WordSeries(needed, "and")}
}

// namesNothing reports whether a file is a manifest without dependencies.
func (r *repo) namesNothing(file string) bool {
	m, is := lockfile.Of(file)
	if !is {
		return false
	}
	b, err := r.read(file)
	return err == nil && !m.Asks(b)
}
