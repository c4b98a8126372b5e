package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
)

// Limits of the runner: at most ten annotations of each level for a step, and 4,096
// characters of a message.
const (
	annotationsPerLevel = 10
	annotationMessage   = 4000
	annotationTitle     = 200
	annotationPath      = 1000
)

// WriteAnnotations writes findings as workflow commands, the blocking ones as errors. If a
// level has more than ten, the last annotation counts the rest.
func (r *Report) WriteAnnotations(w io.Writer) error {
	levels := map[string][]Finding{}
	for _, f := range r.Findings {
		if f.Status == Waived && !f.Blocking {
			continue
		}
		levels[level(f)] = append(levels[level(f)], f)
	}
	for _, name := range []string{"error", "warning", "notice"} {
		all := levels[name]
		for i, f := range all {
			if i == annotationsPerLevel-1 && len(all) > annotationsPerLevel {
				if _, err := fmt.Fprintf(w, "::%s title=goldenpath::%d more: see the job summary\n", name, len(all)-i); err != nil {
					return err
				}
				break
			}
			if _, err := fmt.Fprint(w, annotation(name, f)); err != nil {
				return err
			}
		}
	}
	return nil
}

func level(f Finding) string {
	switch {
	case f.Blocking:
		return "error"
	case f.Severity.AtLeast(Medium) && f.Status != Known && f.Status != Disclosed:
		return "warning"
	}
	return "notice"
}

func annotation(level string, f Finding) string {
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
	if fix := strings.TrimSpace(f.Fix); fix != "" {
		message += "\nFix: " + fix
	}
	return fmt.Sprintf("::%s %stitle=%s::%s\n", level, at, annotationName(f.Rule), annotationText(message))
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
