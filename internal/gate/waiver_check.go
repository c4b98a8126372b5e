package gate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/bmatcuk/doublestar/v4"
)

// shortestReason is the minimum number of visible characters in a reason.
const shortestReason = 10

// check returns a message for every error in the waiver, or nil.
func (w *Waiver) check(longest time.Duration, now time.Time) []string {
	var p []string
	named := nonEmpty(w.ID, w.Fingerprint, w.Rule)
	if len(named) > 1 || len(named) == 0 && w.PURL == "" || w.PURL != "" && w.ID == "" && len(named) > 0 {
		p = append(p, "a waiver names one of id, fingerprint, purl, id with purl, or rule with path")
	}
	if (w.Rule == "") != (w.Path == "") {
		p = append(p, "rule and path go together")
	}
	if w.Rule != "" && !ruleID.MatchString(w.Rule) {
		p = append(p, fmt.Sprintf("rule %q is not a rule id: patterns are not supported", w.Rule))
	}
	if !doublestar.ValidatePattern(w.Path) || strings.HasPrefix(w.Path, "/") {
		p = append(p, fmt.Sprintf("path %q is not a glob relative to the repository", w.Path))
	}
	if wholeRepository(w.Path) {
		p = append(p, fmt.Sprintf("path %q matches the whole repository: name a file or a folder, or accept everything that exists now with security-gate baseline", w.Path))
	}
	if w.PURL != "" && (!strings.HasPrefix(w.PURL, "pkg:") || !strings.Contains(w.PURL, "/") || strings.ContainsAny(w.PURL, "*{")) {
		p = append(p, fmt.Sprintf("purl %q is not a package URL such as pkg:npm/lodash@4.17.20", w.PURL))
	}
	if len(visible(w.Reason)) < shortestReason {
		p = append(p, fmt.Sprintf("missing reason: explain in %d characters or more why this is acceptable until then", shortestReason))
	}
	if !strings.ContainsFunc(w.Owner, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
		p = append(p, "missing owner: name the person or team that reviews it")
	}
	if w.Justification != "" && !slices.Contains(justifications, w.Justification) {
		p = append(p, fmt.Sprintf("justification %q is not one of OpenVEX's: %s", w.Justification, strings.Join(justifications, ", ")))
	}
	day, err := time.Parse(time.DateOnly, w.Expires)
	switch {
	case w.Expires == "":
		p = append(p, "missing expires: the last day on which it applies, such as "+now.AddDate(0, 1, 0).Format(time.DateOnly))
	case err != nil:
		p = append(p, fmt.Sprintf("expires %q is not a date such as %s", w.Expires, now.AddDate(0, 1, 0).Format(time.DateOnly)))
	case day.Sub(now) > longest:
		p = append(p, fmt.Sprintf("expires %s is more than %d days away: choose an earlier day", w.Expires, int(longest.Hours()/24)))
	}
	w.until = day.AddDate(0, 0, 1)
	return p
}

// wholeRepository reports whether a glob matches every file, however it is written.
func wholeRepository(glob string) bool {
	for _, any := range []string{"a", "z-1/Q_2.x", "7/m/.k"} {
		if ok, err := doublestar.Match(glob, any); !ok || err != nil {
			return false
		}
	}
	return true
}

// visible removes spaces and characters without a width.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) && !unicode.IsSpace(r) {
			return r
		}
		return -1
	}, text)
}

// justifications are the justifications that OpenVEX 0.2.0 defines.
var justifications = []string{
	"component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
	"vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist",
}

// ruleID matches the id of a rule.
var ruleID = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9_./:]*$`)
