package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/net/html"
)

// everywhere puts one text wherever a report has room for text.
func everywhere(s string) *Report {
	return &Report{
		Schema: "goldenpath." + s + "/v1", Name: s, Subject: s, Commit: s, Digest: s, Verdict: Fail, Reason: Reason(s), Title: s, Started: began, Seconds: 2,
		Checks: []Check{
			{Name: s, State: Failed, Result: s, Note: s, Link: s, Seconds: 1},
			{Name: s, State: OK, Result: s, Note: s, Link: "https://ok.example"},
			{Name: s, State: State("? " + s), Result: s, Note: s, Link: "javascript:" + s},
		},
		Findings: []Finding{
			{Rule: s, Aliases: []string{s, s}, Severity: Severity(s), Status: Status(s), Blocking: true, Message: s, At: Location{Path: s, Line: 3, Column: 4}, Package: s, Fixed: s, Tools: []string{s, s}, Fix: s, Waiver: s, Fingerprint: s, Link: "javascript:" + s},
			{Rule: s, Severity: Low, Status: New, Message: s, At: Location{Path: s}, Tools: []string{s}, Fix: s, Waiver: s, Link: "https://ok.example"},
			{Rule: s, Aliases: []string{s, s}, Severity: Severity(s), Status: Status(s), Blocking: true, Message: "x" + s, At: Location{Path: s}, Package: s, Fix: "x" + s, Unused: s, Link: "https://ok.example/?a=1&b=2"},
			{Rule: s, Severity: Severity(s), Blocking: true, Message: "x" + s, At: Location{Path: s}, Package: s, Fix: s, Unused: s},
			{Rule: s, Severity: Low, Status: Known, Message: s, At: Location{Path: s}, Tools: []string{s}},
			{Rule: s, Severity: Low, Status: Waived, Message: s, At: Location{Path: s}, Tools: []string{s}, Waiver: s},
		},
		Outputs: []Output{{s, s}},
		Sections: []Section{
			{Title: s, Open: true, Text: "x" + s}, {Title: s, Text: "x" + s},
			{Title: s, Open: true, Head: []string{s, s}, Rows: [][]string{{s}, {s, s, s}}}, {Title: s, Head: []string{s}, Rows: [][]string{{s}}},
			{Title: s, Open: true, Mermaid: "x" + s},
		},
	}
}

func seed(f *testing.F) {
	f.Helper()
	for _, s := range hostiles {
		f.Add(s)
	}
	f.Add(strings.Join(hostiles, "\n"))
	f.Add(strings.Repeat("`|\\", 5000))
}

var command = regexp.MustCompile(`^::(error|warning|notice) (?:file=[^,:\n]+,(?:line=[0-9]+,)?(?:col=[0-9]+,)?)?title=[^,:\n]*::(.*)$`)

// checkLog: the runner finds no command in these lines.
func checkLog(t *testing.T, surface, got string) {
	t.Helper()
	for line := range strings.Lines(got) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
			t.Errorf("%s: a command of a stranger: %q", surface, line)
		}
		if body := strings.TrimSuffix(line, "\n"); singleLine(strings.ReplaceAll(body, zwsp, "")) != strings.ReplaceAll(body, zwsp, "") {
			t.Errorf("%s: not clean: %q", surface, line)
		}
	}
}

// checkAnnotations: every line is one command of goldenpath's own.
func checkAnnotations(t *testing.T, got string) {
	t.Helper()
	count := map[string]int{}
	for line := range strings.Lines(got) {
		m := command.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			t.Errorf("not one command: %q", line)
			continue
		}
		if count[m[1]]++; count[m[1]] > annotationsShown {
			t.Errorf("more than %d of %s", annotationsShown, m[1])
		}
		message := strings.NewReplacer("%25", "%", "%0A", "\n", "%0D", "\r").Replace(m[2])
		if len(message) > 4096 || strings.TrimSpace(message) == "" {
			t.Errorf("message of %d bytes", len(message))
		}
		if message != multiLine(message) {
			t.Errorf("message is not clean: %q", message)
		}
	}
}

// FuzzLog proves GP-SAFE-2: no text becomes a command of the runner.
func FuzzLog(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, s string) {
		r := everywhere(s)
		checkLog(t, "log", written(t, r.WriteLog))
		checkLog(t, "clean", "  "+LogLine(s)+"\n")
		checkLog(t, "error", ErrorText(fmt.Errorf("%s", s))+"\n")
		checkAnnotations(t, written(t, r.WriteAnnotations))
		checkAnnotations(t, written(t, func(w io.Writer) error { return WriteErrorAnnotation(w, s, "x"+s) }))
	})
}

