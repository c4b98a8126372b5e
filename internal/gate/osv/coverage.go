package osv

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/osv-scanner/v2/pkg/models"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// coverage counts what was found and what could be looked up.
type coverage struct {
	packages map[source]int
	nameless int // no version or no ecosystem: nothing to look up
	missed   int // no database
}

type source struct{ file, ecosystem string }

func (t tree) count(found models.VulnerabilityResults) *coverage {
	c := &coverage{packages: map[source]int{}}
	for _, src := range found.Results {
		for _, p := range src.Packages {
			file, _, ok := t.place(p)
			if !ok {
				continue
			}
			eco, _, _ := strings.Cut(p.Package.Ecosystem, ":") // Debian:12
			if eco == "" || p.Package.Version == "" {
				c.nameless++
				eco = ""
			}
			c.packages[source{file, eco}]++
		}
	}
	return c
}

// match adds to res the databases that were used, and a gap for each file whose
// packages had none.
func (c *coverage) match(ctx context.Context, databases string, res *gate.Result) error {
	has := map[string]bool{"": true}
	for _, s := range c.sources() {
		if _, known := has[s.ecosystem]; !known {
			db, unread, err := open(ctx, databases, s.ecosystem)
			if err != nil {
				return fmt.Errorf("read advisories for %s: %w", s.ecosystem, err)
			}
			if has[s.ecosystem] = db != nil; db != nil {
				res.Database = append(res.Database, *db)
			}
			if unread != nil {
				res.Missing = append(res.Missing, *unread)
			}
		}
		if has[s.ecosystem] {
			continue
		}
		n := c.packages[s]
		c.missed += n
		res.Missing = append(res.Missing, gate.Gap{
			What:   fmt.Sprintf("%s (%s, %s)", s.file, s.ecosystem, plural(n, "package")),
			Why:    fmt.Sprintf("no %s advisories in %s", s.ecosystem, cmp.Or(databases, "the offline databases: none are given")),
			Remedy: fmt.Sprintf("provide %s, or scan online", filepath.ToSlash(archive(databases, s.ecosystem))),
		})
	}
	return nil
}

func (c *coverage) sources() []source {
	return slices.SortedFunc(maps.Keys(c.packages), func(a, b source) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.ecosystem, b.ecosystem))
	})
}

func (c *coverage) String() string {
	files, total := map[string]bool{}, 0
	for s, n := range c.packages {
		files[s.file] = true
		total += n
	}
	if total == 0 {
		return ""
	}
	text := plural(len(files), "lockfile") + ", "
	if c.missed > 0 {
		text += fmt.Sprintf("%d of ", total-c.nameless-c.missed)
	}
	text += plural(total-c.nameless, "package")
	if c.nameless > 0 {
		text += fmt.Sprintf(" (and %d without a version, not looked up)", c.nameless)
	}
	return text
}

func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
