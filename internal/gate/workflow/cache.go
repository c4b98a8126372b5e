package workflow

import (
	"fmt"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// cachePoisoning reports three ways in which files of a cache run with rights that the
// author of the cache does not have: a job that may publish restores what a pull request
// stored, or may save a cache on a privileged event of outsiders; a job that runs code of
// a pull request may save a cache for the default branch; and a job that releases restores
// a cache that other runs wrote.
func cachePoisoning(w *File) []report.Finding {
	var out []report.Finding
	for _, j := range w.jobs() {
		mode := w.cacheMode(j)
		if mode == "none" {
			continue
		}
		handles := w.handlesCode(j)
		// On privileged events of outsiders, GitHub lets a job only read the cache of the
		// default branch unless it asks for more.
		writes := mode == "write" || mode == "write-only"
		for _, s := range j.Steps {
			off, toggle := w.cache(s)
			if off == "" {
				continue
			}
			sev, why := report.Severity(""), ""
			right, events, privileged := w.publishes(j), w.outsiders(j, s), w.privileged(j, s)
			published := w.released(j, s, toggle)
			automatic := strings.Contains(off, "package-manager-cache") // only if package.json asks for it
			switch {
			case right != "" && len(privileged) > 0 && writes && !automatic:
				sev = report.High
				why = fmt.Sprintf("which has %s and runs on %s with cache-mode: %s: code of outsiders can put files into the cache that then run with this permission", right, strings.Join(privileged, ", "), mode)
			case right != "" && len(events) > len(privileged) && mode != "read" && !automatic:
				sev = report.Low
				why = fmt.Sprintf("which has %s and runs on %s: it restores what an earlier run of the pull request stored", right, strings.Join(events, ", "))
			case handles != "" && !automatic && writes:
				sev = report.High
				why = fmt.Sprintf("which handles code of a pull request on %s and has cache-mode: %s: that code can put files into the cache of the default branch, which runs with more rights restore", handles, mode)
			case published != "" && mode != "write-only" && restores(s):
				if sev = report.Low; w.strangers {
					sev = report.Medium
				}
				why = fmt.Sprintf("which publishes (%s): files that another run put into the cache become part of what is published", published)
			default:
				continue
			}
			a := s.Exec.(*actionlint.ExecAction)
			out = append(out, report.Finding{
				Rule: "cache-poisoning", Severity: sev, At: w.at(a.Uses.Pos),
				Message: fmt.Sprintf("%s uses a cache in job %s, %s", short(a.Uses.Value), value(j.ID), why),
				Fix:     fmt.Sprintf("set cache-mode: none in job %s, or %s, or publish in a separate job that outsiders cannot trigger", value(j.ID), off),
			})
		}
	}
	return out
}

// spoils reports whether a job that handles code of a pull request may save a cache for
// the default branch.
func (w *File) spoils(j *actionlint.Job) bool {
	return strings.HasPrefix(w.cacheMode(j), "write") && w.handlesCode(j) != ""
}

func (w *File) cacheMode(j *actionlint.Job) string {
	if mode := w.cacheModes[strings.ToLower(value(j.ID))]; mode != "" {
		return mode
	}
	return w.cacheModes[""]
}

// publishes returns the permission with which a job can publish what others run, or ""
// if it has none.
func (w *File) publishes(j *actionlint.Job) string {
	switch {
	case w.grants(j, "id-token"):
		return "id-token: write"
	case w.grants(j, "packages"):
		return "packages: write"
	case w.grants(j, "contents") && releases(j):
		return "contents: write and a release"
	}
	return ""
}

func (w *File) grants(j *actionlint.Job, scope string) bool {
	p := j.Permissions
	if p == nil {
		p = w.Permissions
	}
	if p == nil {
		return false
	}
	if value(p.All) == "write-all" {
		return true
	}
	s := p.Scopes[scope]
	return s != nil && value(s.Value) == "write"
}

func releases(j *actionlint.Job) bool {
	for _, s := range j.Steps {
		switch name := actionName(s); {
		case name == "goreleaser/goreleaser-action", strings.HasSuffix(name, "/action-gh-release"), name == "ncipollo/release-action", name == "actions/create-release":
			return true
		}
		if run := script(s); run != nil && (strings.Contains(run.Value, "gh release create") || strings.Contains(run.Value, "gh release upload")) {
			return true
		}
	}
	return false
}
