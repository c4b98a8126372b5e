package gitleaks

import (
	"context"
	"slices"
	"strings"

	"github.com/zricethezav/gitleaks/v8/detect"
)

// piece is a part of the text of a file.
type piece struct {
	path   string
	line   int    // of its first line, counted from 1; 0: without line numbers
	commit string // empty: in the tree
	text   string
	binary bool // the readable parts of a binary file
	forms  bool // only the rules of distinct apply
}

// look passes each secret in a piece to add. detect.DetectSource is not used because it
// only logs the errors of a source.
func (d *detector) look(ctx context.Context, p piece, add func(secret)) {
	switch {
	case p.forms:
		p.hits(ctx, d.forms, add)
		return
	case p.binary:
		p.hits(ctx, d.binary, add)
		return
	case encoded(p.text):
		p.hits(ctx, d.text, add)
		return
	}
	known := map[int][]string{} // line → secrets of the other rules
	p.hits(ctx, d.plain, func(s secret) {
		known[s.line] = append(known[s.line], s.value)
		add(s)
	})
	for _, w := range windows(p.text) {
		part := p
		part.line, part.text = p.line+w.line, w.text
		part.hits(ctx, d.any, func(s secret) {
			// As in the library: a rule that recognises the secret by its form takes precedence.
			if !slices.ContainsFunc(known[s.line], func(value string) bool { return strings.Contains(value, s.value) }) {
				add(s)
			}
		})
	}
}

func (p piece) hits(ctx context.Context, library *detect.Detector, add func(secret)) {
	for _, hit := range library.DetectContext(ctx, detect.Fragment{CommitSHA: p.commit, FilePath: p.path, StartLine: p.line, Raw: p.text}) {
		s := secret{
			rule: hit.RuleID, about: hit.Description, value: hit.Secret,
			path: p.path, line: hit.StartLine, column: hit.StartColumn, commit: p.commit,
		}
		switch {
		case p.line == 0:
			s.line, s.column = 0, 0
		case s.line > p.line: // the library counts from the newline
			s.column--
		}
		add(s)
	}
}

// look examines a text in pieces, and the strings that are split over several lines.
func (s *scan) look(ctx context.Context, p piece) {
	chunks(p, func(c piece) {
		if ctx.Err() != nil {
			return
		}
		var whole []string // secrets that are not split
		s.detector.look(ctx, c, func(hit secret) {
			whole = append(whole, hit.value)
			s.found.add(hit)
		})
		if c.binary || c.forms {
			return
		}
		for _, r := range joined(c.text) {
			one := piece{path: c.path, line: 1, commit: c.commit, text: r.text, binary: true}
			s.detector.look(ctx, one, func(hit secret) {
				// The end of one string and the beginning of the next can look like one secret.
				if slices.ContainsFunc(whole, func(v string) bool { return strings.Contains(v, hit.value) || strings.Contains(hit.value, v) }) {
					return
				}
				hit.line = c.line + r.lineAt(hit.column-1)
				s.found.addJoined(hit)
			})
		}
	})
}
