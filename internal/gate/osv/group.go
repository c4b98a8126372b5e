package osv

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/google/osv-scanner/v2/pkg/models"
	"github.com/ossf/osv-schema/bindings/go/osvschema"
)

type vulnerability = osvschema.Vulnerability

// fact is one vulnerability of a package, described by one or more advisories.
type fact struct {
	about []*vulnerability
	names []string // every id and alias, sorted
}

// facts groups the advisories of a package by shared ids, like osv-scanner. Withdrawn
// advisories are ignored.
func facts(p models.PackageVulns) []fact {
	var out []fact
	for _, v := range p.Vulnerabilities {
		if v.GetWithdrawn() != nil {
			continue
		}
		f := fact{about: []*vulnerability{v}, names: namesOf(v)}
		rest := out[:0]
		for _, other := range out {
			if slices.ContainsFunc(other.names, func(n string) bool { return slices.Contains(f.names, n) }) {
				f.about, f.names = append(f.about, other.about...), append(f.names, other.names...)
			} else {
				rest = append(rest, other)
			}
		}
		out = append(rest, f)
	}
	for i := range out {
		slices.Sort(out[i].names)
		out[i].names = slices.Compact(out[i].names)
		slices.SortFunc(out[i].about, func(a, b *vulnerability) int { return cmp.Compare(a.GetId(), b.GetId()) })
	}
	return out
}

func namesOf(v *vulnerability) []string {
	names := slices.Concat([]string{v.GetId()}, v.GetAliases(), v.GetUpstream())
	if strings.HasPrefix(v.GetId(), "USN-") { // its related ids are the CVEs that it is about
		names = append(names, v.GetRelated()...)
	}
	return names
}

// rule returns the most informative id: of malware, then a CVE, then a GHSA id.
func (f fact) rule() string {
	for _, prefix := range []string{"MAL-", "CVE-", "GHSA-"} {
		if i := slices.IndexFunc(f.names, func(id string) bool { return strings.HasPrefix(id, prefix) }); i >= 0 {
			return f.names[i]
		}
	}
	return f.about[0].GetId()
}

func (f fact) malicious() bool { return strings.HasPrefix(f.rule(), "MAL-") }

// published returns when the first of the advisories was published, or nil if unknown.
func (f fact) published() *time.Time {
	var first *time.Time
	for _, v := range f.about {
		// the Go vulnerability database has the year 1
		if t := v.GetPublished().AsTime(); v.GetPublished() != nil && t.Year() > 1 && (first == nil || t.Before(*first)) {
			first = &t
		}
	}
	return first
}
