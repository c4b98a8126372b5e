package gitleaks

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// The rule generic-api-key and the search for encoded text take nine tenths of the
// library's time, mostly over text in which they cannot match. The functions below
// select the text in which a match is possible. They may select too much and never too
// little; a fuzz test compares the result with the library's result on the whole text.

// generic is the rule that reports any value after one of genericWords.
const generic = "generic-api-key"

var genericWords = []string{"access", "api", "auth", "credential", "creds", "key", "passwd", "password", "secret", "token"}

// windows returns the lines in which the generic rule can match: a word, an operator
// within 23 characters, and a value of at least ten characters.
func windows(text string) []region {
	p := parts{text: text}
	for i := 0; i < len(text); i++ {
		after := word(text, i)
		if after < 0 {
			continue
		}
		to := value(text, after)
		if to < 0 {
			continue
		}
		from := i
		for n := 0; from > 0 && n < 50 && isWord(text[from-1]); n++ {
			from--
		}
		// The line, which some rules for what is harmless read; of minified code a part.
		start := strings.LastIndexByte(text[:from], '\n') + 1
		if from-start > longLine {
			start = cutBefore(text, from-around)
		}
		from = start
		if nl := strings.IndexByte(text[to:], '\n'); nl >= 0 && nl < longLine {
			to += nl + 1
		} else {
			to = cutAfter(text, to+around)
		}
		p.add(from, to)
		if p.end > i+1 && p.end < len(text) && text[p.end-1] == '\n' {
			i = max(i, after-1)
		}
	}
	return p.all
}

// parts collects parts of a text in its order. Parts that touch become one.
type parts struct {
	text          string
	all           []region
	end           int // of the last part
	line, counted int // lines before counted
}

func (p *parts) add(from, to int) {
	if n := len(p.all); n > 0 && from <= p.end {
		if to > p.end {
			p.all[n-1].text += p.text[p.end:to]
			p.end = to
		}
		return
	}
	p.line += strings.Count(p.text[p.counted:from], "\n")
	p.counted, p.end = from, to
	p.all = append(p.all, region{p.line, from - strings.LastIndexByte(p.text[:from], '\n') - 1, p.text[from:to]})
}

// word returns the index after the word of genericWords, such as token, that begins at
// i, or -1 if none begins there.
func word(text string, i int) int {
	switch text[i] | 0x20 {
	case 'a', 'c', 'k', 'p', 's', 't':
	default:
		return -1
	}
	for _, w := range genericWords {
		if len(text)-i >= len(w) && strings.EqualFold(text[i:i+len(w)], w) {
			return i + len(w)
		}
	}
	return -1
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '.' || c == '-'
}

// value returns the end of the value after a word, or -1.
func value(text string, i int) int {
	limit := min(len(text), i+23)
	for i < limit && (isWord(text[i]) || strings.IndexByte(" \t\r\n\f\v'\"", text[i]) >= 0) {
		i++
	}
	if i >= len(text) || strings.IndexByte("=>:|?,", text[i]) < 0 {
		return -1
	}
	for limit = min(len(text), i+10); i < limit && strings.IndexByte("=>:|?,`'\" \t\r\n\f\v", text[i]) >= 0; {
		i++
	}
	start := i
	for i < len(text) && (isWord(text[i]) || strings.IndexByte("=+/", text[i]) >= 0) {
		i++
	}
	// The value may begin with some of the = before it.
	for start > 0 && text[start-1] == '=' {
		start--
	}
	if i-start < 10 {
		return -1
	}
	return i
}

// around is how much of the text before and after an encoded part can belong to a match
// with it.
const around = 512

// longLine is the length from which a line is minified code or data.
const longLine = 4 << 10

// encodedParts returns the parts of the text that the library could decode, each with what
// stands around it.
func encodedParts(text string) []region {
	p := parts{text: text}
	add := func(from, to int) { p.add(cutBefore(text, from-around), cutAfter(text, to+around)) }
	run := 0
	for i := 0; i <= len(text); i++ {
		var c byte
		if i < len(text) {
			c = text[i]
		}
		switch {
		case isWord(c) && c != '.' || c == '/' || c == '+':
			run++
			if (c == 'U' || c == 'u') && i+1 < len(text) && (text[i+1] == '+' || i > 0 && text[i-1] == '\\') {
				add(i, i+1)
			}
			continue
		case c == '%' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]):
			add(i, i+3)
		case c == 0xc5 && strings.HasPrefix(text[i:], "\u017f"), c == 0xe2 && strings.HasPrefix(text[i:], "\u212a"): // (?i) matches these as s and k
			add(i, i+3)
		}
		if run >= 16 && decodes(text[i-run:i], text[i:min(len(text), i+2)]) {
			add(i-run, i)
		}
		run = 0
	}
	return p.all
}

// separators end a word in every language.
const separators = " \t\r\n\"'`;,"

// cutBefore returns the place at or before i at which a text can be cut without cutting a
// word, so that no part of a word is taken for a secret.
func cutBefore(text string, i int) int {
	if i <= 0 {
		return 0
	}
	return strings.LastIndexAny(text[:i], separators) + 1
}

// cutAfter returns such a place after i.
func cutAfter(text string, i int) int {
	if i >= len(text) {
		return len(text)
	}
	if n := strings.IndexAny(text[i:], separators); n >= 0 {
		return i + n + 1
	}
	return len(text)
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

// decodes reports whether a run of letters is hex or base64 of readable text. The
// library tries hex first, and base64 on the rest.
func decodes(run, next string) bool {
	for len(run) >= 16 {
		n := 0
		for n < len(run) && isHex(run[n]) {
			n++
		}
		if n < 32 {
			break
		}
		if text, err := hex.DecodeString(run[:n]); err == nil && isReadable(text) {
			return true
		}
		run = run[n:]
	}
	if len(run) < 16 || !strings.ContainsAny(run, "0123456789+/-_") {
		return false
	}
	pad := 0
	for pad < 2 && pad < len(next) && next[pad] == '=' {
		pad++
	}
	for _, coding := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
		if text, err := coding.DecodeString(run + next[:pad]); err == nil && isReadable(text) {
			return true
		}
	}
	return false
}

func isReadable(text []byte) bool {
	for _, c := range text {
		if c <= 8 || c >= 0x7f {
			return false
		}
	}
	return true
}
