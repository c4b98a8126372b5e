package gate

import (
	"context"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Scanner finds facts about a tree. The adapters of the four scanners are
// sub-packages; nothing else knows them.
type Scanner interface {
	// Name is the tool's own name: gitleaks, osv-scanner, trivy, actionlint.
	Name() string
	// Version is the version of the linked library.
	Version() string
	// Scan returns what it found and what it covered. An error means there is
	// no answer: the gate never takes it for "nothing found".
	Scan(ctx context.Context, in Input) (Result, error)
}

// Input is what every scanner is asked to look at.
type Input struct {
	Dir  string // absolute path of a clean checkout of the commit
	Base string // commit id to compare with; empty: look at everything
	Head string // commit id of Dir
	// Databases is the folder of advisory data. osv-scanner reads
	// <Databases>/osv-scalibr/<ecosystem>/all.zip.
	Databases string
	Offline   bool
	Artifact  string   // folder that was packed into the image; "": none yet
	Exclude   []string // slash-separated path prefixes, relative to Dir, that are fixtures
}

// Result is what one scanner has to say.
type Result struct {
	Findings []report.Finding // Rule, Severity, Message, At and, where known, Aliases, Package, Fixed, Fix, Fingerprint
	Covered  string           // "212 commits, 3.1 MB", "2 lockfiles, 84 packages"; empty is nothing to look at
	Missing  []Gap            // what it could not look at, and why
	Database []Database
}

// Gap is something a scanner should have looked at and could not.
type Gap struct {
	What   string // package-lock.json (npm)
	Why    string // no npm advisories in /db
	Remedy string
}

// Database identifies advisory data that was used.
type Database struct {
	Name   string    `json:"name"`   // osv/Go
	Digest string    `json:"digest"` // sha256:…
	Time   time.Time `json:"time"`   // newest advisory in it
}
