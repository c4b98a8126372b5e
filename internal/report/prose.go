package report

import (
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// GitHub's Markdown turns more into something else than CommonMark names:
// links without brackets, mentions, references to issues, emoji, formulas.
// Backslashes do not stop it; code does. So the words it would turn become
// code, and a reader still sees, and copies, exactly what was said.

// words splits text at blanks, but keeps a GitHub expression together.
var words = regexp.MustCompile(`[^\s\p{Z}]*\$\{\{.*?\}\}[^\s\p{Z}]*|[^\s\p{Z}]+`)

var turned = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`://`, `www\.`, // links; mailto: and xmpp: need an @
	`(?:^|[^a-z0-9])@[a-z0-9]`,               // a mention
	`[a-z0-9.+_-]@[a-z0-9_-]*\.`,             // a mail address
	`[a-z0-9]@[0-9a-f]{7,40}(?:[^0-9a-z]|$)`, // owner/repository@commit
	`#[0-9]`, `(?:^|\W)gh-[0-9]`,             // an issue
	`:[a-z0-9_+-]*[a-z][a-z0-9_+-]*:`, `:(?:100|1234|[+-]1):`, // emoji
	`\$`, // a formula
}, "|"))

// text renders outside text as a line of Markdown prose that says exactly that
// text.
func text(s string) string { return lineStart(inline(s)) }

// inline is text that does not begin its line.
func inline(s string) string { return render(s, escape, code) }

// htmlText is text for an HTML element that begins its line: Markdown leaves
// such a block alone, but GitHub still looks for mentions in it.
func htmlText(s string) string {
	return render(s, html.EscapeString, func(s string) string { return "<code>" + html.EscapeString(s) + "</code>" })
}

func render(s string, prose, code func(string) string) string {
	var b strings.Builder
	t := strings.TrimSpace(clean(s))
	end := 0
	for _, at := range words.FindAllStringIndex(t, -1) {
		before, core, after := unwrap(t[at[0]:at[1]])
		b.WriteString(t[end:at[0]] + prose(before))
		if core != "" {
			b.WriteString(code(core) + prose(after))
		}
		end = at[1]
	}
	return b.String()
}

// unwrap finds the part of a word that has to become code, without the
// punctuation around it. The part is empty when there is none.
func unwrap(word string) (before, core, after string) {
	if !strings.ContainsAny(word, "@#:$.-") || !turned.MatchString(word) { // the first is fast, and true of most words
		return word, "", ""
	}
	core = strings.TrimLeft(word, `([<"'`)
	before = word[:len(word)-len(core)]
	bare := strings.TrimRight(core, `)]>"'.,:;!?`)
	if !turned.MatchString(bare) {
		return "", word, "" // the punctuation is part of it
	}
	return before, bare, core[len(bare):]
}

// escape escapes what Markdown marks up inside a line.
func escape(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch r {
		case '\\', '`', '*', '[', ']', '~':
			b.WriteByte('\\')
		case '_':
			if !insideWord(s, i) {
				b.WriteByte('\\')
			}
		case '<':
			b.WriteString("&lt;")
			continue
		case '>':
			b.WriteString("&gt;")
			continue
		case '&':
			b.WriteString("&amp;")
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// insideWord: Markdown takes underscores between letters or digits as they are.
func insideWord(s string, i int) bool {
	before, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s[:i], "_"))
	after, _ := utf8.DecodeRuneInString(strings.TrimLeft(s[i:], "_"))
	return isWord(before) && isWord(after)
}

func isWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

var (
	blockStart = regexp.MustCompile(`^(?:\||#{1,6}(?:\s|$)|[-+](?:\s|$)|-[-\s]*$|=+\s*$)`)
	listStart  = regexp.MustCompile(`^([0-9]{1,9})([.)])(\s|$)`)
)

// lineStart keeps a line from beginning a heading, a list or a rule.
func lineStart(markdown string) string {
	if blockStart.MatchString(markdown) {
		return `\` + markdown
	}
	return listStart.ReplaceAllString(markdown, `$1\$2$3`)
}

// code renders outside text as a code span whose fence cannot occur in it.
func code(s string) string {
	t := strings.TrimSpace(clean(s))
	if t == "" {
		return ""
	}
	f := strings.Repeat("`", longestRun(t)+1)
	if t[0] == '`' || t[len(t)-1] == '`' {
		t = " " + t + " " // Markdown takes these two away
	}
	return f + t + f
}

// cell fits rendered Markdown into a cell of a table, which takes one backslash
// before a pipe away, in code as well, before it looks at anything else.
func cell(markdown string) string { return strings.ReplaceAll(markdown, "|", `\|`) }

// fence returns the fence for preformatted text: one that cannot occur in it.
func fence(s string) string { return strings.Repeat("`", max(3, longestRun(s)+1)) }

func longestRun(s string) int {
	longest, run := 0, 0
	for i := range len(s) {
		if s[i] != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}
