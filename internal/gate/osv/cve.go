package osv

import (
	"encoding/json/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/google/osv-scanner/v2/pkg/models"
	"github.com/ossf/osv-schema/bindings/go/osvschema"
	"go.etcd.io/bbolt"
)

// rateByAlias adds the CVSS vectors that the trivy database has for the CVEs of packages
// whose advisories have no severity, as those of the Go vulnerability database. Without
// that database, or if it cannot be read, they stay unrated.
func (c *coverage) rateByAlias(databases string) {
	wanted := map[string][]*models.PackageVulns{} // by CVE
	for _, packages := range c.packages {
		for _, p := range packages {
			for _, f := range facts(*p) {
				if _, from := f.rate(); from != unrated {
					continue
				}
				for _, name := range f.names {
					if strings.HasPrefix(name, "CVE-") {
						wanted[name] = append(wanted[name], p)
					}
				}
			}
		}
	}
	for cve, vectors := range cvssOf(filepath.Join(databases, "trivy", "db", "trivy.db"), wanted) {
		rated := &vulnerability{Id: cve}
		for _, vector := range vectors {
			rated.Severity = append(rated.Severity, &osvschema.Severity{Score: vector})
		}
		for _, p := range wanted[cve] {
			p.Vulnerabilities = append(p.Vulnerabilities, rated)
		}
	}
}

// cvssOf reads the CVSS vectors of CVEs: NVD's, or those of every other source.
func cvssOf[T any](file string, wanted map[string]T) (found map[string][]string) {
	found = map[string][]string{}
	if len(wanted) == 0 {
		return found
	}
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return found
	}
	// At a broken page bbolt panics, or reads memory that is not mapped.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { _ = recover() }()
	db, err := bbolt.Open(file, 0o400, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return found
	}
	defer db.Close()
	_ = db.View(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket([]byte("vulnerability"))
		if bucket == nil {
			return nil
		}
		for cve := range wanted {
			var about struct {
				CVSS map[string]struct{ V3Vector, V40Vector string }
			}
			if text := bucket.Get([]byte(cve)); text == nil || json.Unmarshal(text, &about) != nil {
				continue
			}
			add := func(vectors ...string) {
				found[cve] = append(found[cve], slices.DeleteFunc(vectors, func(v string) bool { return v == "" })...)
			}
			if nvd, ok := about.CVSS["nvd"]; ok {
				add(nvd.V40Vector, nvd.V3Vector)
				continue
			}
			for _, source := range about.CVSS {
				add(source.V40Vector, source.V3Vector)
			}
		}
		return nil
	})
	return found
}
