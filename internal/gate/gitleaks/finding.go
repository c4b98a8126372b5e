package gitleaks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// secret is one match. Its value is never reported.
type secret struct {
	rule, about, value string
	severity           report.Severity
	guess              bool // most likely made up if it is in a test
	path               string
	line, column       int
	commit             string    // empty: in the tree
	age                int       // commits between Head and commit
	added              time.Time // when the commit was made; zero: in the tree
	joined             bool      // found in a string that is split over several lines
	section            bool      // in a part of the file that is for tests or development
	sample             bool      // what stands around it says that it protects nothing
	match              string    // what the rule matched, if more than the value must be looked at
}

// mark returns a fingerprint of the secret that does not reveal it and is the same in
// every file.
func (s secret) mark() string {
	sum := sha256.Sum256([]byte(s.rule + "\x00" + s.value))
	return hex.EncodeToString(sum[:16])
}

// found collects matches from many goroutines.
type found struct {
	mu     sync.Mutex
	hits   []secret
	before map[string]bool // commits that the base contains
}

// addJoined adds a match in a string that is split over several lines. It has no column.
func (f *found) addJoined(s secret) {
	s.joined, s.column = true, 0
	f.add(s)
}

func (f *found) add(s secret) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hits = append(f.hits, s)
}

// knows reports whether a secret is, or is a part of, one that was found in the same file
// of the same commit.
func (f *found) knows(s secret) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.hits, func(old secret) bool {
		return old.commit == s.commit && old.path == s.path && s.overlaps(old.value)
	})
}

// inTree returns the files of the tree in which a secret was found.
func (f *found) inTree() map[string]bool {
	paths := map[string]bool{}
	for _, s := range f.hits {
		paths[s.path] = paths[s.path] || s.commit == ""
	}
	return paths
}

// findings returns each secret once per path: at its first place in the tree, or in the
// oldest commit that added it. A secret that is still in the tree is not also reported
// for the history.
func (f *found) findings() []report.Finding {
	slices.SortFunc(f.hits, func(a, b secret) int {
		return cmp.Or(cmp.Compare(min(1, len(a.commit)), min(1, len(b.commit))), // the tree first
			compareBool(a.joined, b.joined), cmp.Compare(a.path, b.path), cmp.Compare(b.age, a.age), cmp.Compare(a.line, b.line),
			cmp.Compare(a.column, b.column), cmp.Compare(a.rule, b.rule), cmp.Compare(a.mark(), b.mark()))
	})
	inTree, seen := map[string]bool{}, map[string]bool{}
	out := []report.Finding{}
	for _, s := range f.hits {
		mark := s.mark()
		id := strings.Join([]string{s.rule, s.path, mark}, ":")
		if seen[id] || s.commit != "" && inTree[s.rule+mark] {
			continue
		}
		seen[id] = true
		inTree[s.rule+mark] = inTree[s.rule+mark] || s.commit == ""
		one := s.finding(id)
		if f.before[s.commit] {
			one.Status = report.Known
		}
		out = append(out, one)
	}
	return out
}

func (s secret) finding(id string) report.Finding {
	f := report.Finding{
		Rule: s.rule, Severity: cmp.Or(s.severity, report.Critical), Fingerprint: id, Secret: s.presence(),
		Message: s.about, At: report.Location{Path: s.path, Line: s.line, Column: s.column},
		Fix: "revoke and rotate the secret at its issuer, then remove it from the file; it remains in the history",
	}
	switch {
	case (s.guess || s.rule == generic || shown[s.rule] || isPage(s.path)) && s.isTest(), s.rule == generic && isDocument(s.path),
		(s.rule == generic || s.rule == kubernetesSecret) && s.sample:
		f.Severity = report.Medium
	case s.rule == generic && !isRandom(s.value): // words and numbers
		f.Severity = report.Medium
	case s.rule == generic: // many harmless values have the same form
		f.Severity = report.High
	}
	if s.isDefault() {
		f.Severity = report.Low
	}
	if s.commit != "" {
		// The line belongs to an older version, so an annotation there would mislead.
		f.At, f.Secret, f.Fingerprint = report.Location{Path: s.path}, report.SecretRemoved, gate.OnlyHistory+id
		f.Message = fmt.Sprintf("%s (only in the history: added at line %d by commit %.7s%s, no longer in the tree)", s.about, s.line, s.commit, s.since())
		f.Fix = "revoke and rotate the secret at its issuer: removing it from the tree did not remove it from the history"
	}
	return f
}

func (s secret) isTest() bool { return s.section || isTest(s.path) }

func (s secret) since() string {
	if s.added.IsZero() {
		return ""
	}
	return " of " + s.added.UTC().Format(time.DateOnly)
}

// presence says how certain it is that a secret in the files can be used. The generic
// rule only recognises words such as key beside a random text.
func (s secret) presence() string {
	switch {
	case s.rule == generic, s.isDefault(), s.isTest(), s.sample, isDocument(s.path) && shown[s.rule]:
		return report.SecretPossible
	}
	return report.SecretPresent
}

// isDefault reports whether the value is a key that django-admin startproject makes. Its
// prefix says that it is for development; check --deploy refuses it.
func (s secret) isDefault() bool { return strings.HasPrefix(s.value, "django-insecure-") }

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
