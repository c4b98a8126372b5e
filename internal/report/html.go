package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
)

//go:embed page.html.tmpl
var pageTemplate string

// Page is a report and the reports it sums up, as one self-contained HTML file:
// no script, no request to anywhere.
type Page struct {
	Report *Report
	Parts  []Part
}

// Part is one of the reports below.
type Part struct {
	Name   string
	Report *Report
}

// How much of a field, and of preformatted text, a page shows.
const (
	pageField = 4000
	pageText  = 256 << 10
)

// WriteHTML writes the page.
func (p Page) WriteHTML(w io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"clean":   func(s string) string { return clean(cut(s, pageField)) },
		"lines":   func(s string) string { return lines(cut(s, pageText)) },
		"mark":    mark,
		"word":    word,
		"state":   func(s State) string { return strings.TrimSuffix(stateWord(s), ": ") },
		"class":   class,
		"verdict": func(v Verdict) string { return class(State(v)) },
		"link":    safeLink,
		"short":   short,
		"seconds": seconds,
		"time":    func(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") },
		"width": func(s float64, all []Check) string {
			longest := 0.1
			for _, c := range all {
				longest = max(longest, c.Seconds)
			}
			return fmt.Sprintf("%.1f", 100*s/longest)
		},
	}).Parse(pageTemplate)
	if err != nil {
		return err
	}
	return t.Execute(w, p)
}

// class is the CSS class of a state or a verdict: a word of goldenpath's own.
func class(s State) string {
	if marks[s] == "" {
		return string(Missing)
	}
	return string(s)
}
