package gate

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// hintLife is the expiry a hint proposes.
const hintLife = 30 * 24 * time.Hour

// Hint is what the report needs to explain how a finding is waived.
type Hint struct {
	Command string        // with the options that the reader needs; "": security-gate waive
	Owner   string        // proposed owner; "": @me
	Then    string        // what to do with the file: "commit it, and run again"
	File    string        // waiver file; "": .goldenpath/waivers.yml
	Longest time.Duration // lifetime of a waiver that the policy allows; 0: WaiverMaxAge
}

func (h Hint) file() string { return cmp.Or(h.File, ".goldenpath/waivers.yml") }

const (
	hintIDs     = 8  // ids that a proposed command names; with more it waives all
	hintWaivers = 25 // waivers that a proposed file has
)

// waiverHint returns sections with a command and with a file that waive the blocking
// findings. Both are accepted as they are. It returns false if nothing blocks.
func waiverHint(findings []report.Finding, h Hint, now time.Time) ([]report.Section, bool) {
	var ids, secrets []string
	var waivers []Waiver
	leaked := false
	longest := cmp.Or(h.Longest, WaiverMaxAge)
	until := now.Add(min(hintLife, longest)).UTC().Format(time.DateOnly)
	reason, owner := "to be fixed by "+until, cmp.Or(h.Owner, "@me")
	for _, f := range findings {
		if !f.Blocking {
			continue
		}
		w := WaiverOf(f)
		w.Reason, w.Owner, w.Expires = reason, owner, until
		if len(w.check(longest, now)) > 0 {
			continue // its text cannot be written as a waiver
		}
		if !slices.ContainsFunc(waivers, w.same) {
			waivers = append(waivers, w)
		}
		leaked = leaked || f.Secret != ""
		to, id := &ids, cmp.Or(w.ID, w.Rule, w.Fingerprint)
		if f.Secret == report.SecretPresent {
			to = &secrets
		}
		if !slices.Contains(*to, id) {
			*to = append(*to, id)
		}
	}
	if len(waivers) == 0 {
		return nil, false
	}
	rest := fmt.Sprintf(" --owner %s --reason %s --until %s\n", ShellWord(owner), ShellWord(reason), until)
	command := cmp.Or(h.Command, "security-gate waive")
	var b strings.Builder
	fmt.Fprintf(&b, "# Fix the findings first. To accept them until a date, run this, then %s:\n", cmp.Or(h.Then, "commit "+h.file()))
	if slices.ContainsFunc(waivers, func(w Waiver) bool { return w.Rule != "" }) {
		b.WriteString("# The id of a rule waives the rule in that file, also for later findings. The fingerprint of a finding, from the JSON report (--report FILE), waives only it.\n")
	}
	switch {
	case len(ids) > hintIDs || slices.ContainsFunc(ids, hasControl):
		b.WriteString(command + " --all" + rest)
	case len(ids) > 0:
		b.WriteString(command + " " + strings.Join(shellWords(ids), " ") + rest)
	}
	if len(secrets) > 0 {
		fmt.Fprintf(&b, "# %s in the files: revoke and rotate first. --all does not waive secrets in the files; name each one that is harmless:\n", english.Plural(len(secrets), "secret is", "secrets are"))
	}
	for _, id := range secrets[:min(len(secrets), hintIDs)] {
		if !hasControl(id) {
			b.WriteString(command + " " + ShellWord(id) + rest)
		}
	}
	if leaked {
		b.WriteString("# A secret stays in the history when its line is removed. After revoking it, take it out of the branch (git rebase --interactive), or waive it.\n")
	}
	if n := len(secrets) - hintIDs; n > 0 {
		fmt.Fprintf(&b, "# and %d more: their fingerprints are in the JSON report (--report FILE)\n", n)
	}
	return []report.Section{
		{Title: "how to waive the blocking findings", Open: true, Text: b.String()},
		{Title: "or write this to " + h.file(), Text: hintFile(waivers)},
	}, true
}

// hintFile is a complete waiver file.
func hintFile(waivers []Waiver) string {
	var b strings.Builder
	b.WriteString("version: 1\nwaivers:\n")
	for _, w := range waivers[:min(hintWaivers, len(waivers))] {
		if line, err := w.yamlLine(); err == nil {
			b.WriteString("  - " + line + "\n")
		}
	}
	if n := len(waivers) - hintWaivers; n > 0 {
		fmt.Fprintf(&b, "  # and %d more: security-gate waive --all writes all of them\n", n)
	}
	return b.String()
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_@%+:,./-]+$`)

// ShellWord quotes a text for a shell, unless it needs no quotes.
func ShellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func shellWords(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = ShellWord(s)
	}
	return out
}

// hasControl reports whether a text cannot be pasted into a terminal.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
