package report

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestText is what a person should see, and the Markdown that shows it.
func TestText(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"go.mod:17", "go.mod:17"},
		{"sha256:5be1b1d9f2a3", "sha256:5be1b1d9f2a3"},
		{"p95 12 ms (2 of 29), +2.1 % ± 4.0 %", "p95 12 ms (2 of 29), +2.1 % ± 4.0 %"},
		{"security-gate: 1 new, VOTE_LIMIT, x86_64", "security-gate: 1 new, VOTE_LIMIT, x86_64"},
		{"ghcr.io/acme/where2eat@sha256:831d8796", "ghcr.io/acme/where2eat@sha256:831d8796"},
		{"1.5 s, 2026.11.21-3 at 18:00:05", "1.5 s, 2026.11.21-3 at 18:00:05"},
		{"a # b, C# and #hashtag!", "a # b, C# and #hashtag!"},
		{"by @acme/team: reason", "by `@acme/team`: reason"},
		{"see https://example.com/a_b, or (www.example.com).", "see `https://example.com/a_b`, or (`www.example.com`)."},
		{"closes #12, GH-12 and acme/app#3", "closes `#12`, `GH-12` and `acme/app#3`"},
		{"mail bob@example.com.", "mail `bob@example.com`."},
		{"at main.go:100:5", "at `main.go:100:5`"},
		{"std::string :tada:", "std::string `:tada:`"},
		{"in ${{ github.event.issue.title }} of $HOME", "in `${{ github.event.issue.title }}` of `$HOME`"},
		{"# heading", `\# heading`},
		{"#", `\#`},
		{"- item", `\- item`},
		{"--- ", `\---`},
		{"12. item", `12\. item`},
		{"12.5 items", "12.5 items"},
		{"  indented", "indented"},
		{"_a_ snake_case __init__", `\_a\_ snake_case \_\_init\_\_`},
		{"*a* ~b~ `c` [d](e) <f> g&amp; C:\\x", `\*a\* \~b\~ ` + "\\`c\\`" + ` \[d\](e) &lt;f&gt; g&amp;amp; C:\\x`},
		{"two\nlines", "two lines"},
		{"\x1b[31mred\x00 \u202egnp.exe \xff", "�\\[31mred� �gnp.exe �"},
		{"", ""},
	} {
		if got := markdownLine(test.in); got != test.want {
			t.Errorf("markdownLine(%q)\n got %s\nwant %s", test.in, got, test.want)
		}
	}
}

