package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// setUp splits the environments of the path into those that exist on GitHub and those
// that do not.
func (r *repo) setUp() (known []github.Environment, lacks []string) {
	for _, name := range r.deployed() {
		i := slices.IndexFunc(r.hub.environments.value, func(e github.Environment) bool { return strings.EqualFold(e.Name, name) })
		if i < 0 {
			lacks = append(lacks, name)
			continue
		}
		known = append(known, r.hub.environments.value[i])
	}
	return known, lacks
}

// unasked returns the finding for environments that do not apply or cannot be read; ok
// reports that they can be checked.
func (r *repo) unasked() (f finding, ok bool) {
	switch {
	case len(r.deployed()) == 0:
		return notApplicable(nothingDeploys), false
	case r.hub.environments.err != nil:
		return unseen(r.hub.environments.err), false
	}
	return finding{}, true
}

// environments checks that every environment of the path exists on GitHub (GP-PATH-4).
func environments(r *repo) finding {
	if f, ok := r.unasked(); !ok {
		return f
	}
	known, lacks := r.setUp()
	if len(lacks) > 0 {
		f := finding{state: report.Warned, found: "not created: " + strings.Join(lacks, ", "), next: "GitHub creates it without protection rules as soon as a job uses it"}
		for _, name := range lacks {
			f.fix = append(f.fix, r.restrict(name)...)
		}
		if r.hub.free() {
			f.next, f.fix = "the plan has no protection rules for this repository; "+f.next, []string{"choose a plan that has environments for private repositories, or make the repository public"}
		}
		return f
	}
	var names []string
	for _, e := range known {
		names = append(names, e.Name)
	}
	return finding{state: report.OK, found: strings.Join(names, ", ")}
}

// restrict returns the commands that let only the default branch deploy.
func (r *repo) restrict(environment string) []string {
	return []string{
		r.api("PUT", "/environments/"+environment, `-F 'deployment_branch_policy[protected_branches]=false' -F 'deployment_branch_policy[custom_branch_policies]=true'`),
		r.api("POST", "/environments/"+environment+"/deployment-branch-policies", "-f "+quote("name="+r.hub.repository.Branch)),
	}
}

// reviewers checks that someone other than the author approves a production deployment.
func reviewers(r *repo) finding {
	if f, ok := r.unasked(); !ok {
		return f
	}
	known, lacks := r.setUp()
	chain := r.deployed()
	last := chain[len(chain)-1]
	i := slices.IndexFunc(known, func(e github.Environment) bool { return strings.EqualFold(e.Name, last) })
	fix := []string{
		"gh api users/LOGIN --jq .id",
		r.api("PUT", "/environments/"+last, `-F prevent_self_review=true -f 'reviewers[][type]=User' -F 'reviewers[][id]=ID'`),
		"this PUT replaces all rules of the environment, so include its branch policy in the same call",
	}
	on := r.hub.repository
	private := !on.Public() && on.Visibility != "internal"
	const instead = "promote accepts only an image that runs in the previous environment and has trusted evidence; the ledger records who started it"
	switch {
	case i >= 0 && known[i].Reviewers > 0 && known[i].NoSelfReview:
		return finding{state: report.OK, found: fmt.Sprintf("%s: one of %d reviewers must approve, and no one can approve their own deployment", last, known[i].Reviewers)}
	case i >= 0 && known[i].Reviewers > 0:
		return finding{report.Warned, last + ": the person who starts a deployment can approve it", "", fix}
	case private:
		return finding{report.Warned, last + " has no reviewers; private repositories need GitHub Enterprise for them", instead, fix}
	case len(lacks) > 0 && i < 0:
		return finding{report.Warned, last + " is not created, so no approval is required", instead, fix}
	}
	return finding{report.Warned, last + " has no reviewers", instead, fix}
}

// deploymentBranches checks that only reviewed branches can deploy.
func deploymentBranches(r *repo) finding {
	if f, ok := r.unasked(); !ok {
		return f
	}
	known, lacks := r.setUp()
	var open, fix, closed []string
	for _, name := range lacks {
		open = append(open, name+" is not created")
	}
	guarded := len(r.hub.rules.value.From) > 0 || len(r.hub.protection.value.From) > 0
	for _, e := range known {
		b := r.hub.branches[e.Name]
		switch {
		case b.err != nil:
			return unseen(b.err)
		case e.Branches == "":
			open = append(open, "any branch can deploy to "+e.Name)
		case e.Branches == "protected" && !guarded:
			open = append(open, e.Name+" accepts protected branches, but no branch is known to be protected")
		case slices.ContainsFunc(b.value, func(s string) bool { return strings.Trim(s, "*/") == "" }):
			open = append(open, "the branch pattern of "+e.Name+" matches any branch")
		case e.Branches == "protected":
			closed = append(closed, e.Name+": protected branches")
			continue
		default:
			closed = append(closed, e.Name+": "+strings.Join(b.value, ", "))
			continue
		}
		fix = append(fix, r.restrict(e.Name)...)
	}
	if len(open) > 0 {
		if r.hub.free() {
			fix = nil
		}
		return finding{report.Warned, several(open), "", append(fix, "Settings → Environments → Deployment branches and tags")}
	}
	return finding{state: report.OK, found: strings.Join(closed, "; ")}
}
