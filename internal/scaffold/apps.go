package scaffold

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// App is a folder that can become the artifact.
type App struct {
	Dir  string // "." is the root
	What string // how it was recognised
	part *Part
	file *Dockerfile
}

// apps returns the folders that can become the artifact. A Dockerfile in a folder
// without code, such as docker/, belongs to the root.
func (f *Facts) apps() []App {
	var all []App
	at := func(dir string) *App {
		for i := range all {
			if all[i].Dir == dir {
				return &all[i]
			}
		}
		all = append(all, App{Dir: dir})
		return &all[len(all)-1]
	}
	for i := range f.Parts {
		p := &f.Parts[i]
		if p.Start == nil || len(p.Start.entrypoint) == 0 && f.web(p) == "" {
			continue
		}
		a := at(p.Dir)
		if a.part == nil {
			if a.part, a.What = p, p.Language; p.Manager != p.Language {
				a.What += ", " + p.Manager
			}
		}
	}
	for i := range f.Dockerfiles {
		d := &f.Dockerfiles[i]
		dir := path.Dir(d.Path)
		if dir != "." && !slices.ContainsFunc(f.Parts, func(p Part) bool { return p.Dir == dir }) {
			dir = "."
		}
		a := at(dir)
		if a.file != nil {
			continue
		}
		a.file = d
		if a.What = cmp.Or(a.What, d.Path); a.part != nil {
			a.What += ", " + d.Path
		} else if n := slices.IndexFunc(f.Parts, func(p Part) bool { return p.Dir == dir }); n >= 0 {
			a.part = &f.Parts[n]
		}
	}
	slices.SortStableFunc(all, func(a, b App) int { return cmp.Compare(a.Dir, b.Dir) })
	return all
}

// choose sets the app: the one that was asked for, the only one, the one in the root, or
// the one that a person chooses. It never picks one of several by itself.
func (f *Facts) choose(o Options, configured bool) error {
	all := f.apps()
	find := func(dir string) int {
		return slices.IndexFunc(all, func(a App) bool { return a.Dir == path.Clean(strings.TrimSuffix(dir, "/")) })
	}
	i := -1
	switch {
	case o.AppDir != "":
		if i = find(o.AppDir); i < 0 {
			return report.Usage(fmt.Sprintf("--app-dir %s has no app that init recognises%s", report.LogLine(o.AppDir), listed(all)))
		}
	case len(all) == 0:
		return nil
	case len(all) == 1:
		i = 0
	case find(".") >= 0:
		i = find(".")
	case configured, gateAlone(o.With):
		return nil // no configuration is written
	case o.Choose != nil:
		var err error
		if i, err = o.Choose(all); err != nil {
			return err
		}
	default:
		return report.Usage(fmt.Sprintf("this repository has %d apps, and .goldenpath.yml is for one%s", len(all), listed(all)))
	}
	f.app = &all[i]
	f.Others = slices.Delete(slices.Clone(all), i, i+1)
	return nil
}

// listed lists the apps, with the flag that chooses each.
func listed(all []App) string {
	if len(all) == 0 {
		return ": give a folder with a start script, a main program, a page or a Dockerfile"
	}
	var b strings.Builder
	b.WriteString(": choose one:")
	for _, a := range all {
		fmt.Fprintf(&b, "\n  --app-dir %s   %s", a.Dir, a.What)
	}
	return b.String()
}

// checked returns the parts whose checks the configuration has: the app's, those it
// belongs to, and those that are not apps of their own.
func (f *Facts) checked() []Part {
	all := f.own()
	if len(all) > 1 { // what is only installed beside the app is checked by nothing
		all = slices.DeleteFunc(all, func(p Part) bool {
			return p.Dir != f.folder() && p.Dir != "." && len(p.members) == 0 && len(p.Steps) == 1 && p.Steps[0].name == "install"
		})
	}
	return all[:min(len(all), maxParts)]
}

func (f *Facts) own() []Part {
	return slices.DeleteFunc(slices.Clone(f.Parts), func(p Part) bool {
		return p.workspace && p.Dir != f.folder() || slices.ContainsFunc(f.Others, func(a App) bool { return a.Dir == p.Dir && p.Dir != "." })
	})
}
