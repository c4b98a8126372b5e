package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// setUp are the environments of the path that GitHub knows, and those it does not.
func (p *patient) setUp() (there []github.Environment, lacks []string) {
	for _, name := range p.deployed() {
		i := slices.IndexFunc(p.hub.environments.value, func(e github.Environment) bool { return strings.EqualFold(e.Name, name) })
		if i < 0 {
			lacks = append(lacks, name)
			continue
		}
		there = append(there, p.hub.environments.value[i])
	}
	return there, lacks
}

// unasked is why nothing can be said of environments; ok: it can.
func (p *patient) unasked() (f finding, ok bool) {
	switch {
	case len(p.deployed()) == 0:
		return notApplicable(nothingDeploys), false
	case p.hub.environments.err != nil:
		return unseen(p.hub.environments.err), false
	}
	return finding{}, true
}

// environments: GP-PATH-4.
func environments(p *patient) finding {
	if f, ok := p.unasked(); !ok {
		return f
	}
	there, lacks := p.setUp()
	if len(lacks) > 0 {
		f := finding{state: report.Warned, seen: "not set up: " + strings.Join(lacks, ", "), then: "GitHub makes one, without any rule, when a job names it"}
		for _, name := range lacks {
			f.mend = append(f.mend, p.restrict(name)...)
		}
		if p.hub.free() {
			f.then, f.mend = "the plan has no rules for them here; "+f.then, []string{"take a plan that has environments for private repositories, or make the repository public"}
		}
		return f
	}
	var names []string
	for _, e := range there {
		names = append(names, e.Name)
	}
	return finding{state: report.OK, seen: strings.Join(names, ", ")}
}

// restrict are the commands that let only the default branch deploy.
func (p *patient) restrict(environment string) []string {
	return []string{
		p.api("PUT", "/environments/"+environment, `-F 'deployment_branch_policy[protected_branches]=false' -F 'deployment_branch_policy[custom_branch_policies]=true'`),
		p.api("POST", "/environments/"+environment+"/deployment-branch-policies", "-f "+quote("name="+p.hub.repository.Branch)),
	}
}

// reviewers: somebody other than the author looks before production changes.
func reviewers(p *patient) finding {
	if f, ok := p.unasked(); !ok {
		return f
	}
	there, lacks := p.setUp()
	chain := p.deployed()
	last := chain[len(chain)-1]
	i := slices.IndexFunc(there, func(e github.Environment) bool { return strings.EqualFold(e.Name, last) })
	mend := []string{
		"gh api users/LOGIN --jq .id",
		p.api("PUT", "/environments/"+last, `-F prevent_self_review=true -f 'reviewers[][type]=User' -F 'reviewers[][id]=ID'`),
		"a PUT sets all the rules of an environment: give the branches in the same call",
	}
	r := p.hub.repository
	private := !r.Public() && r.Visibility != "internal"
	const instead = "promote takes only what runs in the environment before, with trusted evidence, and the ledger says who started it"
	switch {
	case i >= 0 && there[i].Reviewers > 0 && there[i].NoSelfReview:
		return finding{state: report.OK, seen: fmt.Sprintf("%s: one of %d must approve, and not their own", last, there[i].Reviewers)}
	case i >= 0 && there[i].Reviewers > 0:
		return finding{report.Warned, last + ": who starts a deployment may approve it", "", mend}
	case private:
		return finding{report.Warned, last + " has no reviewers; for a private repository only GitHub Enterprise has them", instead, mend}
	case len(lacks) > 0 && i < 0:
		return finding{report.Warned, last + " is not set up, so nobody approves", instead, mend}
	}
	return finding{report.Warned, last + " has no reviewers", instead, mend}
}

// deploymentBranches: what is not reviewed must not deploy.
func deploymentBranches(p *patient) finding {
	if f, ok := p.unasked(); !ok {
		return f
	}
	there, lacks := p.setUp()
	var open, mend, closed []string
	for _, name := range lacks {
		open = append(open, name+" is not set up")
	}
	guarded := len(p.hub.rules.value.From) > 0 || len(p.hub.protection.value.From) > 0
	for _, e := range there {
		b := p.hub.branches[e.Name]
		switch {
		case b.err != nil:
			return unseen(b.err)
		case e.Branches == "":
			open = append(open, "any branch may deploy into "+e.Name)
		case e.Branches == "protected" && !guarded:
			open = append(open, e.Name+" takes protected branches, and none is seen to be")
		case slices.ContainsFunc(b.value, func(s string) bool { return strings.Trim(s, "*/") == "" }):
			open = append(open, "the pattern of "+e.Name+" lets any branch deploy")
		case e.Branches == "protected":
			closed = append(closed, e.Name+": protected branches")
			continue
		default:
			closed = append(closed, e.Name+": "+strings.Join(b.value, ", "))
			continue
		}
		mend = append(mend, p.restrict(e.Name)...)
	}
	if len(open) > 0 {
		if p.hub.free() {
			mend = nil
		}
		return finding{report.Warned, several(open), "", append(mend, "Settings → Environments → Deployment branches and tags")}
	}
	return finding{state: report.OK, seen: strings.Join(closed, "; ")}
}
