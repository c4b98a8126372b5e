package doctor

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/workflows"
)

// starters checks that a workflow uses goldenpath.
func starters(r *repo) finding {
	var files, broken []string
	for _, w := range r.workflows {
		switch {
		case w.broken != nil:
			broken = append(broken, fmt.Sprintf("%s/%s: %v", folder, w.file, w.broken))
		case len(w.calls()) > 0:
			files = append(files, w.file)
		}
	}
	switch {
	case len(broken) > 0:
		return finding{report.Failed, several(broken), "GitHub does not run an invalid workflow", []string{"fix the YAML; security-gate lists each error with its line"}}
	case len(files) == 0:
		return finding{report.Failed, "no workflow uses goldenpath", "the path does not run on GitHub", []string{
			"goldenpath init", "or copy workflows/goldenpath.yml from the goldenpath repository to " + folder + "/goldenpath.yml",
		}}
	}
	var loose []string
	for _, f := range files {
		if !r.tracked(folder + "/" + f) {
			loose = append(loose, folder+"/"+f)
		}
	}
	if len(loose) > 0 {
		return finding{report.Warned, "not committed: " + several(loose), "GitHub cannot see it", []string{"git add -- " + quoteAll(loose)}}
	}
	return finding{state: report.OK, found: strings.Join(files, ", ")}
}

var commitID = regexp.MustCompile(`^[0-9a-f]{40}$`)

// pins checks that every reference uses the same full commit (GP-PATH-1). A tag can be
// moved to different code, as Trivy's were in March 2026.
func pins(r *repo) finding {
	var bad []string
	seen := map[string][]string{}
	for _, w := range r.workflows {
		for _, ref := range w.calls() {
			_, pin, _ := ref.parse()
			at := fmt.Sprintf("%s/%s:%d", folder, w.file, ref.line)
			switch {
			case !commitID.MatchString(pin):
				bad = append(bad, fmt.Sprintf("%s uses %q, which can be moved to different code", at, pin))
			case strings.Trim(pin, "0") == "":
				bad = append(bad, at+" still has the zeros of the starter")
			default:
				seen[pin] = append(seen[pin], at)
			}
		}
	}
	fix := []string{"uses: " + workflows.Repository() + "/…@COMMIT # vX.Y.Z   use the full commit of one release, the same in every file"}
	switch all := slices.Sorted(maps.Keys(seen)); {
	case len(bad) > 0:
		return finding{report.Failed, several(bad), "", fix}
	case len(all) == 0:
		return notApplicable("no workflow uses goldenpath")
	case len(all) > 1:
		var each []string
		for _, pin := range all {
			each = append(each, fmt.Sprintf("%.7s in %s", pin, strings.Join(seen[pin], ", ")))
		}
		return finding{report.Warned, english.Plural(len(all), "commit", "") + ": " + several(each), "two versions would write to the same ledger", fix}
	default:
		return finding{state: report.OK, found: fmt.Sprintf("%.7s, in %s", all[0], english.Plural(len(seen[all[0]]), "place", ""))}
	}
}

// permissions compares what a job grants with what the called workflow requests. If a
// job grants too little, GitHub rejects the whole run without a log.
func permissions(r *repo) finding {
	var lacks, gaps, fix []string
	calls := 0
	for _, w := range r.workflows {
		for _, j := range w.jobs {
			for _, ref := range j.uses {
				name, _, is := ref.parse()
				if !is || !ref.job {
					continue
				}
				calls++
				at := fmt.Sprintf("%s/%s:%d", folder, w.file, ref.line)
				c, ok := r.known[name]
				if !ok {
					gaps = append(gaps, fmt.Sprintf("%s calls %s, which is unknown to this version of goldenpath", at, name))
					continue
				}
				l, g := compare(j, w, c)
				if len(l) > 0 {
					lacks = append(lacks, fmt.Sprintf("%s: %s requests %s", at, name, strings.Join(l, ", ")))
					fix = append(append(fix, fmt.Sprintf("%s/%s, job %s:", folder, w.file, j.name)), c.grants()...)
				}
				if g != "" {
					gaps = append(gaps, at+": "+g)
				}
			}
		}
	}
	switch {
	case len(lacks) > 0:
		return finding{report.Failed, several(lacks), "GitHub rejects the run before any job starts, without a log", fix}
	case len(gaps) > 0:
		return finding{report.Warned, several(gaps), "", []string{"grant exactly the permissions of the starter in the job: docs/actions.md"}}
	case calls == 0:
		return notApplicable("no job calls a goldenpath workflow")
	}
	return finding{state: report.OK, found: english.Plural(calls, "call grants", "calls grant") + " exactly the requested permissions"}
}

// compare returns the permissions that a job lacks, and what else is wrong with its
// grant.
func compare(j job, w workflow, c contract) (lacks []string, gap string) {
	g := j.grant
	if !g.stated {
		g = w.grant
	}
	if !g.stated {
		return nil, "no permissions are declared, so the repository's default applies"
	}
	for _, scope := range slices.Sorted(maps.Keys(c.Permissions)) {
		if g.level(scope) < level(c.Permissions[scope]) {
			lacks = append(lacks, scope+": "+c.Permissions[scope])
		}
	}
	if g.all == "write" {
		return lacks, "permissions: write-all is more than any goldenpath workflow needs"
	}
	for _, scope := range slices.Sorted(maps.Keys(g.scopes)) {
		if g.level(scope) > level(c.Permissions[scope]) && g.level(scope) == level("write") {
			return lacks, scope + ": write is granted but not requested"
		}
	}
	return lacks, ""
}

// grants returns the YAML that grants what a workflow requests.
func (c contract) grants() []string {
	lines := []string{"  permissions:"}
	for _, scope := range slices.Sorted(maps.Keys(c.Permissions)) {
		lines = append(lines, "    "+scope+": "+c.Permissions[scope])
	}
	return lines
}

// triggers looks for pull_request_target, which can give a fork's code a token with
// write access (GP-SAFE-3).
func triggers(r *repo) finding {
	var path, other []string
	for _, w := range r.workflows {
		switch {
		case !w.on("pull_request_target"):
		case len(w.calls()) > 0:
			path = append(path, folder+"/"+w.file)
		default:
			other = append(other, folder+"/"+w.file)
		}
	}
	fix := []string{"on: pull_request   is enough for the gate, the scorecard and previews; docs/workflow-rules.md explains the danger of pull_request_target"}
	switch {
	case len(path) > 0:
		return finding{report.Failed, "pull_request_target starts " + several(path), "the code of a fork can get a token with write access", fix}
	case len(other) > 0:
		return finding{report.Warned, "pull_request_target starts " + several(other), "GitHub blocks it in public repositories unless a policy allows it", fix}
	}
	return finding{state: report.OK, found: "no pull_request_target"}
}
