// Package database fetches advisory data, keeps it in one folder and judges
// whether it is young enough to rely on.
//
// The folder is laid out as the scanners read it, with fixed names, so that a CI
// cache can keep it and may bring back only a part. Beside each file its source
// is written: where it is from, when, and what it must look like.
package database

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// Names of databases. That of an ecosystem is OSV(ecosystem).
const (
	TrivyDB     = "trivy-db"
	TrivyJavaDB = "trivy-java-db"
	Exploited   = "kev"  // CISA's catalogue of vulnerabilities known to be exploited
	Scores      = "epss" // FIRST's probabilities of exploitation
)

// OSV is the name of an ecosystem's database: osv/Go. Of Debian:12 it is that of
// Debian: the releases share one.
func OSV(ecosystem string) string {
	base, _, _ := strings.Cut(ecosystem, ":")
	return "osv/" + base
}

// Mirrors as the tools document them, in the order they are asked.
var (
	osvMirrors   = []string{"https://osv-vulnerabilities.storage.googleapis.com/<ecosystem>/all.zip"}
	trivyMirrors = []string{"mirror.gcr.io/aquasec/trivy-db:2", "ghcr.io/aquasecurity/trivy-db:2", "public.ecr.aws/aquasecurity/trivy-db:2"}
	javaMirrors  = []string{"mirror.gcr.io/aquasec/trivy-java-db:1", "ghcr.io/aquasecurity/trivy-java-db:1", "public.ecr.aws/aquasecurity/trivy-java-db:1"}
	kevMirrors   = []string{
		"https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
		"https://raw.githubusercontent.com/cisagov/kev-data/develop/known_exploited_vulnerabilities.json",
	}
	epssMirrors = []string{
		"https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
		"https://epss.cyentia.com/epss_scores-current.csv.gz",
	}
)

// DefaultMaxAge is the age from which a database is stale.
const DefaultMaxAge = 7 * 24 * time.Hour

// Options says which databases are wanted and where they are from.
type Options struct {
	Dir        string   // the folder of all databases; made if it is not there
	Ecosystems []string // of OSV: Go, npm, crates.io, GitHub Actions, Debian:12
	Trivy      bool     // vulnerabilities of images
	Java       bool     // which jar is which, for trivy
	Exploits   bool     // KEV and EPSS

	// Mirrors, asked in this order; nil is the tool's own. OSV, KEV and EPSS are
	// https addresses, that of OSV with <ecosystem> in it; trivy's are references.
	OSVMirrors, TrivyMirrors, JavaMirrors, KEVMirrors, EPSSMirrors []string

	Refresh time.Duration // what was checked within this time is kept; default 18 hours
	MaxAge  time.Duration // default 7 days
	Stall   time.Duration // a connection silent for so long is given up; default 1 minute

	Client   *http.Client                               // nil is http.DefaultClient
	Now      func() time.Time                           // nil is time.Now
	Wait     func(context.Context, time.Duration) error // between attempts; nil sleeps
	Random   func() float64                             // jitter in [0, 1); nil is math/rand
	Progress func(name string, done, total int64)       // about once a MiB; total is -1 when not known
	limits   limits
}

// State is what became of a database in an update.
type State string

// The states.
const (
	Fetched   State = "fetched"   // it is new
	Unchanged State = "unchanged" // a mirror says that there is nothing newer
	Kept      State = "kept"      // it was checked a short while ago: nobody was asked
	Stale     State = "stale"     // no mirror gave a newer one; the old one is still there
	Missing   State = "missing"   // no mirror gave one, and none is there that can be used
)

// Result is what became of one database.
type Result struct {
	gate.Database               // of what is in the folder now
	State         State         `json:"state"`
	From          string        `json:"from,omitempty"`
	Size          int64         `json:"size"`
	Age           time.Duration `json:"-"`
	Errors        []string      `json:"errors,omitempty"` // what went wrong, in order; of each mirror that did not do, why
}

// limits bound what is accepted.
type limits struct {
	zip, entry, entries, unzipped int64
	layer, trivy, java            int64
	text, plain                   int64
}

func (l limits) orDefault() limits {
	const mib = 1 << 20
	for _, v := range []struct {
		to    *int64
		value int64
	}{
		{&l.zip, 4096 * mib}, {&l.entry, 512 * mib}, {&l.entries, 4_000_000}, {&l.unzipped, 64 << 10 * mib},
		{&l.layer, 4096 * mib}, {&l.trivy, 8192 * mib}, {&l.java, 16384 * mib}, {&l.text, 64 * mib}, {&l.plain, 512 * mib},
	} {
		*v.to = cmp.Or(*v.to, v.value)
	}
	return l
}

func (o Options) withDefaults() Options {
	o.Refresh, o.MaxAge, o.Stall = cmp.Or(o.Refresh, 18*time.Hour), cmp.Or(o.MaxAge, DefaultMaxAge), cmp.Or(o.Stall, time.Minute)
	o.limits = o.limits.orDefault()
	for _, m := range []struct {
		to    *[]string
		value []string
	}{
		{&o.OSVMirrors, osvMirrors}, {&o.TrivyMirrors, trivyMirrors}, {&o.JavaMirrors, javaMirrors},
		{&o.KEVMirrors, kevMirrors}, {&o.EPSSMirrors, epssMirrors},
	} {
		if len(*m.to) == 0 {
			*m.to = m.value
		}
	}
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wait == nil {
		o.Wait = sleep
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Progress == nil {
		o.Progress = func(string, int64, int64) {}
	}
	return o
}

// kind is how a sort of database is kept.
type kind struct {
	path string // below the folder, with forward slashes
	// daily: it is published on a schedule, so its age is that of what is in it. Of
	// the others, which change only when there is something new, it is how long ago a
	// mirror said that it is current.
	daily bool
}

func kindOf(name string) (kind, bool) {
	if eco, ok := strings.CutPrefix(name, "osv/"); ok {
		return kind{path: path.Join("osv-scalibr", eco, "all.zip")}, ecosystem.MatchString(eco)
	}
	k, ok := map[string]kind{
		TrivyDB:     {path: "trivy/db/trivy.db", daily: true},
		TrivyJavaDB: {path: "trivy/java-db/trivy-java.db"},
		Exploited:   {path: "kev/known_exploited_vulnerabilities.json"},
		Scores:      {path: "epss/epss_scores-current.csv.gz", daily: true},
	}[name]
	return k, ok
}

// ecosystem is what may become a folder: osv-scalibr uses the name as it is.
var ecosystem = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9 ._-]{0,63}$`)

// Needed names the wanted databases, once each: what Judge is asked about.
func (o Options) Needed() ([]string, error) {
	var names []string
	var errs []error
	for _, eco := range o.Ecosystems {
		name := OSV(eco)
		if _, ok := kindOf(name); !ok {
			errs = append(errs, fmt.Errorf("%.100q is no ecosystem of OSV", eco))
		} else if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if o.Trivy {
		names = append(names, TrivyDB)
	}
	if o.Java {
		names = append(names, TrivyJavaDB)
	}
	if o.Exploits {
		names = append(names, Exploited, Scores)
	}
	return names, errors.Join(errs...)
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
