package doctor

import (
	"io/fs"
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
	read := func(name string) []byte {
		b, _ := r.read(name) // nil on an error
		return b
	}
	committed := lockfile.NewFiles(read)
	for _, f := range r.o.Files {
		committed.Add(f)
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
		if b, err := r.read(f); err != nil || !m.Asks(b) {
			continue
		}
		manifests++
		if committed.Lock(m, f) != "" {
			continue
		}
		loose := r.onDisk(path.Dir(f), m, read).Lock(m, f)
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
		return notApplicable("no committed manifest names dependencies to lock")
	}
	return finding{state: report.OK, found: english.Plural(manifests, "manifest has", "manifests have") + " a lock file"}
}

// onDisk returns the files in the folders that may have the lock file of a manifest in dir,
// committed or not.
func (r *repo) onDisk(dir string, m lockfile.Manifest, read func(string) []byte) *lockfile.Files {
	all := lockfile.NewFiles(read)
	for {
		for _, lock := range m.Locks {
			folder := path.Join(dir, path.Dir(lock))
			if all.Folder(folder) != nil {
				continue
			}
			entries, _ := fs.ReadDir(r.root.FS(), folder) // a folder that cannot be read has no lock file
			for _, e := range entries {
				all.Add(path.Join(folder, e.Name()))
			}
		}
		if dir == "." || dir == "/" {
			return all
		}
		dir = path.Dir(dir)
	}
}
