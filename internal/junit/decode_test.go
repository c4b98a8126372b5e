package junit

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// TestEncodings proves that a report is counted whatever its bytes are: by byte
// order mark, by the width of its first character, and by its header.
func TestEncodings(t *testing.T) {
	utf16 := func(e unicode.Endianness, bom unicode.BOMPolicy) encoding.Encoding { return unicode.UTF16(e, bom) }
	for name, test := range map[string]struct {
		header string // "": none
		as     encoding.Encoding
		want   string // name of the test; "": prüft
	}{
		"none":                         {"", nil, ""},
		"UTF-8":                        {`version="1.0" encoding="UTF-8"`, nil, ""},
		"utf8":                         {`version="1.0" encoding="utf8"`, nil, ""},
		"UTF_8, single quotes":         {`version='1.0' encoding = 'UTF_8' standalone='yes'`, nil, ""},
		"no encoding":                  {`version="1.0"`, nil, ""},
		"XML 1.1":                      {`version="1.1" encoding="UTF-8"`, nil, ""},
		"UTF-8 with a mark":            {`version="1.0" encoding="utf-8"`, unicode.UTF8BOM, ""},
		"UTF-8 with a mark, no header": {"", unicode.UTF8BOM, ""},
		"a mark beats the header":      {`version="1.0" encoding="ISO-8859-1"`, unicode.UTF8BOM, ""},
		"ASCII, and it is not":         {`version="1.0" encoding="US-ASCII"`, nil, ""},
		"UTF-16, and it is UTF-8":      {`version="1.0" encoding="utf-16"`, nil, ""},
		"UTF-16LE, and it is UTF-8":    {`version="1.0" encoding="UTF-16LE"`, nil, ""},
		"UTF-16 with a mark":           {`version="1.0" encoding="utf-16"`, utf16(unicode.LittleEndian, unicode.UseBOM), ""},
		"big-endian with a mark":       {`version="1.0" encoding="utf-16"`, utf16(unicode.BigEndian, unicode.UseBOM), ""},
		"UTF-16, not declared":         {"", utf16(unicode.LittleEndian, unicode.UseBOM), ""},
		"UTF-16, declared as UTF-8":    {`version="1.0" encoding="utf-8"`, utf16(unicode.LittleEndian, unicode.UseBOM), ""},
		"UTF-16 without a mark":        {`version="1.0" encoding="utf-16"`, utf16(unicode.LittleEndian, unicode.IgnoreBOM), ""},
		"big-endian without a mark":    {"", utf16(unicode.BigEndian, unicode.IgnoreBOM), ""},
		"UTF-32 with a mark":           {`version="1.0" encoding="utf-32"`, utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), ""},
		"big-endian UTF-32":            {"", utf32.UTF32(utf32.BigEndian, utf32.UseBOM), ""},
		"UTF-32 without a mark":        {"", utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), ""},
		"big-endian, without a mark":   {"", utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), ""},
		"Latin-1":                      {`version="1.0" encoding="ISO-8859-1"`, charmap.ISO8859_1, ""},
		"latin1":                       {`version="1.0" encoding="latin1"`, charmap.ISO8859_1, ""},
		"Latin-9":                      {`version="1.0" encoding="ISO-8859-15"`, charmap.ISO8859_15, ""},
		"Windows":                      {`version="1.0" encoding="windows-1252"`, charmap.Windows1252, ""},
		"cp1252":                       {`version="1.0" encoding="cp1252"`, charmap.Windows1252, ""},
		"DOS":                          {`version="1.0" encoding="IBM850"`, charmap.CodePage850, ""},
		"Latin-1, declared as UTF-8":   {`version="1.0" encoding="UTF-8"`, charmap.ISO8859_1, "pr\uFFFDft"},
		"Shift JIS, shown in part":     {`version="1.0" encoding="Shift_JIS"`, charmap.ISO8859_1, "pr\uFFFDft"},
	} {
		doc := `<testsuites><testsuite name="größe" tests="2" failures="1"><testcase name="prüft"/><testcase name="z"><failure message="ä"/></testcase></testsuite></testsuites>`
		if test.header != "" {
			doc = "<?xml " + test.header + "?>\n" + doc
		}
		if test.as != nil {
			encoded, err := test.as.NewEncoder().String(doc)
			if err != nil {
				t.Fatal(err)
			}
			if test.as == unicode.UTF8BOM && !strings.HasPrefix(encoded, "\xEF\xBB\xBF") {
				encoded = "\xEF\xBB\xBF" + encoded
			}
			doc = encoded
		}
		want := test.want
		if want == "" {
			want = "prüft"
		}
		r, line, err := read(strings.NewReader(doc), maxTests)
		if err != nil {
			t.Errorf("%s: line %d: %v", name, line, err)
			continue
		}
		if got := sum(r); got.numbers() != [4]int{1, 1, 0, 0} || r.Tests[0].Name != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestCharmaps proves that every table of package charmap is reached by the usual
// spelling of its name, and that every alias leads to a table.
func TestCharmaps(t *testing.T) {
	for _, name := range []string{
		"ISO-8859-1", "iso8859-2", "ISO_8859-5", "ISO-8859-7", "ISO-8859-9", "ISO-8859-15", "ISO-8859-16", "KOI8-R", "KOI8-U", "macintosh",
		"windows-1250", "windows-1251", "Windows-1257", "windows-874",
	} {
		if _, err := decodeDeclared(nil, name); err != nil {
			t.Error(err)
		}
	}
	for name := range aliases {
		if _, err := decodeDeclared(nil, name); err != nil {
			t.Error(err)
		}
	}
	if _, err := decodeDeclared(nil, "EBCDIC-CP-US"); err == nil {
		t.Error("an encoding whose markup is not ASCII was accepted")
	}
}

// TestBytes proves that what XML does not allow, and reporters write, changes no
// count.
func TestBytes(t *testing.T) {
	for name, in := range map[string]string{
		"escape in CDATA":               "<system-out><![CDATA[\x1b[32mstarted\x1b[0m \x00\x01\x08]]></system-out>",
		"escape in text":                "<system-out>\x1b[32mstarted\x0b</system-out>",
		"references to forbidden":       "<system-out>&#27;&#0;&#xFFFF;</system-out>",
		"unknown entities":              "<system-out>&nbsp;&bogus; & alone</system-out>",
		"end of CDATA in text":          "<system-out>a ]]> b</system-out>",
		"end of CDATA, split":           "<system-out><![CDATA[x ]]]]><![CDATA[> y]]></system-out>",
		"begin of CDATA in CDATA":       "<system-out><![CDATA[<![CDATA[ nested]]></system-out>",
		"markup in CDATA":               "<system-out><![CDATA[</testcase><testcase><failure/>]]></system-out>",
		"markup in a comment":           "<!-- </testcase><failure/> -- > -->",
		"markup in an instruction":      "<?x <failure/> ?>",
		"markup in a value":             `<properties><property name="x" value="<failure/>"/></properties>`,
		"markup in output":              "<system-out><b>bold</b><failure/></system-out>",
		"invalid UTF-8":                 "<system-out>\xff\xfe\xc3</system-out>",
		"a byte order mark":             "<system-out>\uFEFF</system-out>",
		"Windows line ends":             "\r\n<system-out>\r\n</system-out>\r\n",
		"an attribute of 200 kB":        `<system-out x="` + strings.Repeat("long ", 40_000) + `"/>`,
		"text of 200 kB":                "<system-out>" + strings.Repeat("long\n", 40_000) + "</system-out>",
		"CDATA of 200 kB":               "<system-out><![CDATA[" + strings.Repeat("]]]\n", 50_000) + "]]></system-out>",
		"a comment of 200 kB":           "<!--" + strings.Repeat("-- ", 70_000) + "-->",
		"CDATA that ends at a border":   "<system-out><![CDATA[" + strings.Repeat("x", bufferSize-len(`<testsuite name="s"><testcase name="t"><system-out><![CDATA[`)-1) + "]]></system-out>",
		"CDATA that ends after one":     "<system-out><![CDATA[" + strings.Repeat("x", bufferSize-len(`<testsuite name="s"><testcase name="t"><system-out><![CDATA[`)-2) + "]]></system-out>",
		"a value that ends at a border": `<system-out x="` + strings.Repeat("x", bufferSize-len(`<testsuite name="s"><testcase name="t"><system-out x="`)) + `"/>`,
	} {
		got := readText(t, suiteOf("s", `<testcase name="t">`+in+`</testcase><testcase name="u"><failure/></testcase>`))
		if got.numbers() != [4]int{1, 1, 0, 0} {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := readText(t, "\uFEFF \n<!DOCTYPE testsuites SYSTEM \"junit.dtd\">\n<!-- x -->"+suiteOf("s", pass)+"\n \uFEFF<?x?>\n"); got.passed != 1 {
		t.Errorf("around the root: %+v", got)
	}
}

// TestStreams proves that memory does not grow with the output in a report: 100 MB
// of it take less than 4 MB.
func TestStreams(t *testing.T) {
	const line = "2026-11-20 10:00:00 DEBUG a line of the log of a test\n"
	for _, around := range [][2]string{{"<system-out><![CDATA[", "]]></system-out>"}, {"<system-out>", "</system-out>"}, {`<failure message="`, `"/>`}, {"<!--", "-->"}} {
		doc := io.MultiReader(
			strings.NewReader(`<testsuite name="s"><testcase name="t">`+around[0]), io.LimitReader(repeat(line), 100<<20),
			strings.NewReader(around[1]+`</testcase></testsuite>`),
		)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		r, _, err := read(doc, maxTests)
		runtime.ReadMemStats(&after)
		if err != nil || len(r.Tests) != 1 {
			t.Errorf("%s: %+v, %v", around[0], r, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
			t.Errorf("%s: %d bytes", around[0], used)
		}
	}
}

// repeat is a reader of a text, again and again.
type repeat string

func (r repeat) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], r)
	}
	return n, nil
}

func BenchmarkRead(b *testing.B) {
	var doc strings.Builder
	doc.WriteString("<testsuites>")
	for i := range 1000 {
		fmt.Fprintf(&doc, `<testsuite name="s%d" tests="10">`, i)
		for j := range 10 {
			fmt.Fprintf(&doc, `<testcase classname="com.acme.shop.Orders" name="keeps the price of order %d" time="0.001"><system-out><![CDATA[log]]></system-out></testcase>`, j)
		}
		doc.WriteString("</testsuite>")
	}
	doc.WriteString("</testsuites>")
	b.SetBytes(int64(doc.Len()))
	for b.Loop() {
		if r, _, err := read(strings.NewReader(doc.String()), maxTests); err != nil || len(r.Tests) != 10_000 {
			b.Fatal(err)
		}
	}
}
