package gate

import (
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/lockfile"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// mostManifest bounds what is read of a manifest: one that is larger asks for
// something.
const mostManifest = 1 << 20

// unlocked are manifests whose packages nobody has looked up: without a lock file
// it is not known which versions are built. Of go.mod all is known.
func unlocked(o Options, changed Changes) []Gap {
	there := map[string]bool{}
	for _, f := range o.Files {
		there[f.Path] = true
	}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil // the scanners say so
	}
	defer root.Close()
	var all []Gap
	for _, f := range o.Files {
		m, is := lockfile.Of(f.Path)
		if !is || m.Name == "go.mod" || !changed.Has(f.Path) || m.Lock(path.Dir(f.Path), func(file string) bool { return there[file] }) != "" {
			continue
		}
		if m.Asks != nil && f.Size <= mostManifest {
			if b, err := root.ReadFile(f.Path); err == nil && !m.Asks.Match(b) {
				continue
			}
		}
		all = append(all, Gap{What: f.Path, Why: "it has no lock file: nobody knows which versions are built", Remedy: m.Make + ", and commit what it writes"})
	}
	return all
}

// lockCheck is the row on them. It never stops: a library has none.
func lockCheck(missing []Gap) (report.Check, bool) {
	if len(missing) == 0 {
		return report.Check{}, false
	}
	var names []string
	for _, g := range missing[:min(len(missing), 3)] {
		names = append(names, g.What)
	}
	return report.Check{
		Name: lockRow, State: report.Warned, Result: fmt.Sprintf("%d without one, dependencies not looked up: %s", len(missing), strings.Join(names, ", ")),
		Note: missing[0].Remedy,
	}, true
}
