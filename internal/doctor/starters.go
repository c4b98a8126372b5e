package doctor

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// starters looks for workflows that use goldenpath.
func starters(p *patient) finding {
	var files, broken []string
	for _, w := range p.workflows {
		switch {
		case w.broken != nil:
			broken = append(broken, fmt.Sprintf("%s/%s: %v", folder, w.file, w.broken))
		case len(w.calls()) > 0:
			files = append(files, w.file)
		}
	}
	switch {
	case len(broken) > 0:
		return finding{report.Failed, several(broken), "GitHub runs nothing of such a file", []string{"mend the YAML; security-gate names each mistake with its line"}}
	case len(files) == 0:
		return finding{report.Failed, "no workflow uses goldenpath", "nothing of the path runs on GitHub", []string{
			"goldenpath init", "or copy workflows/goldenpath.yml of goldenpath to " + folder + "/goldenpath.yml",
		}}
	}
	var loose []string
	for _, f := range files {
		if !p.tracked(folder + "/" + f) {
			loose = append(loose, folder+"/"+f)
		}
	}
	if len(loose) > 0 {
		return finding{report.Warned, "not committed: " + several(loose), "GitHub does not see it", []string{"git add -- " + quoteAll(loose)}}
	}
	return finding{state: report.OK, seen: strings.Join(files, ", ")}
}

var commitID = regexp.MustCompile(`^[0-9a-f]{40}$`)

// pins asks that everything names one full commit (GP-PATH-1): a tag can be moved
// to other code, as it was for Trivy's in March 2026.
func pins(p *patient) finding {
	var bad []string
	seen := map[string][]string{}
	for _, w := range p.workflows {
		for _, r := range w.calls() {
			_, pin, _ := r.parse()
			at := fmt.Sprintf("%s/%s:%d", folder, w.file, r.line)
			switch {
			case !commitID.MatchString(pin):
				bad = append(bad, fmt.Sprintf("%s names %q, which can be moved to other code", at, pin))
			case strings.Trim(pin, "0") == "":
				bad = append(bad, at+" still has the starter's zeros")
			default:
				seen[pin] = append(seen[pin], at)
			}
		}
	}
	mend := []string{"uses: seed-b235b314/goldenpath/…@COMMIT # vX.Y.Z   with the full commit of one release, the same in every file"}
	switch all := slices.Sorted(maps.Keys(seen)); {
	case len(bad) > 0:
		return finding{report.Failed, several(bad), "", mend}
	case len(all) == 0:
		return notApplicable("no workflow uses goldenpath")
	case len(all) > 1:
		var each []string
		for _, pin := range all {
			each = append(each, fmt.Sprintf("%.7s in %s", pin, strings.Join(seen[pin], ", ")))
		}
		return finding{report.Warned, english.Plural(len(all), "commit", "") + ": " + several(each), "two versions write one ledger", mend}
	default:
		return finding{state: report.OK, seen: fmt.Sprintf("%.7s, in %s", all[0], english.Plural(len(seen[all[0]]), "place", ""))}
	}
}

// permissions compares what callers grant with what is called. GitHub refuses the
// whole run, without a log, when it is too little.
func permissions(p *patient) finding {
	var lacks, gaps, mend []string
	calls := 0
	for _, w := range p.workflows {
		for _, j := range w.jobs {
			for _, r := range j.uses {
				name, _, is := r.parse()
				if !is || !r.job {
					continue
				}
				calls++
				at := fmt.Sprintf("%s/%s:%d", folder, w.file, r.line)
				c, there := p.known[name]
				if !there {
					gaps = append(gaps, fmt.Sprintf("%s calls %s, which this goldenpath does not know", at, name))
					continue
				}
				l, g := compare(j, w, c)
				if len(l) > 0 {
					lacks = append(lacks, fmt.Sprintf("%s: %s asks for %s", at, name, strings.Join(l, ", ")))
					mend = append(append(mend, fmt.Sprintf("%s/%s, job %s:", folder, w.file, j.name)), c.grants()...)
				}
				if g != "" {
					gaps = append(gaps, at+": "+g)
				}
			}
		}
	}
	switch {
	case len(lacks) > 0:
		return finding{report.Failed, several(lacks), "GitHub refuses such a run before any job, without a log", mend}
	case len(gaps) > 0:
		return finding{report.Warned, several(gaps), "", []string{"grant in the job exactly what the starter grants: docs/actions.md"}}
	case calls == 0:
		return notApplicable("no job calls a workflow of goldenpath")
	}
	return finding{state: report.OK, seen: english.Plural(calls, "call grants", "calls grant") + " what is asked for, and no more"}
}

// compare tells what a job grants too little of, and what is not as it should be.
func compare(j job, w workflow, c contract) (lacks []string, gap string) {
	g := j.grant
	if !g.stated {
		g = w.grant
	}
	if !g.stated {
		return nil, "no permissions are stated: what it gets is a setting of the repository"
	}
	for _, scope := range slices.Sorted(maps.Keys(c.Permissions)) {
		if g.level(scope) < level(c.Permissions[scope]) {
			lacks = append(lacks, scope+": "+c.Permissions[scope])
		}
	}
	if g.all == "write" {
		return lacks, "permissions: write-all, which is more than anything here needs"
	}
	for _, scope := range slices.Sorted(maps.Keys(g.scopes)) {
		if g.level(scope) > level(c.Permissions[scope]) && g.level(scope) == level("write") {
			return lacks, scope + ": write is granted, and nothing that is called asks for it"
		}
	}
	return lacks, ""
}

// grants are the lines of YAML that grant what a workflow asks for.
func (c contract) grants() []string {
	lines := []string{"  permissions:"}
	for _, scope := range slices.Sorted(maps.Keys(c.Permissions)) {
		lines = append(lines, "    "+scope+": "+c.Permissions[scope])
	}
	return lines
}

// triggers looks for the event that meets the code of forks with a token that may
// write (GP-SAFE-3).
func triggers(p *patient) finding {
	var path, other []string
	for _, w := range p.workflows {
		switch {
		case !w.on("pull_request_target"):
		case len(w.calls()) > 0:
			path = append(path, folder+"/"+w.file)
		default:
			other = append(other, folder+"/"+w.file)
		}
	}
	mend := []string{"on: pull_request   the gate, the scorecard and previews need no more; docs/workflow-rules.md says what is dangerous about the other"}
	switch {
	case len(path) > 0:
		return finding{report.Failed, "pull_request_target starts " + several(path), "the code of a fork meets a token that may write", mend}
	case len(other) > 0:
		return finding{report.Warned, "pull_request_target starts " + several(other), "GitHub blocks it in public repositories unless a policy allows it", mend}
	}
	return finding{state: report.OK, seen: "no pull_request_target"}
}
