package junit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// scan returns the tokens of a text as "line: token", and the error that ends it.
func scan(from io.Reader) (tokens []string, err error) {
	s := &scanner{r: bufio.NewReaderSize(from, bufferSize), line: 1}
	depth := 0
	for {
		t, err := s.next(depth)
		if errors.Is(err, io.EOF) {
			return tokens, nil
		}
		if err != nil {
			return tokens, err
		}
		text := fmt.Sprintf("%d: ", s.line)
		switch t.kind {
		case startTag:
			text += "<" + t.name
			for _, a := range t.attrs {
				text += fmt.Sprintf(" %s=%s", a.name, a.value)
			}
			if t.empty {
				text += "/"
			} else {
				depth++
			}
		case endTag:
			text += "</" + t.name
			depth--
		case comment:
			text += "#" + t.text
		}
		tokens = append(tokens, text)
	}
}

// TestScan proves which tokens a text has, and on which line each of them ends.
func TestScan(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                          nil,
		" \n\t ":                                    nil,
		"<a/>":                                      {"1: <a/"},
		"<a></a>":                                   {"1: <a", "1: </a"},
		"<a ></a\n>":                                {"1: <a", "2: </a"},
		"\n<a>\n<b/>\n\n</a>\n":                     {"2: <a", "3: <b/", "5: </a"},
		"<a>text > \"and\" 'more' ]]></a>":          {"1: <a", "1: </a"},
		"<x:a><y:b/></x:a>":                         {"1: <a", "1: <b/", "1: </a"},
		"<a-b.c_d1/>":                               {"1: <a-b.c_d1/"},
		"<größe/>":                                  {"1: <größe/"},
		`<a name="n" other="o" status='s'/>`:        {"1: <a name=n status=s/"},
		`<a name = "n"status="s"/>`:                 {"1: <a name=n status=s/"},
		"<a\n\tname='n'\n\tstatus='s'\n/>":          {"4: <a name=n status=s/"},
		`<a name="it's"/>`:                          {"1: <a name=it's/"},
		`<a name="1 > 0"/>`:                         {"1: <a name=1 > 0/"},
		`<a name="a/b"/>`:                           {"1: <a name=a/b/"},
		`<a name=""/>`:                              {"1: <a name=/"},
		`<a name="1" name="2"/>`:                    {"1: <a name=1 name=2/"},
		"<a><![CDATA[<b>\n]]></a>":                  {"1: <a", "2: </a"},
		"<a><![CDATA[]]></a>":                       {"1: <a", "1: </a"},
		"<a><![CDATA[]]]]></a>":                     {"1: <a", "1: </a"},
		"<!-- x --><a/><!----><!-- a--b -->":        {"1: # x ", "1: <a/", "1: #", "1: # a--b "},
		"<?xml version='1.0'?>\n<?pi <b/>?><a/>":    {"2: <a/"},
		"<!DOCTYPE a>\n<!doctype a SYSTEM 'x'><a/>": {"2: <a/"},
		"<a/><b/>":                                  {"1: <a/", "1: <b/"},
		"<!--" + strings.Repeat("x", 300) + "--><a/>": {"1: #" + strings.Repeat("x", 256), "1: <a/"},
	} {
		for name, from := range map[string]io.Reader{
			"whole": strings.NewReader(text), "byte by byte": iotest.OneByteReader(strings.NewReader(text)),
			"with the error at the end": iotest.DataErrReader(strings.NewReader(text)),
		} {
			got, err := scan(from)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%q, %s: %v (-want +got):\n%s", text, name, err, diff)
			}
		}
	}
}

// TestScanReadError proves that an error of the file is not taken for its end,
// wherever it occurs.
func TestScanReadError(t *testing.T) {
	broken := errors.New("input/output error")
	doc := `<?xml version="1.0"?><!-- c --><a name="n"><![CDATA[x]]>text<b/></a> `
	for n := range len(doc) {
		_, err := scan(io.MultiReader(strings.NewReader(doc[:n]), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) {
			t.Errorf("after %q: %v", doc[:n], err)
		}
	}
	for n := 1; n < len(doc)-1; n++ {
		if _, err := scan(strings.NewReader(doc[:n])); err == nil && !strings.HasSuffix(doc[:n], ">") {
			t.Errorf("%q is complete", doc[:n])
		}
	}
}

// TestAttributes proves what a count and a key are.
func TestAttributes(t *testing.T) {
	for value, want := range map[string]int{
		"3": 3, " 3 ": 3, "0": 0, "": 0, "-1": 0, "three": 0, "3.5": 4, "1.0": 1, "1,234": 1234, "2147483648": 2147483647, "9e9": 2147483647, "0x3": 0,
	} {
		if got := (attributes{{name: "tests", value: value}}).count("tests"); got != want {
			t.Errorf("count %q: %d, want %d", value, got, want)
		}
	}
	if got := (attributes{}).count("tests"); got != 0 {
		t.Errorf("count of nothing: %d", got)
	}
	of := func(name, class string) string {
		return attributes{{name: "name", whole: name}, {name: "classname", whole: class}, {name: "status", whole: "run"}}.key("name", "classname")
	}
	if of("a", "b") != of("a", "b") || of("a", "b") == of("b", "a") || of("ab", "") == of("a", "b") || of(`a" "b`, "") == of("a", "b") {
		t.Error("different values have one key, or equal ones two")
	}
	if a, b := (attributes{{name: "name", whole: "x"}}).key("name", "file"), (attributes{{name: "file", whole: "x"}}).key("name", "file"); a == b {
		t.Error("a name and a file have one key")
	}
}
