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

// WriteHTML writes the page.
func (p Page) WriteHTML(w io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"clean": clean,
		"lines": lines,
		"mark":  func(s State) string { return marks[s] },
		"word":  func(v Verdict) string { return verdictWords[v] },
		"state": func(s State) string { return strings.TrimSuffix(stateWord(s), ": ") },
		"link":  safeLink,
		"short": func(s string) string { return s[:min(7, len(s))] },
		"seconds": func(s float64) string {
			if s < 0.05 {
				return ""
			}
			return fmt.Sprintf("%.1f s", s)
		},
		"time": func(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") },
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
