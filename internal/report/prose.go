package report

import (
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// GitHub's Markdown converts more than CommonMark: links without brackets, mentions,
// issue references, emoji and formulas. Backslashes do not prevent this, but code spans
// do. So words that GitHub would convert become code spans: the reader sees, and copies,
// the exact text.

// wordPattern splits text at spaces, but keeps a GitHub expression together.
var wordPattern = regexp.MustCompile(`[^\s\p{Z}]*\$\{\{.*?\}\}[^\s\p{Z}]*|[^\s\p{Z}]+`)

// converted matches words that GitHub would convert.
var converted = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`://`, `www\.`, // links; mailto: and xmpp: need an @
	`(?:^|[^a-z0-9])@[a-z0-9]`,               // a mention
	`[a-z0-9.+_-]@[a-z0-9_-]*\.`,             // a mail address
	`[a-z0-9]@[0-9a-f]{7,40}(?:[^0-9a-z]|$)`, // owner/repository@commit
	`#[0-9]`, `(?:^|\W)gh-[0-9]`,             // an issue
	`:[a-z0-9_+-]*[a-z][a-z0-9_+-]*:`, `:(?:100|1234|[+-]1):`, // emoji
	`\$`, // a formula
}, "|"))

// markdownLine renders outside text as a line of Markdown that shows exactly this text.
func markdownLine(s string) string { return lineStart(markdownInline(s)) }

// markdownInline renders outside text that does not begin its line.
func markdownInline(s string) string { return render(s, escapeMarkdown, codeSpan) }

// MarkdownCell renders outside text as one cell of a Markdown table.
func MarkdownCell(s string) string { return escapePipes(markdownInline(s)) }

// htmlText renders outside text inside an HTML element that begins its line. Markdown
// does not apply there, but GitHub still converts mentions.
func htmlText(s string) string {
	return render(s, html.EscapeString, func(s string) string { return "<code>" + html.EscapeString(s) + "</code>" })
}

// render escapes prose, and passes the words that GitHub would convert to code.
func render(s string, prose, code func(string) string) string {
	var b strings.Builder
	t := strings.TrimSpace(singleLine(s))
	end := 0
	for _, at := range wordPattern.FindAllStringIndex(t, -1) {
		before, core, after := unwrap(t[at[0]:at[1]])
		b.WriteString(t[end:at[0]] + prose(before))
		if core != "" {
			b.WriteString(code(core) + prose(after))
		}
		end = at[1]
	}
	return b.String()
}

// unwrap finds the part of a word that has to become code, without the punctuation
// around it. The part is empty if nothing has to.
func unwrap(word string) (before, core, after string) {
	if !strings.ContainsAny(word, "@#:$.-") || !converted.MatchString(word) { // the first test is fast, and enough for most words
		return word, "", ""
	}
	core = strings.TrimLeft(word, `([<"'`)
	before = word[:len(word)-len(core)]
	bare := strings.TrimRight(core, `)]>"'.,:;!?`)
	if !converted.MatchString(bare) {
		return "", word, "" // GitHub would convert the word because of its punctuation
	}
	return before, bare, core[len(bare):]
}

// escapeMarkdown escapes the characters that are markup inside a line.
func escapeMarkdown(s string) string {
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

// insideWord reports whether the underscore at i is between letters or digits, where it
// is not markup.
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

// lineStart prevents a line from starting a heading, a list or a rule.
func lineStart(markdown string) string {
	if blockStart.MatchString(markdown) {
		return `\` + markdown
	}
	return listStart.ReplaceAllString(markdown, `$1\$2$3`)
}

// codeSpan renders outside text as a code span. Its fence does not occur in the text.
func codeSpan(s string) string {
	t := strings.TrimSpace(singleLine(s))
	if t == "" {
		return ""
	}
	f := strings.Repeat("`", longestRun(t)+1)
	if t[0] == '`' || t[len(t)-1] == '`' {
		t = " " + t + " " // Markdown removes these two
	}
	return f + t + f
}

// escapePipes fits rendered Markdown into a cell of a table. The table parser removes the
// backslash before a pipe first, in code spans too.
func escapePipes(markdown string) string { return strings.ReplaceAll(markdown, "|", `\|`) }

// codeFence returns a fence for preformatted text that does not occur in it.
func codeFence(s string) string { return strings.Repeat("`", max(3, longestRun(s)+1)) }

// longestRun returns the length of the longest run of backquotes.
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
