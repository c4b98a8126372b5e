package report

import (
	"fmt"
	"strings"
)

var marks = map[State]string{
	OK: "✓", Warned: "!", Failed: "✗", Skipped: "–", Inconclusive: "~", Missing: "?", NotApplicable: "–",
}

// stateMark returns a state as one character. An unknown state has no result.
func stateMark(s State) string {
	if m := marks[s]; m != "" {
		return m
	}
	return marks[Missing]
}

// statePrefix spells out the states that a mark alone could make look like a pass.
func statePrefix(s State) string {
	switch s {
	case OK, Warned, Failed:
		return ""
	case Missing, Inconclusive, NotApplicable, Skipped:
		return strings.ReplaceAll(string(s), "-", " ") + ": "
	}
	return "unknown state: "
}

// Mark returns a verdict as one character. An unknown verdict is a question mark.
func (v Verdict) Mark() string { return stateMark(State(v)) }

// verdictText is a verdict as people read it.
func verdictText(v Verdict) string {
	switch v {
	case Pass:
		return "✓ pass"
	case Warn:
		return "! pass with warnings"
	case Fail:
		return "✗ blocked"
	case Skip:
		return "– skipped"
	}
	return "? no verdict"
}

// Duration formats seconds for people. Less than 0.05 s is "".
func Duration(s float64) string {
	switch {
	case s < 0.05:
		return ""
	case s < 100:
		return fmt.Sprintf("%.1f s", s)
	}
	return fmt.Sprintf("%d m %d s", int(s)/60, int(s)%60)
}

// String renders a place as path:line:column, or "repository".
func (l Location) String() string {
	switch {
	case strings.TrimSpace(l.Path) == "":
		return "repository"
	case l.Line <= 0:
		return l.Path
	case l.Column <= 0:
		return fmt.Sprintf("%s:%d", l.Path, l.Line)
	}
	return fmt.Sprintf("%s:%d:%d", l.Path, l.Line, l.Column)
}
