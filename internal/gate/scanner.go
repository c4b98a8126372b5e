package gate

import (
	"context"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Scanner finds facts about a tree. The adapters of the scanners are
// sub-packages; nothing else knows them.
type Scanner interface {
	// Name is the tool's own name: gitleaks, osv-scanner, trivy, actionlint.
	Name() string
	// Kind is what it looks for, the name of its row: secrets, dependencies,
	// configuration, workflows, image.
	Kind() string
	// Version is the version of the linked library.
	Version() string
	// Select returns those of files that Scan must read to answer about the changed
	// ones: of a changed template the whole chart; when changed is nil, everything it
	// understands. It reports false when nothing that changed concerns the scanner:
	// then Scan is not called.
	Select(files []File, changed Changes) ([]File, bool)
	// Scan returns what it found and what it covered. An error means there is
	// no answer: the gate never takes it for "nothing found".
	Scan(ctx context.Context, in Input) (Result, error)
}

// Input is what every scanner is asked to look at.
type Input struct {
	Dir   string // absolute path of a clean checkout of the commit
	Files []File // what Select returned; nothing else below Dir is read
	Base  string // commit id to compare with; empty: look at everything
	Head  string // commit id of Dir
	// Databases is the folder of advisory data. osv-scanner reads
	// <Databases>/osv-scalibr/<ecosystem>/all.zip, trivy <Databases>/trivy/db/trivy.db.
	Databases string
	Offline   bool
	Artifact  string   // folder that was packed into the image; "": none yet
	Exclude   []string // slash-separated path prefixes, relative to Dir, that are fixtures: not in Files
}

// Result is what one scanner has to say.
type Result struct {
	Findings []report.Finding // Rule, Severity, Message, At and, where known, the other facts of a finding
	Packages []Package        // what it knows the app is made of
	Covered  string           // "212 commits, 3.1 MB", "2 lockfiles, 84 packages"; empty is nothing to look at
	Missing  []Gap            // what it could not look at, and why
	Database []Database
	// Compared says that the scanner itself has compared with the base: a finding
	// that the base has too has Status report.Known, and the base is not scanned.
	Compared bool
}

// Package is one dependency: a component of the SBOM, and what the policy on
// dependencies and licences is asked about.
type Package struct {
	PURL     string          // with its version
	At       report.Location // the lock file, or the path in the image
	Direct   bool            // the repository itself asks for it
	Through  []string        // names from the direct dependency down to what asks for it; nil: direct, or not known
	Licences []string        // SPDX expressions; nil: not known
	Image    bool            // it is in the image
}

// Gap is something a scanner should have looked at and could not.
type Gap struct {
	What   string `json:"what"`   // package-lock.json (npm)
	Why    string `json:"why"`    // no npm advisories in /db
	Remedy string `json:"remedy"` // what to do about it
}

// Database identifies advisory data that was used.
type Database struct {
	Name   string    `json:"name"`   // osv/Go
	Digest string    `json:"digest"` // sha256:…
	Time   time.Time `json:"time"`   // newest advisory in it
}
