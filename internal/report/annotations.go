package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"
)

// Limits of the runner: it keeps ten annotations of each level for a step, and 4,096
// characters of a message. A person reads the first few, so there are ten in all.
const (
	annotationsShown  = 10
	annotationMessage = 4000
	annotationTitle   = 200
	annotationPath    = 1000
)

// WriteAnnotations writes what blocks and what the change brought as workflow commands, the
// blocking findings as errors, one for each cause and the worst first. If there are more
// than ten, the last annotation counts the rest.
func (r *Report) WriteAnnotations(w io.Writer) error {
	var all []Group
	for _, g := range GroupFindings(r.Findings) {
		if f := g.First(); f.Blocking || f.brought() {
			all = append(all, g)
		}
	}
	slices.SortStableFunc(all, func(a, b Group) int {
		return cmp.Compare(slices.Index(annotationLevels, level(a.First())), slices.Index(annotationLevels, level(b.First())))
	})
	for i, g := range all {
		if i == annotationsShown-1 && len(all) > annotationsShown {
			n := 0
			for _, rest := range all[i:] {
				n += len(rest.Findings)
			}
			_, err := fmt.Fprintf(w, "::%s title=goldenpath::%d more: see the job summary\n", level(g.First()), n)
			return err
		}
		if _, err := io.WriteString(w, g.annotation()); err != nil {
			return err
		}
	}
	return nil
}

// annotationLevels are the levels of annotations, the worst first.
var annotationLevels = []string{"error", "warning", "notice"}

// brought reports whether the change brought the finding, and no one has accepted it.
func (f Finding) brought() bool {
	return f.Status != Waived && f.Status != Known && f.Status != Disclosed
}

func level(f Finding) string {
	switch {
	case f.Blocking:
		return "error"
	case f.Severity.AtLeast(Medium) && f.brought():
		return "warning"
	}
	return "notice"
}

// annotation is at the first place of the cause, and counts the others.
func (g Group) annotation() string {
	f := g.First()
	at := ""
	if path := strings.TrimSpace(singleLine(cut(f.At.Path, annotationPath))); path != "" {
		at = "file=" + annotationProperty.Replace(path) + ","
		if f.At.Line > 0 {
			at += fmt.Sprintf("line=%d,", f.At.Line)
		}
		if f.At.Column > 0 {
			at += fmt.Sprintf("col=%d,", f.At.Column)
		}
	}
	message := cmp.Or(strings.TrimSpace(f.Message), strings.TrimSpace(f.Rule), "no message")
	if rules := g.Rules(); len(rules) > 1 {
		message = strings.Join(rules, ", ")
	} else if f.Package != "" {
		message = PackageName(f.Package) + ": " + message
	}
	if n := len(g.Places()) - 1; n > 0 {
		message += "\n" + english.Plural(n, "more place has", "more places have") + " the same problem."
	}
	for _, fix := range g.Fixes()[:min(1, len(g.Fixes()))] {
		message += "\nFix: " + fix
	}
	if link := SafeLink(f.Link); link != "" && g.One() {
		message += "\nAbout: " + link
	}
	return fmt.Sprintf("::%s %stitle=%s::%s\n", level(f), at, annotationName(g.Cause()), annotationText(message))
}

// Both functions cut before escaping, which can lengthen the text, and again after.
func annotationName(s string) string {
	return annotationProperty.Replace(cut(singleLine(cut(s, annotationTitle)), annotationTitle))
}

func annotationText(s string) string {
	return annotationData.Replace(cut(multiLine(cut(s, annotationMessage)), annotationMessage))
}

// WriteErrorAnnotation writes an error that has no place in the repository.
func WriteErrorAnnotation(w io.Writer, title, message string) error {
	_, err := fmt.Fprintf(w, "::error title=%s::%s\n", annotationName(title), annotationText(message))
	return err
}
