package doctor

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// cleanUp checks that no workflow deletes images that run, or that a rollback needs. In
// GitHub's registry each platform of an image is a version of the package without a tag, so an
// action that deletes such versions breaks images whose tag it keeps.
func cleanUp(r *repo) finding {
	if !r.releases() && !r.previews() {
		return notApplicable(nothingDeploys)
	}
	var safe, problems, fix []string
	for _, w := range r.workflows {
		for _, j := range w.jobs {
			for _, ref := range j.uses {
				problem, remedy, is := r.deletes(ref)
				where := fmt.Sprintf("%s/%s:%d", folder, w.file, ref.line)
				switch {
				case !is:
				case problem == "":
					safe = append(safe, where)
				default:
					problems = append(problems, where+" "+problem)
					fix = append(fix, where+": "+remedy)
				}
			}
			if slices.ContainsFunc(j.shell, deletesPackages) {
				where := fmt.Sprintf("%s/%s: job %s", folder, w.file, j.name)
				problems = append(problems, where+" has a script that deletes versions of packages")
				fix = append(fix, where+": keep versions with the tags "+r.runningTags(", ")+", and the versions without a tag that these consist of")
			}
		}
	}
	switch {
	case len(problems) > 0:
		return finding{report.Warned, several(problems), "the image that runs, or the one to roll back to, could be deleted", fix}
	case len(safe) > 0:
		return finding{state: report.OK, found: strings.Join(safe, ", ") + ": keeps what runs"}
	}
	return finding{state: report.OK, found: "no workflow is known to delete images"}
}

// runningTags returns patterns for the tags of what runs or ran in an environment.
func (r *repo) runningTags(between string) string {
	var all []string
	for _, e := range r.config.Chain() {
		all = append(all, e+"-*")
	}
	return strings.Join(all, between)
}

// deletes judges an action that deletes images. is is false for any other action. problem is
// "" if the action keeps what runs.
func (r *repo) deletes(ref reference) (problem, remedy string, is bool) {
	action, _, _ := strings.Cut(ref.text, "@")
	with := func(name string) string { return strings.TrimSpace(fmt.Sprint(cmp.Or[any](ref.with[name], ""))) }
	switch strings.ToLower(action) {
	case "actions/delete-package-versions":
		if kind := with("package-type"); kind != "" && kind != "container" {
			return "", "", false
		}
		return "deletes versions without knowing which image they belong to",
			"use dataaxiom/ghcr-cleanup-action, which knows, with exclude-tags: " + quote(r.runningTags(",")), true
	case "snok/container-retention-policy":
		switch untagged, kept := with("tag-selection") != "tagged" && with("filter-include-untagged") != "false", with("image-tags")+","+with("skip-tags"); {
		case untagged:
			return "deletes versions without a tag, of which tagged images consist", "set tag-selection: tagged and image-tags: " + quote("!"+r.runningTags(" !")), true
		case !r.covers(kept):
			return "deletes tagged images, and excludes none of those that run", "set image-tags: " + quote("!"+r.runningTags(" !")), true
		}
		return "", "", true
	case "dataaxiom/ghcr-cleanup-action":
		if with("tags")+with("delete-tags")+with("keep-n-tagged") != "" && !r.covers(with("exclude-tags")) {
			return "deletes tagged images, and excludes none of those that run", "set exclude-tags: " + quote(r.runningTags(",")), true
		}
		return "", "", true
	}
	return "", "", false
}

// covers reports whether a list of patterns has the tags of every environment.
func (r *repo) covers(list string) bool {
	words := strings.FieldsFunc(list, func(c rune) bool { return strings.ContainsRune(", \n\t!'\"", c) })
	for _, e := range r.config.Chain() {
		if !slices.Contains(words, e+"-*") && !slices.Contains(words, e+"*") {
			return false
		}
	}
	return true
}

var (
	packagesPath = regexp.MustCompile(`\bpackages/container/|\bdeletePackageVersion`)
	deleting     = regexp.MustCompile(`(?:-X|--method|--request)[ =]?["']?DELETE\b|\bdeletePackageVersion`)
)

// deletesPackages reports whether a script deletes versions of container packages.
func deletesPackages(script string) bool {
	return packagesPath.MatchString(script) && deleting.MatchString(script)
}
