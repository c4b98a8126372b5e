package text

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClip(t *testing.T) {
	for _, tt := range []struct {
		s    string
		n    int
		want string
	}{
		{"", 3, ""}, {"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"größe", 5, "größe"}, {"größen", 5, "größ…"},
		{"abcd", 1, "…"}, {"abcd", 0, "abcd"}, {"abcd", -1, "abcd"}, {"\xff\xfe\xfd", 2, "\xff…"},
	} {
		if got := Clip(tt.s, tt.n); got != tt.want {
			t.Errorf("Clip(%q, %d) = %q, want %q", tt.s, tt.n, got, tt.want)
		}
	}
	if got := OneLine(" a\n\t b \r\n", 80); got != "a b" {
		t.Errorf("OneLine: %q", got)
	}
}

func TestBytes(t *testing.T) {
	for _, tt := range []struct {
		s    string
		n    int
		want string
	}{{"größe", 3, "gr"}, {"größe", 4, "grö"}, {"abc", 9, "abc"}, {"ö", 1, ""}, {"ö", 0, ""}} {
		if got := Bytes(tt.s, tt.n); got != tt.want {
			t.Errorf("Bytes(%q, %d) = %q, want %q", tt.s, tt.n, got, tt.want)
		}
	}
}

func TestShort(t *testing.T) {
	for id, want := range map[string]string{
		"sha256:0123456789abcdef": "sha256:0123456789ab", "sha256:01": "sha256:01", "0123456789": "0123456", "": "", "abc": "abc",
	} {
		if got := Short(id); got != want {
			t.Errorf("Short(%q) = %q, want %q", id, got, want)
		}
	}
}

func FuzzClip(f *testing.F) {
	f.Add("größe", 3)
	f.Fuzz(func(t *testing.T, s string, n int) {
		if got := Clip(s, n); n > 0 && (utf8.RuneCountInString(got) > n || !strings.HasPrefix(s, strings.TrimSuffix(got, "…"))) {
			t.Errorf("Clip(%q, %d) = %q", s, n, got)
		}
	})
}

// TestWithoutEscapes proves NEWCOMER 15: colours leave nothing behind.
func TestWithoutEscapes(t *testing.T) {
	for in, want := range map[string]string{
		"plain\n":                                  "plain\n",
		"\x1b[31mred\x1b[0m\n":                     "red\n",
		"\x1b[1;38;5;200mx\x1b[m":                  "x",
		"\x1b]0;title\x07after":                    "after",
		"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\": "link",
		"\x1b(B\x1b[?25lhidden":                    "hidden",
		"10 %\r50 %\r100 %\n":                      "100 %\n",
		"a\r\nb\r\n":                               "a\nb\n",
		"ends\x1b":                                 "ends\x1b",
	} {
		if got := WithoutEscapes(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
