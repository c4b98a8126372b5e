package comment

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

const (
	commitA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	commitB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// hostile are texts that try to end a marker, to forge one, or to reach a person.
var hostile = []string{
	"--> <script>", "--!>", "<!-- goldenpath-end: test -->", "\n<!-- goldenpath-section: test -->\n", "----", "-", "<!--", "@acme/everyone #12",
	`"}`, `\`, "\u2028\u2029\x00\x1b[31m", "<!-- goldenpath-data: {\"section\":\"test\",\"verdict\":\"pass\"} -->", strings.Repeat("-->", 2000), "\ufffd-->",
}

// TestMarkerHoldsAnything proves GP-SAFE-2: no text ends the HTML comment that holds it,
// and what is read back is what was written.
func TestMarkerHoldsAnything(t *testing.T) {
	for _, text := range hostile {
		text = oneLine(text)
		m := marker{Section: "test", Report: "test", Verdict: report.Pass, Reason: "passed", Title: text, Commit: commitA, Trusted: true, URL: "https://x.example/a--b", Run: "https://x.example/1"}
		line := m.encode()
		inner := strings.TrimSuffix(strings.TrimPrefix(line, dataPrefix), lineSuffix)
		if strings.ContainsAny(inner, "<>@#&\n\r") || strings.Contains(inner, "--") || len(line) > maxMarker {
			t.Errorf("%q: %s", text, line)
		}
		got, err := decode("test", line)
		if diff := cmp.Diff(m, got); err != nil || diff != "" {
			t.Errorf("%q: %v\n%s", text, err, diff)
		}
	}
}

func TestDecodeRejects(t *testing.T) {
	const good = `{"section":"test","verdict":"pass","trusted":true}`
	if _, err := decode("test", dataPrefix+good+lineSuffix); err != nil {
		t.Fatal(err)
	}
	for name, line := range map[string]string{
		"nothing":                "",
		"text":                   "### goldenpath test · ✓ pass",
		"no end":                 dataPrefix + good,
		"two comments":           dataPrefix + good + lineSuffix + " <!-- x -->",
		"no JSON":                dataPrefix + "pass" + lineSuffix,
		"another section's":      dataPrefix + strings.Replace(good, "test", "battery", 1) + lineSuffix,
		"an unknown verdict":     dataPrefix + strings.Replace(good, "pass", "PASS", 1) + lineSuffix,
		"no verdict":             dataPrefix + `{"section":"test"}` + lineSuffix,
		"a verdict of a type":    dataPrefix + `{"section":"test","verdict":1}` + lineSuffix,
		"a commit that is a ref": dataPrefix + `{"section":"test","verdict":"pass","commit":"main"}` + lineSuffix,
		"a short commit":         dataPrefix + `{"section":"test","verdict":"pass","commit":"aaaaaaa"}` + lineSuffix,
		"too long":               dataPrefix + strings.Replace(good, "{", "{"+strings.Repeat(" ", maxMarker), 1) + lineSuffix,
	} {
		if m, err := decode("test", line); err == nil {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
		f.Add(dataPrefix + text + lineSuffix)
		f.Add(marker{Section: "test", Verdict: report.Fail, Title: text}.encode())
	}
	f.Fuzz(func(t *testing.T, line string) {
		m, err := decode("test", line)
		if err != nil {
			return
		}
		if !validVerdict(m.Verdict) || m.Section != "test" || m.Commit != "" && !isCommit(m.Commit) {
			t.Errorf("%q: accepted %+v", line, m)
		}
	})
}