// The lines of a page outside fences, with what is outside text in them.
var (
	pageLines = []*regexp.Regexp{
		regexp.MustCompile(`^$`),
		regexp.MustCompile(`^### goldenpath (.*)$`),
		regexp.MustCompile(`^Reason: (.*)$`),
		regexp.MustCompile(`^\*\*[0-9]+ findings?(?: with [0-9]+ causes?)? must be fixed\*\*$`),
		regexp.MustCompile(`^\*\*(?:Fix|Waiver)\*\* (.*)$`),
		regexp.MustCompile(`^\*\*Fix\*\*$`),
		regexp.MustCompile(`^\*\*(.*)\*\*$`),
		regexp.MustCompile(`^</details>$`),
		regexp.MustCompile(`^[0-9]+ more[a-z ]* are in the JSON report\.$`),
		regexp.MustCompile(`^_Shortened to fit here; .*_$`),
	}
	fenceLine   = regexp.MustCompile("^(`{3,})(?:text|mermaid)$")
	summaryLine = regexp.MustCompile(`^<details(?: open)?><summary>(.*)</summary>$`)
	linkCell    = regexp.MustCompile(`^((?:[a-z ]+: )?)\[(.*)\]\((https?://[^\s()<>]+)\)$`)
	aboutLine   = regexp.MustCompile(`^(.*)\[about (.*)\]\((https?://[^\s()<>]+)\)$`)
	ownHTML     = strings.NewReplacer("<b>", "", "</b>", "", "<code>", "", "</code>", "")
)

// checkPage reads a page line by line: no markup in it comes from outside text.
func checkPage(t *testing.T, got string) {
	t.Helper()
	fenced, columns, folds := "", 0, 0
	for line := range strings.Lines(got) {
		line = strings.TrimSuffix(line, "\n")
		if fenced != "" {
			if strings.TrimSpace(line) == fenced {
				fenced = ""
			} else if strings.HasPrefix(strings.TrimLeft(line, " "), fenced) {
				t.Errorf("fence ends early at %q", line)
			}
			continue
		}
		if m := fenceLine.FindStringSubmatch(line); m != nil {
			fenced = m[1]
			continue
		}
		if !strings.HasPrefix(line, "|") {
			columns = 0
		}
		switch m := summaryLine.FindStringSubmatch(line); {
		case m != nil:
			folds++
			if strings.ContainsAny(ownHTML.Replace(m[1]), "<>") {
				t.Errorf("HTML of a stranger: %q", line)
			}
		case line == "</details>":
			folds--
		case strings.HasPrefix(line, "|"):
			checkRow(t, line, &columns)
		default:
			checkLine(t, line)
		}
	}
	if fenced != "" || folds != 0 {
		t.Errorf("the page ends inside a fence %q or %d folds", fenced, folds)
	}
}

func checkRow(t *testing.T, line string, columns *int) {
	t.Helper()
	cells := strings.Split(strings.NewReplacer(`\|`, "\x00").Replace(line), "|")
	if *columns == 0 {
		*columns = len(cells)
	}
	if len(cells) != *columns {
		t.Errorf("a row of %d cells in a table of %d: %q", len(cells), *columns, line)
	}
	for _, c := range cells {
		c = strings.TrimSpace(strings.ReplaceAll(c, "\x00", "|"))
		if m := linkCell.FindStringSubmatch(c); m != nil && SafeLink(strings.ReplaceAll(m[3], "&amp;", "&")) != "" {
			c = m[1] + m[2]
		}
		if c == "---" || c == "~" {
			continue
		}
		if _, prose, err := read(c); err != nil || alive.MatchString(prose) {
			t.Errorf("cell %q: %v %q", c, err, alive.FindString(prose))
		}
	}
}

func checkLine(t *testing.T, line string) {
	t.Helper()
	if m := aboutLine.FindStringSubmatch(line); m != nil && SafeLink(strings.ReplaceAll(m[3], "&amp;", "&")) != "" {
		line = m[1] + m[2]
	}
	rest := line
	for _, known := range pageLines {
		if m := known.FindStringSubmatch(line); m != nil {
			if rest = ""; len(m) > 1 {
				rest = m[1]
			}
			break
		}
	}
	if rest == line && blockStarts.MatchString(line) && line[0] != '`' {
		t.Errorf("begins a block: %q", line)
	}
	if _, prose, err := read(rest); err != nil || alive.MatchString(prose) {
		t.Errorf("line %q: %v %q", line, err, alive.FindString(prose))
	}
}

