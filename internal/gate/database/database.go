// Package database downloads advisory data, keeps it in one folder, and checks whether
// it is recent enough.
//
// The folder has the layout and fixed names that the scanners read. A CI cache can keep
// the folder, and may restore only a part of it. Next to each file, a record of its
// source is written: where the file came from, when, its size and its digest.
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

// Names of databases. OSV(ecosystem) returns the name of the database of an ecosystem.
const (
	TrivyDB     = "trivy-db"
	TrivyJavaDB = "trivy-java-db"
	Exploited   = "kev"  // CISA's catalogue of vulnerabilities known to be exploited
	Scores      = "epss" // FIRST's probabilities of exploitation
)

// OSV returns the name of an ecosystem's database, such as osv/Go. All releases of
// Debian share one database, so Debian:12 gives osv/Debian.
func OSV(ecosystem string) string {
	base, _, _ := strings.Cut(ecosystem, ":")
	return "osv/" + base
}

// Mirrors that the documentation of osv-scanner and trivy lists, in the order in which
// they are tried.
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

// Options are the databases to update and their mirrors.
type Options struct {
	Dir        string   // folder of all databases; created if it does not exist
	Ecosystems []string // of OSV: Go, npm, crates.io, GitHub Actions, Debian:12
	Trivy      bool     // vulnerabilities of images
	Java       bool     // index of jars, for trivy
	Exploits   bool     // KEV and EPSS

	// Mirrors, tried in this order; nil means the tool's own. Those of OSV, KEV and EPSS
	// are https addresses, OSV's with <ecosystem> in it; trivy's are image references.
	OSVMirrors, TrivyMirrors, JavaMirrors, KEVMirrors, EPSSMirrors []string

	Refresh time.Duration // a database checked within this time is not checked again; default 18 hours
	MaxAge  time.Duration // default 7 days
	Stall   time.Duration // a connection without data for this long is closed; default 1 minute

	Client   *http.Client                               // nil is http.DefaultClient
	Now      func() time.Time                           // nil is time.Now
	Wait     func(context.Context, time.Duration) error // between attempts; nil sleeps
	Random   func() float64                             // jitter in [0, 1); nil is math/rand
	Progress func(name string, done, total int64)       // called about once a MiB; total is -1 if unknown
	limits   limits
}

// State is the result of the update of one database.
type State string

// The states.
const (
	Fetched   State = "fetched"   // downloaded
	Unchanged State = "unchanged" // a mirror reported that there is nothing newer
	Kept      State = "kept"      // checked recently, so no mirror was asked
	Stale     State = "stale"     // no mirror had a newer one; the existing one is kept
	Missing   State = "missing"   // no mirror had one, and there is no usable copy
)

// Result is the result of the update of one database.
type Result struct {
	gate.Database               // the one in the folder after the update
	State         State         `json:"state"`
	From          string        `json:"from,omitempty"`
	Size          int64         `json:"size"`
	Age           time.Duration `json:"-"`
	Errors        []string      `json:"errors,omitempty"` // errors of the mirrors, in order
}

// limits are the largest accepted sizes, in bytes, and numbers of entries.
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

// kind describes where a database is stored and how its date is read.
type kind struct {
	path string // below the folder, with forward slashes
	// daily databases are published on a schedule, so their age is that of their
	// content. The others change only when there is something new, so their age is the
	// time since a mirror confirmed that they are current.
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

// ecosystem matches a name that is safe as a folder: osv-scalibr uses it unchanged.
var ecosystem = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9 ._-]{0,63}$`)

// Needed returns the names of the wanted databases, each once.
func (o Options) Needed() ([]string, error) {
	var names []string
	var errs []error
	for _, eco := range o.Ecosystems {
		name := OSV(eco)
		if _, ok := kindOf(name); !ok {
			errs = append(errs, fmt.Errorf("%.100q is not an OSV ecosystem such as Go, npm or PyPI", eco))
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

// sleep waits for d, or until ctx ends, and then returns the error of ctx.
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
