package gitleaks

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
)

// kubernetesSecret is the rule of gitleaks for a Secret of Kubernetes. It reports the first value
// of ten letters, whatever it is.
const kubernetesSecret = "kubernetes-secret-yaml"

// dataEntry is one value of a Secret.
type dataEntry struct {
	text  string // key: value, as gitleaks reports it
	value string // decoded from base64 if it is
	line  int    // in the piece, counted from 0
	words bool   // a word that the reader replaces
}

var (
	dataLine   = regexp.MustCompile(`^([ -]*)([\w.-]+:[ \t]*["']?([A-Za-z0-9+/]{10,}={0,3})["']?)[ \t]*(?:#.*)?$`)
	dataHeader = regexp.MustCompile(`^([ -]*)(?:["']?data["']?):[ \t]*(?:#.*)?$`)

	// standsFor matches the value of a sample: db-password, my_secret_key, changeme.
	standsFor = regexp.MustCompile(`^(?:[a-z]+[-_. ])*(?:pass(?:word|wd|phrase)?|pwd|secret|token|(?:api|private|access|encryption)[-_.]?key|secret[-_.]?key|user(?:name)?|change[-_.]?(?:me|it)|placeholder|example|sample|dummy|foo|bar|foobar)(?:[-_. ](?:here|value|example|goes|me|it|text))*$`)
)

// entriesAt returns the values of the Secret that a match of gitleaks stands in.
func entriesAt(text, match string) []dataEntry {
	at := strings.Index(text, match)
	if at < 0 {
		return nil
	}
	begin, end := strings.LastIndex(text[:at], "\n---")+1, len(text)
	if i := strings.Index(text[at:], "\n---"); i >= 0 {
		end = at + i
	}
	number := strings.Count(text[:begin], "\n")
	// Of several Secrets in one list, the match shows which.
	first := number + strings.Count(text[begin:at], "\n")
	last := first + strings.Count(match, "\n")
	var out []dataEntry
	inside, indented := false, 0
	for line := range strings.Lines(text[begin:end]) {
		line = strings.TrimRight(line, "\r\n")
		bare := strings.TrimLeft(line, " ")
		in := len(line) - len(bare)
		switch m := dataHeader.FindStringSubmatch(line); {
		case m != nil:
			inside, indented = number >= first-1 && number <= last, len(m[1])
		case inside && bare != "" && bare[0] != '#':
			if in <= indented {
				inside = false
				break
			}
			if m := dataLine.FindStringSubmatch(line); m != nil {
				e := dataEntry{text: m[2], value: m[3], line: number}
				if decoded, err := base64.StdEncoding.DecodeString(m[3]); err == nil && isReadable([]byte(strings.TrimRight(string(decoded), "\r\n"))) {
					e.value = strings.TrimRight(string(decoded), "\r\n")
					e.words = standsFor.MatchString(e.value) || filledIn.MatchString(e.value)
				}
				out = append(out, e)
			}
		}
		number++
	}
	return out
}

// kubernetes returns the values of a Secret that gitleaks found, each at its own line, and
// apart those that are only samples. In a document that has samples, the other values are most
// likely shown as well.
func (p piece) kubernetes(s secret) (values, samples []secret) {
	entries := entriesAt(p.text, s.match)
	s.match = ""
	found := s.value
	is := func(e dataEntry) bool { return strings.HasPrefix(found, e.text) || strings.HasPrefix(e.text, found) }
	if !slices.ContainsFunc(entries, is) {
		return []secret{s}, nil // not written in lines of its own
	}
	shown := isDocument(p.path) && slices.ContainsFunc(entries, func(e dataEntry) bool { return e.words })
	for _, e := range entries {
		s.value, s.column, s.sample = e.text, 0, shown
		if is(e) {
			s.value = found
		}
		if p.line > 0 {
			s.line = p.line + e.line
		}
		if e.words {
			samples = append(samples, s)
		} else {
			values = append(values, s)
		}
	}
	return values, samples
}

// decoded returns the text that a value encodes in base64, or "". The value may stand behind a
// key.
func decoded(value string) string {
	if i := strings.LastIndexAny(value, ": \t\"'"); i >= 0 {
		value = value[i+1:]
	}
	if len(value) < 16 {
		return ""
	}
	for _, coding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if text, err := coding.DecodeString(strings.TrimRight(value, "=")); err == nil && isReadable([]byte(strings.TrimRight(string(text), "\r\n"))) {
			return strings.TrimRight(string(text), "\r\n")
		}
	}
	return ""
}