// FuzzMarkdown proves GP-SAFE-2: no text becomes markup.
func FuzzMarkdown(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, s string) {
		r := everywhere(s)
		checkPage(t, written(t, func(w io.Writer) error { return r.WriteSummary(w, SummaryBudget) }))
		checkPage(t, written(t, func(w io.Writer) error { return r.WriteStep(w, SummaryBudget) }))
		small := written(t, func(w io.Writer) error { return r.WriteSummary(w, 2000) })
		checkPage(t, small)
		if len(small) > 2000 {
			t.Errorf("%d bytes", len(small))
		}
	})
}

// skeleton lists the elements of a page with the names of their attributes.
func skeleton(t testing.TB, page string) (elements []string, text string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		switch n.Type {
		case html.TextNode:
			b.WriteString(n.Data)
		case html.CommentNode:
			elements = append(elements, "<!--")
		case html.ElementNode:
			e := n.Data
			if e == "wbr" && len(n.Attr) == 0 {
				continue // where a long word may be broken
			}
			for _, a := range n.Attr {
				e += " " + a.Key
				switch a.Key {
				case "href":
					if !strings.HasPrefix(a.Val, "#") && SafeLink(a.Val) == "" && localLink(a.Val) == "" {
						t.Errorf("links to %q", a.Val)
					}
				case "class", "style", "content", "name":
					e += "=" + a.Val
				}
			}
			if e == "pre class=fix" || e == "p class=fix" {
				e = "fix" // a command or a sentence
			}
			elements = append(elements, e)
		}
	}
	return elements, b.String()
}

// FuzzHTML proves GP-SAFE-2: a page has the same elements and attributes for
// any text.
func FuzzHTML(f *testing.F) {
	seed(f)
	render := func(t testing.TB, s string) string {
		s = string([]rune(s)) // names that are compared, as JSON has them
		r := everywhere(s)
		r.Checks[0].Link = ""
		r.Name = "run"
		r.SetData(map[string]any{
			"end":   map[string]any{"environment": s, "address": s, "release": s, "replaced": s, "rollback": s, "remove": s, "log": s, "next": []string{s}},
			"story": map[string]any{"message": s, "author": s, "branch": s, "since": s, "changes": []map[string]string{{"commit": s, "message": s, "author": s}}, "more": 3, "logs": []map[string]string{{"stage": s, "file": "a.log"}}},
		})
		return written(t, Page{Report: r, Parts: []Part{{Name: s, Report: r}}}.WriteHTML)
	}
	harmless, _ := skeleton(f, render(f, "harmless"))
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Trim(s, " \t\r\n") == "" {
			return // an empty field has no element
		}
		page := render(t, s)
		elements, text := skeleton(t, page)
		if diff := cmp.Diff(harmless, elements); diff != "" {
			t.Errorf("an element or attribute comes from the text %q:\n%s", s, diff)
		}
		if s = string([]rune(s)); len(s) < pageField && !strings.Contains(text, singleLine(s)) {
			t.Errorf("the page does not show %q", singleLine(s))
		}
		if strings.Contains(page, "ZgotmplZ") {
			t.Error("the template found something unsafe")
		}
		if plain := multiLine(strings.ReplaceAll(page, "\r", "")); strings.Count(plain, "\ufffd") != strings.Count(page, "\ufffd") {
			t.Errorf("the page has control characters")
		}
	})
}

// FuzzJSON: what is written reads back the same.
func FuzzJSON(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, s string) {
		// JSON has no other text than UTF-8.
		r := everywhere(string([]rune(s)))
		r.SetData(map[string]any{string([]rune(s)): "data"})
		checkRoundTrip(t, r)
	})
}

func checkRoundTrip(t *testing.T, r *Report) {
	t.Helper()
	text := written(t, r.WriteJSON)
	got, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := *r
	want.Schema, want.Outputs = "goldenpath."+r.Name+"/v1", r.AllOutputs()
	data := cmp.FilterValues(func(a, b json.RawMessage) bool { return json.Valid(a) && json.Valid(b) }, cmp.Transformer("json", func(b json.RawMessage) (v any) {
		if err := json.Unmarshal(b, &v); err != nil {
			t.Error(err)
		}
		return v
	}))
	if diff := cmp.Diff(&want, got, cmpopts.EquateEmpty(), data); diff != "" {
		t.Errorf("read is not what was written (-written +read):\n%s", diff)
	}
	if strings.ContainsAny(text, "<>\x1b\x00") || !bytes.HasSuffix([]byte(text), []byte("}\n")) {
		t.Errorf("JSON that a page could not hold: %q", text)
	}
}
