package gitleaks

import (
	"encoding/base64"
	"math"
	"slices"
	"strings"
	"sync"

	ahocorasick "github.com/BobuSumisu/aho-corasick"
	"github.com/zricethezav/gitleaks/v8/config"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// own applies our rules. The library would apply an expression to a whole piece if a
// keyword occurs anywhere in it; own applies it only around the keyword, because words
// such as "secret" and "://" are in most files.
type own struct {
	trie      *ahocorasick.Trie
	byKeyword [][]config.Rule        // in the order of the patterns in trie
	rules     map[string]config.Rule // those that apply everywhere
	files     []config.Rule
	byPath    sync.Map // path → []config.Rule of files
}

// has reports whether this is one of our rules that apply everywhere.
func (o *own) has(rule string) bool {
	_, ok := o.rules[rule]
	return ok
}

func newOwn(tokens, files map[string]config.Rule) *own {
	by := map[string][]config.Rule{}
	for _, r := range tokens {
		for _, k := range r.Keywords {
			by[k] = append(by[k], r)
		}
	}
	o := &own{rules: tokens}
	var words []string
	for k, rules := range by {
		words = append(words, k)
		o.byKeyword = append(o.byKeyword, rules)
	}
	o.trie = ahocorasick.NewTrieBuilder().AddStrings(words).Build()
	for _, r := range files {
		o.files = append(o.files, r)
	}
	return o
}

// The text, in bytes, around a keyword to which an expression is applied. A rule with the
// tag long needs more, because lines of a key are between the keyword and the secret.
const (
	aroundKeyword     = 700
	aroundKeywordLong = 6 << 10
)

// tokens calls add for each match of a rule that applies everywhere.
func (o *own) tokens(p piece, add func(secret)) {
	type window struct {
		rule     config.Rule
		from, to int
	}
	open := map[string]*window{} // the last one of each rule
	var all []*window
	for _, m := range o.trie.MatchString(lower(p.text)) {
		if m.MatchString() == "://" && !hasLogin(p.text[int(m.Pos())+3:]) {
			continue
		}
		for _, r := range o.byKeyword[m.Pattern()] {
			reach := aroundKeyword
			if slices.Contains(r.Tags, "long") {
				reach = aroundKeywordLong
			}
			from, to := max(0, int(m.Pos())-reach), min(len(p.text), int(m.Pos())+reach)
			if w := open[r.RuleID]; w != nil && from <= w.to {
				w.to = max(w.to, to)
				continue
			}
			open[r.RuleID] = &window{r, from, to}
			all = append(all, open[r.RuleID])
		}
	}
	for _, w := range all {
		p.match(w.rule, w.from, w.to, add)
	}
}

// hasLogin reports whether a user and a password may follow the :// of an address. Most
// addresses have none, and the expressions for those that do are slow.
func hasLogin(after string) bool {
	colon := false
	for i := range min(len(after), 200) {
		switch after[i] {
		case ':':
			colon = true
		case '@':
			if colon {
				return true
			}
		case ' ', '\t', '\r', '\n', '"', '\'', '<', '>', '`':
			return false
		}
	}
	return false
}

// credentials calls add for each match of a rule that applies to the file's path: of the
// rules with the tag last, or of the others. The rules with the tag last do not apply to a
// model that a person fills in.
func (o *own) credentials(p piece, last bool, add func(secret)) {
	rules, ok := o.byPath.Load(p.path)
	if !ok {
		var here []config.Rule
		for _, r := range o.files {
			if r.Path.MatchString(p.path) {
				here = append(here, r)
			}
		}
		rules, _ = o.byPath.LoadOrStore(p.path, here)
	}
	if last && isExample(p.path) {
		return
	}
	for _, r := range rules.([]config.Rule) {
		if slices.Contains(r.Tags, "last") != last {
			continue
		}
		if r.Regex == nil {
			add(secret{rule: r.RuleID, about: r.Description, severity: graded(r.Tags), path: p.path, commit: p.commit})
			continue
		}
		p.match(r, 0, len(p.text), add)
	}
}

// match calls add for each secret that a rule recognises in a part of the text.
func (p piece) match(r config.Rule, from, to int, add func(secret)) {
	text := p.text[from:to]
	for _, at := range r.Regex.FindAllStringSubmatchIndex(text, -1) {
		start, end := at[0], at[1]
		for i := 2; i+1 < len(at); i += 2 {
			if at[i] >= 0 {
				start, end = at[i], at[i+1]
				break
			}
		}
		value := text[start:end]
		password, ok := value, true
		if slices.Contains(r.Tags, "basic") {
			password, ok = basicPassword(value)
		}
		if !ok || isPublished(value) || r.Entropy > 0 && entropy(password) <= r.Entropy || allowed(r, password, text[at[0]:at[1]]) ||
			slices.Contains(r.Tags, "user") && isUser(text, value) {
			continue
		}
		s := secret{rule: r.RuleID, about: r.Description, severity: graded(r.Tags), guess: slices.Contains(r.Tags, "guess"), value: value, path: p.path, commit: p.commit}
		if p.line > 0 {
			before := p.text[:from+start]
			s.line, s.column = p.line+strings.Count(before, "\n"), from+start-strings.LastIndexByte(before, '\n')
			if s.line == p.line {
				s.column += p.column
			}
		}
		add(s)
	}
}

// basicPassword returns the password of a login for HTTP's basic authentication. It
// returns false for anything else in base64.
func basicPassword(encoded string) (string, bool) {
	login, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil || !isReadable(login) {
		return "", false
	}
	_, password, ok := strings.Cut(string(login), ":")
	return password, ok && len(password) >= 8
}

// allowed reports whether the rule's exceptions name the secret, or the whole match.
func allowed(r config.Rule, value, match string) bool {
	return slices.ContainsFunc(r.Allowlists, func(a *config.Allowlist) bool {
		if a.RegexTarget == "match" {
			return a.RegexAllowed(match)
		}
		return a.RegexAllowed(value)
	})
}

// entropy is the Shannon entropy of a text in bits per byte, as the library computes it.
func entropy(text string) float64 {
	var count [256]int
	for i := range len(text) {
		count[text[i]]++
	}
	sum := 0.0
	for _, n := range count {
		if n > 0 {
			f := float64(n) / float64(len(text))
			sum -= f * math.Log2(f)
		}
	}
	return sum
}

// lower returns the text with its ASCII letters in lower case. Offsets stay the same.
func lower(text string) string {
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// graded returns the severity that a rule's tags name, or critical.
func graded(tags []string) report.Severity {
	for _, t := range tags {
		switch s := report.Severity(t); s {
		case report.High, report.Medium, report.Low:
			return s
		}
	}
	return report.Critical
}
