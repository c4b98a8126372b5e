package osv

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"
	"github.com/google/osv-scanner/v2/pkg/models"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/inventory"
	"github.com/seed-b235b314/goldenpath/internal/lockfile"
)

// coverage counts the packages that were found and looked up.
type coverage struct {
	packages map[source][]*models.PackageVulns
	files    map[string]bool // with packages that are not of the repository itself
	nameless int             // without a version or ecosystem: not looked up
	build    int             // plugins and managed versions of Maven
	own      int             // of the repository itself
	foreign  int             // of an ecosystem without advisories in OSV, such as conda
	offline  int             // from git: only osv.dev knows commits
	missed   int             // packages without a database

	actions     int      // uses of actions that were looked up
	unversioned int      // uses of actions without a version: not looked up
	unmatched   int      // uses of actions without a database
	unknown     int      // C and C++ sources that only osv.dev could identify
	toolchain   string   // release whose standard library was looked up, and the place that names it
	poms        int      // projects of Maven: what their dependencies depend on is not read
	reached     []string // what is known of the reachability of Go vulnerabilities
	updater     string   // command that updates the databases
}

type source struct{ file, ecosystem string }

// cover sorts the packages by file and ecosystem.
func (t tree) cover(found models.VulnerabilityResults) *coverage {
	c := &coverage{packages: map[source][]*models.PackageVulns{}, files: map[string]bool{}, unknown: t.stage.unknown}
	built := func(p inventory.Package) bool { return p.Origin == inventory.Build }
	used := map[string]bool{} // packages of Maven, some of them with a version that a parent manages
	for _, packages := range t.stage.read {
		for _, p := range packages {
			used[p.Name] = used[p.Name] || p.Ecosystem == "Maven" && !built(p)
		}
	}
	for file, packages := range t.stage.read {
		if slices.ContainsFunc(packages, func(p inventory.Package) bool { return !built(p) }) && inventory.Format(file) == "Maven" {
			c.poms++
		}
		for _, p := range packages {
			_, asked := t.stage.lookup(p)
			if p.Ecosystem == lockfile.Actions {
				if p.Origin == inventory.Registry && !asked {
					c.unversioned++
				}
				continue
			}
			switch {
			case p.Origin == inventory.Build:
				if !used[p.Name] {
					c.build++
				}
				continue
			case p.Origin == inventory.Own, p.Origin == inventory.Toolkit:
				c.own++
				continue
			case asked:
			case p.Origin == inventory.Git && p.Commit != "":
				c.offline++
			case p.Origin == inventory.Registry && p.Version != "":
				c.foreign++
			default:
				c.nameless++
			}
			c.files[file] = true
		}
	}
	for file, n := range t.stage.unidentified {
		c.nameless += n
		c.files[file] = true
	}
	for _, src := range found.Results {
		for i := range src.Packages {
			p := &src.Packages[i]
			file, _, ok := t.place(*p)
			if !ok {
				continue
			}
			eco := ecosystem(*p)
			if eco == lockfile.Actions {
				c.actions++
			}
			if eco == "" {
				c.nameless++
				continue
			}
			c.packages[source{file, eco}] = append(c.packages[source{file, eco}], p)
		}
	}
	return c
}

// ecosystem returns the name of the database in which the library looks a package up.
// It returns "" if the library looks it up in none. It follows osv-scanner's filter and
// osv-scalibr's osvutil.ParsePackage, both internal packages.
func ecosystem(p models.PackageVulns) string {
	if isAction(p) {
		return lockfile.Actions
	}
	pkg := p.Package.Inventory
	eco := pkg.Ecosystem()
	commit := pkg.SourceCode != nil && pkg.SourceCode.Commit != ""
	switch {
	case p.Package.Version == "" || p.Package.Name == "":
		return ""
	case eco.IsEmpty() && commit:
		return "GIT"
	case eco.IsEmpty(), eco.GetValidity() != nil, p.Package.Name == "unknown" && eco.Ecosystem == "Maven":
		return ""
	}
	return string(eco.Ecosystem)
}

// match looks the packages up in the databases, as the library does. It adds to res the
// databases that were used, and a gap for each file whose packages have no database.
func (c *coverage) match(ctx context.Context, databases string, res *gate.Result) error {
	for _, eco := range c.ecosystems() {
		wanted := map[string]bool{}
		for s, packages := range c.packages {
			if s.ecosystem == eco {
				for _, p := range packages {
					for _, k := range packageKeys(*p) {
						wanted[k] = true
					}
				}
			}
		}
		known, err := open(ctx, databases, eco, wanted)
		if err != nil {
			return fmt.Errorf("cannot read advisories for %s: %w", eco, err)
		}
		if known == nil || known.total == 0 {
			c.missing(databases, eco, known != nil, res)
			continue
		}
		res.Database = append(res.Database, known.Database)
		if known.unread > 0 {
			res.Missing = append(res.Missing, gate.Gap{
				What: fmt.Sprintf("%s for %s", english.Plural(known.unread, "advisory", ""), eco), Why: "they cannot be parsed: " + known.example,
				Remedy: "update the database, or use a release of the gate that supports its schema"})
		}
		for s, packages := range c.packages {
			if s.ecosystem == eco {
				for _, p := range packages {
					p.Vulnerabilities = affecting(known.of(*p), *p)
				}
			}
		}
	}
	return nil
}

