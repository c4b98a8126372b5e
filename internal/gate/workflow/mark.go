package workflow

import (
	"regexp"
	"slices"
	"strings"
)

// mark is a value that is known only at run time.
type mark struct {
	text    string // how the script or the workflow spells it
	taints  []taint
	file    string // ENV, PATH or OUTPUT: the path of that file of the runner
	known   bool   // others can know or guess the value
	code    bool   // code of a pull request, as fetched from the network
	json    bool   // an object with properties that anyone and that only GitHub sets
	direct  bool   // an expression in the script itself
	command bool   // what a command prints
}

// shift is where the parsed script and the script differ: an expression became a mark.
type shift struct{ parsed, script int }

const (
	firstMark = rune(0xF0000)
	maxMarks  = 4_000
	maxValue  = 8_000  // characters of a value
	maxRun    = 4_000  // statements that are followed in one script
	maxScript = 50_000 // characters of a script, which bounds how deep it is nested
)

// parsable returns the script with a mark for each expression, and false if an
// expression cannot be read.
func (s *shell) parsable(text string) (string, bool) {
	var b strings.Builder
	at := 0
	for _, p := range placeholders(text) {
		b.WriteString(unmarked(text[at:p.offset]))
		s.shifts = append(s.shifts, shift{b.Len(), p.offset})
		b.WriteString(s.expression(p, true))
		at = p.offset + len(p.text)
		s.shifts = append(s.shifts, shift{b.Len(), at})
	}
	b.WriteString(unmarked(text[at:]))
	return b.String(), !strings.Contains(b.String(), "${{")
}

// unmarked removes what would count as a mark.
func unmarked(s string) string {
	if !strings.ContainsFunc(s, isMark) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isMark(r) {
			return '?'
		}
		return r
	}, s)
}

func isMark(r rune) bool { return r >= firstMark && r < firstMark+maxMarks }

var (
	runnerFile = regexp.MustCompile(`(?i)GITHUB_(ENV|PATH|OUTPUT)\b|\bgithub\.(env|path|output)\b`)
	knownValue = regexp.MustCompile(`(?i)\b(?:github|runner|inputs|matrix|vars|job|strategy)\.`)
)

// expression returns the mark of an expression.
func (s *shell) expression(p placeholder, direct bool) string {
	m := mark{text: p.text, direct: direct, known: knownValue.MatchString(p.text) && !strings.Contains(p.text, "run_id")}
	if f := runnerFile.FindStringSubmatch(p.text); f != nil {
		m.file = strings.ToUpper(f[1] + f[2])
	} else {
		m.taints = s.tainted(p.node)
	}
	return s.add(m)
}

// expressions returns a value of the workflow with a mark for each expression.
func (s *shell) expressions(text string) string {
	var b strings.Builder
	at := 0
	for _, p := range placeholders(text) {
		b.WriteString(unmarked(text[at:p.offset]) + s.expression(p, false))
		at = p.offset + len(p.text)
	}
	return b.String() + unmarked(text[at:])
}

func (s *shell) add(m mark) string {
	if len(m.text) > maxValue {
		m.text = m.text[:maxValue]
	}
	if len(s.marks) >= maxMarks {
		s.left = -1
		return ""
	}
	s.marks = append(s.marks, m)
	return string(firstMark + rune(len(s.marks)-1))
}

// of lists the marks in a value.
func (s *shell) of(values ...string) []mark {
	var out []mark
	for _, v := range values {
		for _, r := range v {
			if isMark(r) && int(r-firstMark) < len(s.marks) {
				out = append(out, s.marks[r-firstMark])
			}
		}
	}
	return out
}

// show returns a value as the script spells it.
func (s *shell) show(v string) string {
	if !strings.ContainsFunc(v, isMark) {
		return v
	}
	var b strings.Builder
	for _, r := range v {
		if isMark(r) && int(r-firstMark) < len(s.marks) {
			b.WriteString(s.marks[r-firstMark].text)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// join makes one mark of several values.
func (s *shell) join(text string, values ...string) string {
	m := mark{text: text}
	for _, one := range s.of(values...) {
		m.code = m.code || one.code
		m.json = m.json || one.json
		m.command = m.command || one.command
		for _, t := range one.taints {
			if !slices.Contains(m.taints, t) {
				m.taints = append(m.taints, t)
			}
		}
	}
	return s.add(m)
}

// lines returns a value whose taints have one line, or several.
func (s *shell) lines(v string, oneLine bool) string {
	return strings.Map(func(r rune) rune {
		if !isMark(r) || len(s.of(string(r))) == 0 || len(s.of(string(r))[0].taints) == 0 {
			return r
		}
		m := s.of(string(r))[0]
		m.taints = slices.Clone(m.taints)
		for i := range m.taints {
			m.taints[i].oneLine = oneLine
		}
		if c := s.add(m); c != "" {
			return []rune(c)[0]
		}
		return r
	}, v)
}

func (s *shell) bounded(v string) string {
	if len(v) > maxValue {
		return s.join(s.show(v[:200]), v)
	}
	return v
}
