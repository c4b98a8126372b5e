package database

import (
	"time"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Facts is what a folder of advisory data adds to the scanners' own data: which
// vulnerabilities are exploited, and how old the data is.
type Facts struct {
	dir  string
	now  time.Time
	max  time.Duration
	kev  map[string]string
	epss map[string]float64
}

// Open reads the facts of a folder. A missing file of exploitation data is not an
// error. Data older than max is too old; 0 means DefaultMaxAge.
func Open(dir string, now time.Time, max time.Duration) (*Facts, error) {
	f := &Facts{dir: dir, now: now, max: max}
	var err error
	if f.kev, _, err = KEV(dir); err != nil {
		return nil, err
	}
	f.epss, _, err = EPSS(dir)
	return f, err
}

// Complete adds to each finding when its exploitation became known, and the probability
// of exploitation.
func (f *Facts) Complete(findings []report.Finding) { Join(findings, f.kev, f.epss) }

// Judge returns a gap for each used database that is missing, damaged or too old.
func (f *Facts) Judge(used []gate.Database) []gate.Gap {
	names := make([]string, len(used))
	for i, d := range used {
		names[i] = d.Name
	}
	return Judge(f.dir, names, f.now, f.max)
}

// KnowsExploited reports whether the folder has CISA's catalogue.
func (f *Facts) KnowsExploited() bool { return len(f.kev) > 0 }
