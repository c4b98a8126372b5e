package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"
)

//go:embed page.html.tmpl
var pageTemplate string

// Page is a report and the reports it summarises, as one self-contained HTML file without
// scripts or network requests.
type Page struct {
	Report *Report
	Parts  []Part
}

// Part is one of the summarised reports.
type Part struct {
	Name   string
	Report *Report
	File   string // with the report as JSON, relative to the folder of the page; "": none
}

const (
	pageField  = 4000      // bytes of a field that a page shows
	pageText   = 256 << 10 // bytes of preformatted text
	pagePlaces = 50        // places of one rule
)

// WriteHTML writes the page.
func (p Page) WriteHTML(w io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"clean":    func(s string) string { return singleLine(cut(s, pageField)) },
		"text":     func(s string) template.HTML { return breakable(singleLine(cut(s, pageField))) },
		"named":    named,
		"empty":    func(s string) bool { return strings.TrimSpace(singleLine(s)) == "" },
		"lines":    func(s string) string { return multiLine(cut(s, pageText)) },
		"mark":     stateMark,
		"word":     verdictText,
		"state":    func(s State) string { return strings.TrimSuffix(statePrefix(s), ": ") },
		"class":    class,
		"verdict":  func(v Verdict) string { return class(State(v)) },
		"severity": func(s Severity) string { return []string{"critical", "high", "medium", "low", "note"}[s.rank()] },
		"blocking": blockingGroups,
		"others":   otherGroups,
		"places":   func(g Group) []Finding { return g.Findings[:min(len(g.Findings), pagePlaces)] },
		"minus":    func(a, b int) int { return a - b },
		"link":     SafeLink,
		"code":     func(fix string) bool { return strings.Contains(fix, "\n") || shellCommand.MatchString(fix) },
		"local":    localLink,
		"short":    shortCommit,
		"digest":   func(s string) string { return cut(singleLine(s), len("sha256:")+12) },
		"seconds":  Duration,
		"cells":    cells,
		"notes":    func(all []Check) bool { return slices.ContainsFunc(all, func(c Check) bool { return c.Note != "" }) },
		"times": func(all []Check) bool {
			return slices.ContainsFunc(all, func(c Check) bool { return Duration(c.Seconds) != "" })
		},
		"time": func(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") },
	}).Parse(pageTemplate)
	if err != nil {
		return err
	}
	return t.Execute(w, p)
}

// End returns what a run reports last.
func (p Page) End() End { return p.Report.end() }

// Story returns what a run reports about its commit.
func (p Page) Story() Story { return p.Report.story() }

// LogsOf returns the logs of a stage.
func (p Page) LogsOf(stage string) []Log {
	return slices.DeleteFunc(slices.Clone(p.Story().Logs), func(l Log) bool { return l.Stage != stage })
}

// Happened returns the sections that a run shows above everything else: the path is drawn
// as a picture instead.
func (p Page) Happened() []Section {
	return slices.DeleteFunc(slices.Clone(p.Report.Sections), func(s Section) bool { return s.Mermaid != "" })
}

// class returns the CSS class for a state or a verdict: always one of a fixed set.
func class(s State) string {
	if marks[s] == "" {
		return string(Missing)
	}
	return string(s)
}

// blockingGroups returns the findings that block, grouped by rule.
func blockingGroups(all []Finding) []Group {
	return GroupFindings(slices.DeleteFunc(slices.Clone(all), func(f Finding) bool { return !f.Blocking }))
}

// named returns text for a place that must not be empty, such as a link.
func named(s, otherwise string) template.HTML {
	if t := singleLine(cut(s, pageField)); strings.TrimSpace(t) != "" {
		return breakable(t)
	}
	return breakable(otherwise)
}

// heading is the findings with one heading, grouped by rule.
type heading struct {
	Title  string
	Count  int
	Groups []Group
}

// otherGroups returns the findings that do not block.
func otherGroups(all []Finding) []heading {
	var out []heading
	for _, title := range otherTitles {
		some := slices.DeleteFunc(slices.Clone(all), func(f Finding) bool { return f.Blocking || f.group() != title })
		if len(some) > 0 {
			out = append(out, heading{title, len(some), GroupFindings(some)})
		}
	}
	return out
}

// cells returns the cells of a row with the heads of their columns, which a narrow screen
// shows beside each cell. A row may be shorter or longer than the head.
func cells(head, row []string) [][2]string {
	out := make([][2]string, max(len(head), len(row)))
	for i := range out {
		if i < len(head) {
			out[i][0] = head[i]
		}
		if i < len(row) {
			out[i][1] = row[i]
		}
	}
	return out
}

// longWord is the length, in characters, from which a word may be broken: a screen of 360
// pixels shows it whole.
const longWord = 24

// breakable escapes text, and marks where a browser may break a long word, such as an
// address or a digest: behind its punctuation, or if there is none, anywhere.
func breakable(s string) template.HTML {
	var b strings.Builder
	for i, word := range strings.Split(s, " ") {
		if i > 0 {
			b.WriteByte(' ')
		}
		runes := []rune(word)
		if len(runes) <= longWord {
			b.WriteString(template.HTMLEscapeString(word))
			continue
		}
		run := 0
		for k, r := range runes {
			b.WriteString(template.HTMLEscapeString(string(r)))
			run++
			if run > 3 && strings.ContainsRune("/:.-_@=&?,;", r) && k+1 < len(runes) && !strings.ContainsRune("/:", runes[k+1]) || run >= longWord {
				b.WriteString("<wbr>")
				run = 0
			}
		}
	}
	return template.HTML(b.String()) //nolint:gosec // each part of it is escaped above
}

// Bar is a row of the picture of the path.
type Bar struct {
	Check
	Part        *Part  // nil: the stage has no report
	X, Width    string // of the bar, in thousandths of the whole
	Percent     int    // of the whole time
	Interesting bool   // the note is shown: the stage did not simply pass
}

// Bars draws the rows of the report as a time line. The stages of a run follow each other.
func (p Page) Bars() []Bar {
	total := 0.0
	for _, c := range p.Report.Checks {
		total += max(0, c.Seconds)
	}
	var out []Bar
	at := 0.0
	for _, c := range p.Report.Checks {
		b := Bar{Check: c, X: "0", Width: "0", Interesting: c.State != OK}
		if took := max(0, c.Seconds); took > 0 && total > 0 {
			width := max(1000*took/total, 6)
			b.X, b.Width = fmt.Sprintf("%.1f", min(1000*at/total, 1000-width)), fmt.Sprintf("%.1f", width)
			b.Percent = int(100 * took / total)
			at += took
		}
		for i := range p.Parts {
			if p.Parts[i].Name == c.Name {
				b.Part = &p.Parts[i]
			}
		}
		out = append(out, b)
	}
	return out
}
