package database

import (
	"time"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Facts is what a folder of advisory data knows about vulnerabilities beyond the
// scanners' own data: exploitation, and the age of the data.
type Facts struct {
	dir  string
	now  time.Time
	max  time.Duration
	kev  map[string]string
	epss map[string]float64
}

// Open reads the facts of a folder. Data on exploitation that is not there is left
// out. Data older than max is judged too old; 0 means DefaultMaxAge.
func Open(dir string, now time.Time, max time.Duration) (*Facts, error) {
	f := &Facts{dir: dir, now: now, max: max}
	var err error
	if f.kev, _, err = KEV(dir); err != nil {
		return nil, err
	}
	f.epss, _, err = EPSS(dir)
	return f, err
}

// Complete adds known exploitation and its probability to the findings.
func (f *Facts) Complete(findings []report.Finding) { Join(findings, f.kev, f.epss) }

// Judge returns the used databases that are missing, damaged or too old.
func (f *Facts) Judge(used []gate.Database) []gate.Gap {
	names := make([]string, len(used))
	for i, d := range used {
		names[i] = d.Name
	}
	return Judge(f.dir, names, f.now, f.max)
}
