package gate

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// markKnown marks the findings that also exist in the base. Each finding of the base makes
// one finding known, so a second occurrence is new. moved maps new names of files to old
// ones.
//
// A finding that the change has only changed in form stays known, if the base has a
// counterpart that no finding of the change equals:
//
// - a vulnerable package that another file of the change lists now, as when a repository
// changes its package manager;
//
// - the same problem of the same action or image in another version, which an update
// neither brings nor removes;
//
// - the same check of a configuration scanner on the same line, as when a container is
// renamed.
//
// lines compares a file of the base with one of the checkout. markKnown returns the finding
// of the base that made each finding known, by the index of the finding.
func markKnown(findings, base []report.Finding, moved map[string]string, lines func(old, name string) lineMap) map[int]report.Finding {
	counterpart := map[int]report.Finding{}
	claim := func(names func(report.Finding, bool) []string) {
		free := map[string][]int{}
		for i, f := range base {
			for _, name := range names(f, false) {
				free[name] = append(free[name], i)
			}
		}
		for i := range findings {
			f := &findings[i]
			if f.Status != report.New {
				continue
			}
			for _, name := range names(*f, true) {
				left := free[name]
				for len(left) > 0 && base[left[0]].Status == report.Known {
					left = left[1:]
				}
				free[name] = left
				if len(left) > 0 {
					base[left[0]].Status, f.Status = report.Known, report.Known // of the base: claimed
					counterpart[i] = base[left[0]]
					break
				}
			}
		}
	}
	for i := range base {
		base[i].Status = report.New
	}
	claim(func(f report.Finding, here bool) []string {
		old, ok := moved[f.At.Path]
		switch {
		case !here:
			return []string{f.Fingerprint, f.At.Path + "\x00" + unplaced(f)}
		case ok:
			return []string{old + "\x00" + unplaced(f)}
		}
		return acceptedAs(f)
	})
	claim(func(f report.Finding, _ bool) []string {
		if f.Package == "" {
			return nil
		}
		f.Package = nameOf(f.Package)
		return anywhere(f)
	})
	claim(func(f report.Finding, here bool) []string {
		if f.Package != "" || f.Secret != "" {
			return nil
		}
		if old, ok := moved[f.At.Path]; ok && here {
			f.At.Path = old
		}
		return []string{strings.Join([]string{f.Rule, f.At.Path, version.ReplaceAllString(f.Message, "$1")}, "\x00")}
	})
	compared := map[string]lineMap{}
	claim(func(f report.Finding, here bool) []string {
		if f.Package != "" || f.At.Line == 0 || !slices.Contains(f.Tools, "trivy") && !slices.Contains(f.Tools, policyTool) {
			return nil
		}
		if here {
			old := cmp.Or(moved[f.At.Path], f.At.Path)
			m, ok := compared[f.At.Path]
			if !ok {
				m = lines(old, f.At.Path)
				compared[f.At.Path] = m
			}
			f.At.Line, f.At.Path = m.line(f.At.Line), old
		}
		if f.At.Line == 0 {
			return nil
		}
		return []string{fmt.Sprintf("%s\x00%s\x00%d", f.Rule, f.At.Path, f.At.Line)}
	})
	return counterpart
}

// version matches the version of an action or an image: owner/action@v1, node:22.
var version = regexp.MustCompile(`([\w/])[@:][\w][\w.+-]*(@sha256:[0-9a-f]+)?`)

// unplaced identifies a finding regardless of its file.
func unplaced(f report.Finding) string {
	if f.At.Path != "" && strings.Contains(f.Fingerprint, f.At.Path) {
		return strings.ReplaceAll(f.Fingerprint, f.At.Path, "")
	}
	f.At = report.Location{}
	return fingerprint(f)
}

// lapse makes findings of the base new that the base had only under a waiver. The commit
// was accepted until the waiver ended or was removed, and not for longer. past are the
// waivers that applied then, and those that apply now: a valid one covers the finding
// again. before has the findings of the base, which a waiver may name by a path or a
// version that the change has left.
func lapse(findings []report.Finding, before map[int]report.Finding, past []Waiver) {
	for i := range findings {
		f := &findings[i]
		old, ok := before[i]
		for j := range past {
			if w := &past[j]; f.Status == report.Known && (w.matches(*f) || ok && w.matches(old)) {
				f.Status = report.New
				f.Waiver = "the base had this finding only under a waiver (until " + w.Expires + ", " + w.Owner + "): fix it, or waive it again"
			}
		}
	}
}
