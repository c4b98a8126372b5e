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
}

const (
	pageField = 4000      // bytes of a field that a page shows
	pageText  = 256 << 10 // bytes of preformatted text
)

// WriteHTML writes the page.
func (p Page) WriteHTML(w io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"clean":   func(s string) string { return singleLine(cut(s, pageField)) },
		"lines":   func(s string) string { return multiLine(cut(s, pageText)) },
		"mark":    stateMark,
		"word":    verdictText,
		"state":   func(s State) string { return strings.TrimSuffix(statePrefix(s), ": ") },
		"class":   class,
		"verdict": func(v Verdict) string { return class(State(v)) },
		"groups":  blockingGroups,
		"link":    SafeLink,
		"short":   shortCommit,
		"seconds": Duration,
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
