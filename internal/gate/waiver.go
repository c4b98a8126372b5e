package gate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// WaiverMaxAge is the longest lifetime of a waiver unless the policy sets a shorter
// one.
const WaiverMaxAge = 180 * 24 * time.Hour

// waiverSoon is how long before its expiry a waiver is mentioned in the report.
const waiverSoon = 14 * 24 * time.Hour

// Waiver accepts findings until a date. It names them by ID, Fingerprint, PURL, or Rule
// with Path; ID with PURL covers a vulnerability in one package.
type Waiver struct {
	ID          string `yaml:"id"`          // CVE-…, GHSA-…, GO-…: any id of the vulnerability
	Fingerprint string `yaml:"fingerprint"` // of a finding, from the JSON report
	Rule        string `yaml:"rule"`
	Path        string `yaml:"path"` // glob, for Rule; ** is any number of folders
	PURL        string `yaml:"purl"` // package URL; without a version it covers all versions
	Reason      string `yaml:"reason"`
	Owner       string `yaml:"owner"`
	Expires     string `yaml:"expires"` // the last day on which it applies, 2026-12-31
	Ticket      string `yaml:"ticket"`
	// Justification is an OpenVEX justification for why the app is not affected, such as
	// vulnerable_code_not_in_execute_path. Empty: the app may be affected, and that is
	// accepted until Expires.
	Justification string `yaml:"justification"`

	until time.Time
	line  int
}

// Holds reports whether the waiver covers the finding at that time.
func (w *Waiver) Holds(f report.Finding, now time.Time) bool {
	return w.matches(f) && now.Before(w.until)
}

// matches reports whether the waiver names the finding, expired or not.
func (w *Waiver) matches(f report.Finding) bool {
	switch {
	case w.Fingerprint != "":
		return slices.Contains(acceptedAs(f), w.Fingerprint)
	case w.ID != "":
		return (w.ID == f.Rule || slices.Contains(f.Aliases, w.ID)) && (w.PURL == "" || w.is(f.Package))
	case w.PURL != "":
		return w.is(f.Package)
	}
	return w.Rule == f.Rule && doublestar.MatchUnvalidated(w.Path, f.At.Path)
}

// is reports whether the waiver's PURL names the package.
func (w *Waiver) is(purl string) bool {
	if purl == "" {
		return false
	}
	name, version := samePackage(w.PURL)
	otherName, otherVersion := samePackage(purl)
	return name == otherName && (version == "" || version == otherVersion)
}

func (w *Waiver) name() string {
	return strings.Join(nonEmpty(w.ID, w.Fingerprint, w.Rule, w.PURL), " ")
}

// waive marks the findings that a waiver covers. It returns how many findings each
// waiver names.
func waive(findings []report.Finding, waivers []Waiver, now time.Time) []int {
	used := make([]int, len(waivers))
	for i := range findings {
		f := &findings[i]
		for j := range waivers {
			w := &waivers[j]
			if !w.matches(*f) {
				continue
			}
			used[j]++
			if !now.Before(w.until) {
				if f.Status != report.Waived {
					f.Waiver = fmt.Sprintf("expired on %s (%s): renew it on the base branch or fix the finding", w.Expires, w.Owner)
				}
				continue
			}
			f.Status = report.Waived
			f.Waiver = fmt.Sprintf("until %s by %s: %s", w.Expires, w.Owner, w.Reason)
			if w.Ticket != "" {
				f.Waiver += " (" + w.Ticket + ")"
			}
		}
	}
	return used
}

var waiverTitles = map[report.Reason]string{
	report.ReasonWaiverExpired: "a waiver has expired",
	report.ReasonWaiverUnused:  "a waiver matches no finding",
}

// waiverCheck returns the row on waivers and the reason for its warning, if any. A
// waiver that matches nothing is reported only when every file was examined.
func waiverCheck(waivers []Waiver, used []int, whole bool, now time.Time) (c report.Check, reason report.Reason, ok bool) {
	if len(waivers) == 0 {
		return c, "", false
	}
	c = report.Check{Name: waiverRow, State: report.OK, Result: english.Plural(len(waivers), "waiver", "")}
	var notes []string
	for i := range waivers {
		w := &waivers[i]
		switch left := w.until.Sub(now); {
		case left <= 0:
			c.State, reason = report.Warned, report.ReasonWaiverExpired
			notes = append(notes, fmt.Sprintf("%s expired on %s: renew or remove it", w.name(), w.Expires))
		case used[i] == 0 && whole:
			c.State, reason = report.Warned, cmp.Or(reason, report.ReasonWaiverUnused)
			notes = append(notes, w.name()+" matches no finding: remove it")
		case left <= waiverSoon:
			notes = append(notes, fmt.Sprintf("%s ends in %s", w.name(), english.Plural(int(left.Hours()/24), "day", "")))
		}
	}
	c.Note = strings.Join(notes, "; ")
	return c, reason, true
}

func nonEmpty(all ...string) []string {
	var out []string
	for _, s := range all {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