// of returns the advisories about the package and about packages with a similar name.
func (a *advisories) of(p models.PackageVulns) []*vulnerability {
	var out []*vulnerability
	for _, k := range packageKeys(p) {
		out = append(out, a.about[k]...)
	}
	return out
}

func packageKeys(p models.PackageVulns) []string {
	pkg := p.Package.Inventory
	keys := []string{key(p.Package.Name), key(pkg.Name)}
	if u := pkg.PURL(); u != nil {
		keys = append(keys, key(u.Name))
	}
	if pkg.SourceCode != nil {
		keys = append(keys, key(pkg.SourceCode.Repo))
	}
	return distinct(keys)
}

// missing adds a gap for each file with packages of the ecosystem.
func (c *coverage) missing(databases, eco string, empty bool, res *gate.Result) {
	noun := "package"
	if eco == lockfile.Actions {
		c.unmatched, c.actions = c.actions, 0
		if len(c.files) > 0 || slices.ContainsFunc(c.sources(), func(s source) bool { return s.ecosystem != eco }) {
			return // the row states it; it is a gap if the repository has nothing else
		}
		noun = "action"
	}
	why := fmt.Sprintf("no %s advisories in %s", eco, cmp.Or(databases, "the offline databases: no folder was given"))
	if empty {
		why = fmt.Sprintf("the database of %s advisories in %s is empty", eco, databases)
	}
	for _, s := range c.sources() {
		if s.ecosystem != eco {
			continue
		}
		n := len(c.packages[s])
		if eco != lockfile.Actions {
			c.missed += n
		}
		res.Missing = append(res.Missing, gate.Gap{
			What:   fmt.Sprintf("%s (%s, %s)", s.file, s.ecosystem, english.Plural(n, noun, "")),
			Why:    why,
			Remedy: c.update(s.ecosystem),
		})
	}
}

// update returns the command line that downloads the advisories of an ecosystem.
func (c *coverage) update(eco string) string {
	if slices.Contains(gate.Ecosystems, eco) {
		return c.updater
	}
	return c.updater + " --ecosystems " + gate.ShellWord(eco)
}

func (c *coverage) sources() []source {
	return slices.SortedFunc(maps.Keys(c.packages), func(a, b source) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.ecosystem, b.ecosystem))
	})
}

// ecosystems returns the names of the databases that are needed.
func (c *coverage) ecosystems() []string {
	var all []string
	for s := range c.packages {
		all = append(all, s.ecosystem)
	}
	return distinct(all)
}

// lookedUp is how many packages were looked up, without actions.
func (c *coverage) lookedUp() (n int) {
	for s, packages := range c.packages {
		if s.ecosystem != lockfile.Actions {
			n += len(packages)
		}
	}
	return n - c.missed
}

func (c *coverage) String() string {
	files, looked := maps.Clone(c.files), c.lookedUp()
	for s := range c.packages {
		if s.ecosystem != lockfile.Actions {
			files[s.file] = true
		}
	}
	text := ""
	if len(files) > 0 {
		text = english.Plural(len(files), "lockfile", "") + ", "
		if c.missed > 0 {
			text += fmt.Sprintf("%d of ", looked)
		}
		text += english.Plural(looked+c.missed, "package", "")
	}
	if c.nameless > 0 {
		text = cmp.Or(text, "0 packages") + fmt.Sprintf(" (and %d without a version, not looked up)", c.nameless)
	}
	if c.actions > 0 {
		text = strings.TrimPrefix(text+", ", ", ") + english.Plural(c.actions, "action", "")
	}
	var more []string
	if c.poms > 0 {
		more = append(more, english.Plural(c.poms, "Maven project", "")+" without what the dependencies depend on, which Maven has no lock file for")
	}
	if c.build > 0 {
		more = append(more, english.Plural(c.build, "plugin or managed version", "plugins and managed versions")+" of Maven not looked up")
	}
	if c.unversioned > 0 {
		more = append(more, english.Plural(c.unversioned, "action", "")+" without a version not looked up")
	}
	if c.unmatched > 0 {
		more = append(more, english.Plural(c.unmatched, "action", "")+" not looked up: that needs a database of the advisories of GitHub Actions")
	}
	if c.own > 0 {
		more = append(more, english.Plural(c.own, "package", "")+" of the repository itself")
	}
	if c.foreign > 0 {
		more = append(more, english.Plural(c.foreign, "package", "")+" of an ecosystem without advisories not looked up")
	}
	if c.offline > 0 {
		more = append(more, english.Plural(c.offline, "package", "")+" from git not looked up: that needs osv.dev, online")
	}
	if c.unknown > 0 {
		more = append(more, english.Plural(c.unknown, "vendored C source", "")+" not identified: that needs osv.dev, online")
	}
	if c.toolchain != "" {
		more = append(more, c.toolchain)
	}
	more = append(more, c.reached...)
	if len(more) > 0 {
		text = cmp.Or(text, "0 packages") + "; " + strings.Join(more, "; ")
	}
	return text
}