func TestCode(t *testing.T) {
	for _, test := range []struct{ in, want, inCell string }{
		{"go get x@v1", "`go get x@v1`", "`go get x@v1`"},
		{"a | b", "`a | b`", `§a \| b§`},
		{`a\|b`, "`a\\|b`", `§a\\|b§`},
		{`C:\`, "`C:\\`", `§C:\§`},
		{" padded ", "`padded`", "`padded`"},
		{"a`b", "``a`b``", "``a`b``"},
		{"`a`", "`` `a` ``", "`` `a` ``"},
		{"```", "```` ``` ````", "```` ``` ````"},
		{" \n", "", ""},
	} {
		got := codeSpan(test.in)
		if got != test.want {
			t.Errorf("codeSpan(%q)\n got %s\nwant %s", test.in, got, test.want)
		}
		if want := strings.ReplaceAll(test.inCell, "§", "`"); escapePipes(got) != want {
			t.Errorf("in a cell codeSpan(%q)\n got %s\nwant %s", test.in, escapePipes(got), want)
		}
	}
}

// read reads the inline Markdown that this package writes, by the rules of
// CommonMark and GFM: what a reader sees, and how much of it is prose rather
// than code. Markup that is alive is an error.
func read(md string) (shown, prose string, err error) {
	const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	entities := map[string]string{"&amp;": "&", "&lt;": "<", "&gt;": ">"}
	for i := 0; i < len(md); {
		switch c := md[i]; {
		case c == '\\' && i+1 < len(md) && strings.IndexByte(punctuation, md[i+1]) >= 0:
			shown, prose, i = shown+md[i+1:i+2], prose+md[i+1:i+2], i+2
		case c == '`':
			n := len(md[i:]) - len(strings.TrimLeft(md[i:], "`"))
			end := closing(md[i+n:], n)
			if end < 0 {
				return "", "", fmt.Errorf("code that does not end at %q", md[i:])
			}
			content := md[i+n : i+n+end]
			if len(content) > 1 && content[0] == ' ' && content[len(content)-1] == ' ' && strings.Trim(content, " ") != "" {
				content = content[1 : len(content)-1]
			}
			shown, prose, i = shown+content, prose+" ", i+n+end+n
		case c == '&':
			end := strings.IndexByte(md[i:], ';')
			if end < 0 || entities[md[i:i+end+1]] == "" {
				return "", "", fmt.Errorf("ampersand at %q", md[i:])
			}
			e := entities[md[i:i+end+1]]
			shown, prose, i = shown+e, prose+e, i+end+1
		case strings.IndexByte("*[]<>~", c) >= 0, c == '_' && !insideWord(md, i):
			return "", "", fmt.Errorf("live %q at %q", c, md[i:])
		default:
			shown, prose, i = shown+md[i:i+1], prose+md[i:i+1], i+1
		}
	}
	return shown, prose, nil
}

// closing finds the run of exactly n backticks that ends a code span.
func closing(s string, n int) int {
	for i := 0; i < len(s); {
		if s[i] != '`' {
			i++
			continue
		}
		run := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
		if run == n {
			return i
		}
		i += run
	}
	return -1
}

// What GitHub links or draws in prose, after Markdown is done.
var alive = regexp.MustCompile(`(?i)(?:^|[^a-z0-9])@[a-z0-9]|[a-z0-9.+_-]@[a-z0-9_-]+\.[a-z0-9]|[a-z]@[0-9a-f]{7,40}\b|\b(?:https?|ftp)://|\bwww\.|#[0-9]|\bgh-[0-9]|\$|:100:|:1234:|:[+-]1:|:[a-z0-9_+-]*[a-z][a-z0-9_+-]*:`)

// blockStarts is what begins a block other than a paragraph.
var blockStarts = regexp.MustCompile(`^(?:#{1,6}(?:\s|$)|[-+*](?:\s|$)|[0-9]{1,9}[.)](?:\s|$)|>|\x60{3}|~{3}|<|\||    |\t|(?:-\s*){3,}$|(?:_\s*){3,}$|(?:\*\s*){3,}$|(?:-+|=+)\s*$|\[)`)

// checkProse: Markdown shows the text it was made of, and nothing in it lives.
func checkProse(in, md string) error {
	shown, prose, err := read(md)
	switch {
	case err != nil:
		return err
	case shown != strings.TrimSpace(singleLine(in)):
		return fmt.Errorf("shows %q", shown)
	case alive.MatchString(prose):
		return fmt.Errorf("%q is alive", alive.FindString(prose))
	case strings.ContainsAny(md, "\n\r\x00\x1b"):
		return errors.New("is not one clean line")
	}
	return nil
}

// cellOf takes a rendered cell the way GFM does: no pipe without a backslash,
// and the backslash before each is taken away.
func cellOf(md string) (string, error) {
	for i := range len(md) {
		if md[i] == '|' && (i == 0 || md[i-1] != '\\') {
			return "", fmt.Errorf("the cell ends at %q", md[i:])
		}
	}
	return strings.ReplaceAll(md, `\|`, "|"), nil
}

// FuzzProse: for any text, Markdown shows exactly it.
func FuzzProse(f *testing.F) {
	for _, s := range hostiles {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		line := markdownLine(s)
		if err := checkProse(s, line); err != nil {
			t.Errorf("markdownLine(%q) = %q %v", s, line, err)
		}
		if blockStarts.MatchString(line) && !strings.HasPrefix(line, "`") {
			t.Errorf("markdownLine(%q) = %q begins a block", s, line)
		}
		for name, md := range map[string]string{"inline": markdownInline(s), "code": codeSpan(s)} {
			if err := checkProse(s, md); err != nil {
				t.Errorf("%s(%q) = %q %v", name, s, md, err)
			}
			inner, err := cellOf(escapePipes(md))
			if err == nil && inner != md {
				err = fmt.Errorf("becomes %q", inner)
			}
			if err != nil {
				t.Errorf("escapePipes(%s(%q)) = %q %v", name, s, escapePipes(md), err)
			}
		}
		if line := multiLine(s); strings.Contains(codeFence(line), "`") && strings.Contains(line, codeFence(line)) {
			t.Errorf("fence %s stands in %q", codeFence(line), line)
		}
	})
}

func TestCut(t *testing.T) {
	for _, test := range []struct {
		in   string
		n    int
		want string
	}{
		{"short", 5, "short"}, {"longer", 5, "lo…"}, {"äöü", 5, "ä…"}, {"äöü", 4, "…"}, {"äöü", 0, "…"}, {"", 0, ""}, {"\xff\xff\xff\xff", 3, "…"},
	} {
		if got := cut(test.in, test.n); got != test.want {
			t.Errorf("cut(%q, %d) = %q, want %q", test.in, test.n, got, test.want)
		}
	}
	// A cut is made before text is escaped: never in the middle of an escape.
	for n := range 12 {
		if err := checkProse(cut("<*_`[@x", n), markdownLine(cut("<*_`[@x", n))); err != nil {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
}

func TestSafeLink(t *testing.T) {
	for _, link := range []string{"https://example.com", "http://127.0.0.1:8080/a?b=1&c=%20#d", "https://example.com/a_b*c~d"} {
		if SafeLink(link) != link {
			t.Errorf("refused %s", link)
		}
	}
	for _, link := range []string{
		"", "javascript:alert(1)", "JAVASCRIPT:x", "data:text/html,x", "//example.com", "example.com", "https://", "https:///x", "https://user@example.com", "https://github.com@evil.example",
		"https://example.com/a b", "https://example.com/)[x](y", "https://example.com/\"x", "https://example.com/|", "https://example.com/\n", "https://exämple.com", "https://example.com/\x7f", "https://example.com/`", "https://example.com/\\",
		"https://example.com/" + strings.Repeat("a", 2000), "https://[::1", "https://%zz",
	} {
		if got := SafeLink(link); got != "" {
			t.Errorf("links to %q", got)
		}
	}
}
