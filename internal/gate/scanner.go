package gate

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Scanner examines a tree. Adapters of the scanners are sub-packages; only the
// command links them.
type Scanner interface {
	// Name is the tool's own name, such as gitleaks. Two scanners may share one.
	Name() string
	// Kind names the scanner's row: secrets, dependencies, configuration, workflows,
	// image.
	Kind() string
	// Version is the version of the linked library.
	Version() string
	// Select returns the files that Scan must read to examine the changed ones: for a
	// changed template, the whole chart; if changed is nil, every file it understands.
	// It returns false if no change concerns the scanner; Scan is not called then.
	Select(files []File, changed Changes) ([]File, bool)
	// Scan returns what it found and what it covered. An error means that the scan is
	// incomplete; the gate then does not pass.
	Scan(ctx context.Context, in Input) (Result, error)
}

// Unreachable is the error of a scanner whose source of advisories does not answer: nothing
// was looked up, which is a gap like missing advisories.
type Unreachable interface {
	error
	Gap() Gap
}

// Input is what every scanner examines.
type Input struct {
	Dir   string // absolute path of a clean checkout of the commit
	Files []File // what Select returned; nothing else below Dir is read, except by reachability
	Part  bool   // Dir has nothing but files that a scanner selected
	Base  string // commit id to compare with; empty: none
	Whole bool   // what was before Base is examined too
	Head  string // commit id of Dir
	// Databases is the folder of advisory data. osv-scanner reads
	// <Databases>/osv-scalibr/<ecosystem>/all.zip, trivy <Databases>/trivy/db/trivy.db.
	Databases string
	Offline   bool
	Artifact  string   // folder that was packed into the image; "": not built yet
	Exclude   []string // slash-separated path prefixes, relative to Dir, that are not examined
	Update    string   // command line that updates Databases; "": the default, see Updater
}

// Ecosystems are those whose advisories an update downloads unless it names others.
var Ecosystems = []string{"Go", "npm", "PyPI"}

// UpdateCommand downloads advisory data.
const UpdateCommand = "security-gate database update"

// Updater returns the command line that downloads missing advisory data.
func (in Input) Updater() string { return cmp.Or(in.Update, UpdateCommand) }

// Result is what one scanner found.
type Result struct {
	Findings []report.Finding // Rule, Severity, Message, At and, where known, the other facts of a finding
	Packages []Package        // packages of the app
	Covered  string           // "212 commits, 3.1 MB", "2 lockfiles, 84 packages"; empty: nothing to examine
	Missing  []Gap            // what it could not examine, and why
	Database []Database
	// Compared means that the scanner compared with the base itself: findings that the
	// base has too have Status report.Known, and the base is not scanned.
	Compared bool
	// SetAside has a digest, from Aside, of each thing that the library found and the scanner
	// does not report, because it is not what the rule is for.
	SetAside []string
	// Unsure means that more of what it covers could not be looked up than could. The row
	// is a warning; the verdict is not.
	Unsure bool
}

// Package is one dependency. It becomes a component of the SBOM, and the policy on
// dependencies and licences applies to it.
type Package struct {
	PURL     string          // with its version
	At       report.Location // the lock file, or the path in the image
	Direct   bool            // the repository depends on it directly
	Through  []string        // names from the direct dependency down to the one that requires it; nil: direct, or unknown
	Licences []string        // SPDX expressions; nil: unknown
	Image    bool            // it is in the image
}

// Gap is something that should have been examined but was not.
type Gap struct {
	What   string `json:"what"`   // package-lock.json (npm)
	Why    string `json:"why"`    // no npm advisories in /db
	Remedy string `json:"remedy"` // how to close the gap

	// Partial means that what could be read was examined. If the base has the same gap, it
	// is Known, which is a warning: the change did not cause it.
	Partial bool `json:"-"`
	Known   bool `json:"known,omitempty"`
}

// Aside identifies something that is set aside, by what the library says of it: of a secret the
// rule and the value, of a message the rule, the path and the text.
func Aside(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// NoFile begins Covered of a scanner that examined none of the files which concern it.
const NoFile = "no file"

// Database identifies advisory data that was used.
type Database struct {
	Name   string    `json:"name"`   // osv/Go
	Digest string    `json:"digest"` // sha256:…
	Time   time.Time `json:"time"`   // newest advisory in it
}
