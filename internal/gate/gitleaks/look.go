package gitleaks

import (
	"context"
	"slices"
	"strings"

	"github.com/zricethezav/gitleaks/v8/detect"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// piece is a part of the text of a file.
type piece struct {
	path   string
	line   int    // of its first line, counted from 1; 0: without line numbers
	column int    // of its first character in that line, counted from 0
	commit string // empty: in the tree
	text   string
	binary bool                     // the readable parts of a binary file
	forms  bool                     // only the rules of distinct apply
	whole  bool                     // a whole file, as far as a patch shows it
	aside  func(rule, value string) // called with a match that is not a secret; nil: not called
}

// look passes each secret in a piece to add. detect.DetectSource is not used because it
// only logs the errors of a source.
//
// As in the library, a secret is reported once, by the rule that knows most about it: a
// rule of gitleaks, a rule of ours, a rule for the file, the generic rule, and at last a
// rule for the file that has the tag last.
func (d *detector) look(ctx context.Context, p piece, add func(secret)) {
	known := map[int][]string{} // line → secrets that were reported
	report := func(find func(func(secret))) {
		var fresh []secret
		find(func(s secret) {
			encoded := secret{value: decoded(s.value)}
			if !slices.ContainsFunc(known[s.line], func(v string) bool { return s.overlaps(v) || encoded.overlaps(v) }) {
				fresh = append(fresh, s)
			}
		})
		for _, s := range fresh {
			known[s.line] = append(known[s.line], s.value)
			add(s)
		}
	}
	library, decoding := d.plain, d.text
	switch {
	case p.forms:
		library, decoding = d.forms, nil
	case p.binary:
		library, decoding = d.binary, d.hidden
	}
	var guesses []secret
	var manifests [][]secret // of each Secret of Kubernetes, its values
	report(func(yield func(secret)) {
		p.hits(ctx, library, func(s secret) {
			if s.rule == kubernetesSecret {
				values, samples := p.kubernetes(s)
				for _, sample := range samples { // nor does the generic rule report them
					known[sample.line] = append(known[sample.line], sample.value)
					if p.aside != nil {
						p.aside(sample.rule, sample.value)
					}
				}
				manifests = append(manifests, values)
				return
			}
			yield(s)
		})
	})
	report(func(yield func(secret)) { d.own.tokens(p, yield) })
	if decoding != nil {
		report(func(yield func(secret)) {
			for _, part := range encodedParts(p.text) {
				p.part(part).hits(ctx, decoding, func(s secret) {
					switch { // decoding may have all rules
					case s.rule == kubernetesSecret: // it needs the whole object
					case s.rule == generic:
						guesses = append(guesses, s)
					case !d.own.has(s.rule) || !strings.Contains(p.text, s.value):
						yield(s)
					}
				})
			}
		})
	}
	report(func(yield func(secret)) { d.own.credentials(p, false, yield) })
	for _, values := range manifests { // the first value that no other rule knows
		for _, s := range values {
			before := len(known[s.line])
			if report(each([]secret{s})); len(known[s.line]) > before {
				break
			}
		}
	}
	report(each(guesses))
	if library == d.plain {
		report(func(yield func(secret)) {
			for _, w := range windows(p.text) {
				p.part(w).hits(ctx, d.any, yield)
			}
		})
	}
	report(func(yield func(secret)) { d.own.credentials(p, true, yield) })
}

// part returns a part of a piece.
func (p piece) part(r region) piece {
	if r.line > 0 {
		p.column = 0
	}
	p.column, p.text = p.column+r.column, r.text
	if p.line > 0 {
		p.line += r.line
	}
	return p
}

func each(all []secret) func(func(secret)) {
	return func(yield func(secret)) {
		for _, s := range all {
			yield(s)
		}
	}
}

// overlaps reports whether one of two secrets is a part of the other. What source code
// has between the parts of a string does not count.
func (s secret) overlaps(value string) bool {
	a, b := bare.Replace(s.value), bare.Replace(value)
	return a != "" && b != "" && (strings.Contains(a, b) || strings.Contains(b, a))
}

var bare = strings.NewReplacer(`\n`, "", `\r`, "", `\t`, "", `\`, "", "\n", "", "\r", "", "\t", "", " ", "", `"`, "", "'", "", "`", "", "+", "")

// hits calls add for each match of the library. A match at the same place and by the same
// rule as an earlier one is the same secret, decoded.
func (p piece) hits(ctx context.Context, library *detect.Detector, add func(secret)) {
	type place struct {
		rule         string
		line, column int
	}
	known := map[place]bool{}
	for _, hit := range library.DetectContext(ctx, detect.Fragment{CommitSHA: p.commit, FilePath: p.path, StartLine: p.line, Raw: p.text}) {
		at := place{hit.RuleID, hit.StartLine, hit.StartColumn}
		if known[at] {
			continue
		}
		if isPublished(hit.Secret) || harmless(hit.RuleID, hit.Secret, hit.Match) || p.misread(hit.RuleID, hit.Secret, hit.Match, hit.Line) {
			if p.aside != nil {
				p.aside(hit.RuleID, hit.Secret)
			}
			continue
		}
		known[at] = true
		about, severity := hit.Description, graded(hit.Tags)
		if hit.RuleID == googleKey && isFirebase(p.text, hit.Secret) {
			about, severity = "Key of a Firebase web app: it is public, and must be restricted to the app's addresses", report.Medium
		}
		s := secret{
			rule: hit.RuleID, about: about, value: hit.Secret,
			severity: severity, path: p.path, line: hit.StartLine, column: hit.StartColumn, commit: p.commit,
		}
		if s.rule == kubernetesSecret {
			s.match = hit.Match
		}
		switch {
		case p.line == 0:
			s.line, s.column = 0, 0
		case s.line > p.line: // the library counts from the newline
			s.column--
		default:
			s.column += p.column
		}
		add(s)
	}
}

// misread reports whether a match is not what the rule is for, by what stands around it.
func (p piece) misread(rule, value, match, line string) bool {
	switch rule {
	case privateKey:
		return !hasKey(value)
	case kubernetesSecret:
		return !isManifest(p.text, match)
	case "jwt":
		return isCut(value, match) || isSigned(rule, value, line) || isAnonymous(value)
	case "aws-access-token":
		return isSigned(rule, value, line)
	}
	return namesSetting(rule, value, line)
}

// isCut reports whether a JWT is shown without its last part, with three dots instead. One
// that has no last part ends where the library's rule says.
func isCut(token, match string) bool {
	after := strings.TrimPrefix(match, token)
	return strings.HasSuffix(token, ".") && after != "" && !strings.ContainsAny(after[:1], "`'\"; \t\r\n\\")
}

// look examines a text in pieces, and what it shows only when its strings are read: with
// escapes, or split over several lines.
func (s *scan) look(ctx context.Context, p piece) {
	chunks(p, func(c piece) {
		if ctx.Err() != nil {
			return
		}
		var whole []string // secrets that are found
		c.aside = func(rule, value string) { s.setAside(c, rule, value) }
		s.detector.look(ctx, c, func(hit secret) {
			whole = append(whole, hit.value)
			hit.section = inTestSection(c, hit.line-c.line+1)
			hit.sample = hit.sample || isSample(c, hit.line-c.line+1, hit.value)
			s.found.add(hit)
		})
		if c.binary || c.forms {
			return
		}
		read := func(text string, binary bool, line func(secret) int) {
			one := piece{path: c.path, line: 1, commit: c.commit, text: text, binary: binary}
			var more []string
			s.detector.look(ctx, one, func(hit secret) {
				// The end of one string and the beginning of the next can look like one secret.
				if slices.ContainsFunc(whole, hit.overlaps) {
					return
				}
				more = append(more, hit.value)
				hit.line = c.line + line(hit)
				s.found.addJoined(hit)
			})
			whole = append(whole, more...)
		}
		if isData(c.path) {
			if text, lines := unescaped(c.text); text != "" {
				read(text, false, func(hit secret) int { return lines[hit.line-1] })
			}
		}
		for _, r := range slices.Concat(joined(c.text), wrapped(c.text)) {
			read(r.text, true, func(hit secret) int { return r.lineAt(hit.column - 1) })
		}
	})
}
