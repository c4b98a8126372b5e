package main

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/zricethezav/gitleaks/v8/detect/codec"
)

const redacted = "REDACTED"

// marks are what the gate may call the secret: hashes, so that nothing is held or
// printed that is one. The report is redacted: which part of the file is the secret
// follows from where the match is and from what is around it.
func (l leak) marks(text []byte) []string {
	before, after, ok := l.around()
	lines := strings.SplitAfter(string(text), "\n")
	if !ok || l.StartLine < 1 || l.EndLine > len(lines) || l.EndLine < l.StartLine {
		return nil
	}
	part := strings.Join(lines[l.StartLine-1:l.EndLine], "")
	var values []string
	if slices.ContainsFunc(l.Tags, func(t string) bool { return strings.HasPrefix(t, "decoded:") }) {
		values = decoded(part, before, after)
	} else {
		values = l.plain(part, len(part)-len(lines[l.EndLine-1]), before, after)
	}
	var out []string
	for _, v := range values {
		sum := sha256.Sum256([]byte(l.RuleID + "\x00" + v))
		if mark := hex.EncodeToString(sum[:16]); !slices.Contains(out, mark) {
			out = append(out, mark)
		}
	}
	return out
}

// around is what the match has before and after the secret. A secret that it has
// twice is taken where it stands last.
func (l leak) around() (before, after string, ok bool) {
	i := strings.LastIndex(l.Match, redacted)
	if i < 0 {
		return "", "", false
	}
	before, after = l.Match[:i], l.Match[i+len(redacted):]
	if i := strings.LastIndex(before, redacted); i >= 0 {
		before = before[i+len(redacted):]
	}
	return before, after, true
}

// plain are the values at the columns. Gitleaks counts them from 1 in the first line
// of what it looks at, and from the newline in every other one.
func (l leak) plain(part string, last int, before, after string) []string {
	var out []string
	for _, shift := range []int{2, 1} {
		start := l.StartColumn - shift
		for _, end := range []int{last + l.EndColumn - shift, last + l.EndColumn - shift + 1} {
			if start < 0 || end > len(part) || start > end {
				continue
			}
			match, ok := strings.CutSuffix(part[start:end], after)
			if i := strings.LastIndex(match, before); ok && i >= 0 && before != "" {
				out = append(out, match[i+len(before):])
			} else if ok && before == "" {
				out = append(out, match)
			}
		}
	}
	return out
}

// decoded are the values that may be meant in what is decoded: every one between
// before and after, in each layer. With nothing around it the value ends where a word does.
func decoded(part, before, after string) []string {
	var out []string
	var segments []*codec.EncodedSegment
	decoder := codec.NewDecoder()
	for range 5 {
		text, found := decoder.Decode(part, segments)
		if len(found) == 0 {
			return out
		}
		part, segments = text, found
		for i := range part {
			rest, ok := strings.CutPrefix(part[i:], before)
			if !ok {
				continue
			}
			for end := range min(len(rest), 4096) + 1 {
				if strings.HasPrefix(rest[end:], after) && (before+after != "" || end == len(rest) || strings.IndexByte(" \t\r\n\"'`", rest[end]) >= 0) {
					out = append(out, rest[:end])
				}
			}
		}
	}
	return out
}
