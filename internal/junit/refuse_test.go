package junit

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// write writes a file into a folder of its own and returns its name.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestNotAReport proves that what is not a complete report is a usage error that
// names the file and the line, and is never read as "no tests".
func TestNotAReport(t *testing.T) {
	for name, test := range map[string]struct{ content, want string }{
		"empty":                     {"", "line 1: no test suite found"},
		"only a comment":            {"<!-- nothing -->", "no test suite found"},
		"a page":                    {"<html><body/></html>", "the root element is <html>"},
		"a testcase alone":          {pass, "the root element is <testcase>"},
		"another format":            {`<?xml version="1.0"?><test-run id="2"/>`, "the root element is <test-run>"},
		"not XML":                   {"ok  \tshop\t0.1s\n", "line 1: text outside the root element"},
		"JSON":                      {`{"tests": 1}`, "text outside the root element"},
		"a log before it":           {"\nnpm notice\n<testsuites/>", "line 2: text outside the root element"},
		"a log after it":            {"<testsuites></testsuites>\n\ndone", "line 3: text outside the root element"},
		"CDATA after it":            {"<testsuites/><![CDATA[x]]>", "text outside the root element"},
		"cut off in a suite":        {"<testsuites>\n<testsuite name='s'>\n<testcase name='t'/>", "line 3: the file ends inside an element"},
		"cut off in a tag":          {"<testsuites><testsuite name='s'><testcase", "the file ends inside an element"},
		"cut off in a value":        {"<testsuites><testsuite name='s", "the file ends inside an element"},
		"cut off in CDATA":          {"<testsuites><![CDATA[ x", "the file ends inside an element"},
		"cut off in a comment":      {"<testsuites/><!-- x", "the file ends inside an element"},
		"cut off in an instruction": {"<?xml version='1.0'", "the file ends inside an element"},
		"cut off after <":           {"<testsuites/><", "the file ends inside an element"},
		"cut off in an end tag":     {"<testsuites></testsuites", "the file ends inside an element"},
		"crossed":                   {"<testsuites><testsuite></testsuites>", "</testsuites> closes <testsuite>"},
		"closed twice":              {"<testsuites/></testsuites>", "</testsuites> closes an element that is not open"},
		"an end tag with more":      {"<testsuites></testsuites x>", "</testsuites is not closed"},
		"a slash alone":             {"<testsuites / >", "<testsuites is not closed"},
		"an attribute, no value":    {"<testsuites x>", "attribute x has no value"},
		"a value without quotes":    {"<testsuites\nx=1>", "line 2: <testsuites: the value of attribute x has no quotes"},
		"a quote alone":             {`<testsuites "x">`, "an attribute has no name"},
		"an unescaped <":            {"<testsuites>\n<testsuite>1 < 2</testsuite></testsuites>", `line 2: "<" without the name of an element`},
		"a declaration":             {"<testsuites><!ELEMENT x></testsuites>", "begins neither a comment nor CDATA"},
		"an entity":                 {`<!DOCTYPE x [<!ENTITY a "<testcase/>">]><testsuites>&a;</testsuites>`, "a DOCTYPE with declarations is not supported"},
		"a long name":               {"<" + strings.Repeat("a", 300) + "/>", "a name is longer than 256 bytes"},
		"a deep nest":               {strings.Repeat("<testsuite>", 1000) + strings.Repeat("</testsuite>", 1000), "elements are nested more than 128 levels deep"},
		"an unknown encoding":       {`<?xml version="1.0" encoding="klingon"?><testsuites/>`, `encoding "klingon" is not supported; write the report in UTF-8`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadFile(write(t, "TEST-shop.xml", test.content))
			if report.ExitCode(nil, err) != report.ExitUsage || !strings.HasPrefix(err.Error(), "TEST-shop.xml is not a complete JUnit report (line ") || !strings.Contains(err.Error(), test.want) || !strings.HasSuffix(err.Error(), "; run the tests again, or fix the tool that wrote it") {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// TestNotAFile proves that a file of another kind, or a huge one, is refused
// before it is opened.
func TestNotAFile(t *testing.T) {
	large := write(t, "large.xml", "")
	if err := os.Truncate(large, MaxSize+1); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(t.TempDir(), "pipe.xml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{large, pipe, t.TempDir()} {
		if _, err := ReadFile(path); report.ExitCode(nil, err) != report.ExitUsage || !strings.Contains(err.Error(), "is not a regular file of at most 512 MiB") {
			t.Errorf("%s: error %v", path, err)
		}
	}
	if _, err := ReadFile(filepath.Join(t.TempDir(), "gone.xml")); report.ExitCode(nil, err) != report.ExitFailure {
		t.Errorf("error %v", err)
	}
}

// TestTooManyTests proves that the number of tests is bounded.
func TestTooManyTests(t *testing.T) {
	doc := suiteOf("s", pass+suiteOf("z", fail)) + suiteOf("s", pass)
	if _, _, err := read(strings.NewReader(doc), 3); err != nil {
		t.Error(err)
	}
	if _, _, err := read(strings.NewReader(doc), 2); err == nil || err.Error() != "the report has more than 2 tests; write several smaller reports" {
		t.Errorf("error %v", err)
	}
}
