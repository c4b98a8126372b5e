package gate

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/seed-b235b314/goldenpath/internal/lockfile"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// mostManifest is the size in bytes of the largest manifest that is read. A larger
// manifest is assumed to have dependencies.
const mostManifest = 1 << 20

// mostLock is the size in bytes of the largest lock file that is read for the members of
// its workspace.
const mostLock = 64 << 20

// unlocked returns a gap for each manifest without a lock file: the versions that get
// built are unknown, so they were not looked up. It also returns a gap for each lock file
// that nothing reads. go.mod is left out, because it names exact versions. A change that
// deletes a lock file concerns its manifest.
func unlocked(o Options, changed Changes) []Gap {
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil // the scanners report it
	}
	defer root.Close()
	there := lockfile.NewFiles(func(name string) []byte {
		info, err := root.Stat(name)
		if err != nil || info.Size() > mostLock {
			return nil
		}
		b, _ := root.ReadFile(name) // nil on an error
		return utf8From(b)
	})
	for _, f := range o.Files {
		there.Add(f.Path)
	}
	var all []Gap
	for _, f := range o.Files {
		if remedy, ok := there.Unread(f.Path); ok && changed.Has(f.Path) {
			all = append(all, Gap{What: f.Path, Why: "no scanner here reads this file, so its packages were not looked up", Remedy: remedy})
			continue
		}
		if path.Ext(f.Path) == ".py" && f.Size <= mostManifest && (changed.Has(f.Path) || changed.Has(f.Path+".lock")) && !slices.Contains(there.Folder(path.Dir(f.Path)), path.Base(f.Path)+".lock") {
			if b, err := root.ReadFile(f.Path); err == nil && asksAsScript(b) {
				all = append(all, Gap{What: f.Path, Why: "the script names dependencies, and no lock file, so the versions that it gets are unknown",
					Remedy: "uv lock --script " + ShellWord(f.Path) + ", and commit the lock file"})
			}
			continue
		}
		m, is := lockfile.Of(f.Path)
		if !is || m.Name == "go.mod" || !changed.Has(f.Path) && !m.Near(f.Path, changed) || there.Lock(m, f.Path) != "" {
			continue
		}
		if f.Size <= mostManifest {
			if b, err := root.ReadFile(f.Path); err == nil && !m.Asks(utf8From(b)) {
				continue
			}
		}
		all = append(all, Gap{What: f.Path, Why: "no lock file, so the versions that get built are unknown", Remedy: m.Make + ", and commit the lock file"})
	}
	return all
}

// scriptBlock matches the metadata of a program in Python that names its own dependencies (PEP 723).
var (
	scriptBlock = regexp.MustCompile(`(?m)^# /// script[ \t]*\r?\n(?:#(?: .*)?\r?\n)*?# ///`)
	scriptNeeds = regexp.MustCompile(`\bdependencies\s*=\s*\[((?:[^\]"']|"[^"]*"|'[^']*')*)\]`)
	scriptNeed  = regexp.MustCompile(`"[^"\n]+"|'[^'\n]+'`)
)

// asksAsScript reports whether a program names a dependency of which the version is open.
func asksAsScript(b []byte) bool {
	needs := scriptNeeds.FindSubmatch(scriptBlock.Find(utf8From(b)))
	return needs != nil && slices.ContainsFunc(scriptNeed.FindAllString(string(needs[1]), -1), func(need string) bool { return !strings.Contains(need, "==") })
}

// utf8From returns a text as UTF-8 without a byte order mark.
func utf8From(b []byte) []byte {
	if out, _, err := transform.Bytes(unicode.BOMOverride(transform.Nop), b); err == nil {
		return out
	}
	return b
}

// lockCheck returns the row on manifests without a lock file, and false if there are
// none. The row only warns, because libraries do not have lock files.
func lockCheck(missing []Gap) (report.Check, bool) {
	if len(missing) == 0 {
		return report.Check{}, false
	}
	var names []string
	for _, g := range missing[:min(len(missing), 3)] {
		names = append(names, g.What)
	}
	return report.Check{
		Name: lockRow, State: report.Warned, Result: fmt.Sprintf("%d missing or not readable, so the versions that get built were not looked up: %s", len(missing), strings.Join(names, ", ")),
		Note: missing[0].Remedy,
	}, true
}
