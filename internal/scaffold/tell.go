package scaffold

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// gap is something that a person has to look at.
type gap struct{ about, what, remedy string }

// gaps are what init does not know, chose, or did not read.
func (f *Facts) gaps(files []Outcome, o Options) []gap {
	var all []gap
	add := func(about, what, remedy string) { all = append(all, gap{about, what, remedy}) }
	fresh := func(path string) bool {
		return slices.ContainsFunc(files, func(out Outcome) bool {
			return out.Path == path && (out.State == stateWritten || out.State == statePlanned || out.State == stateSame)
		})
	}
	if f.Existing != nil {
		add(".goldenpath.yml", f.Existing.Error(), "mend it, or move it away and run init again")
	}
	if fresh(".goldenpath.yml") {
		if f.artifact.gap != "" {
			add("artifact", f.artifact.gap, "complete artifact in .goldenpath.yml")
		}
		if !f.proven() {
			add("tests", "no check writes JUnit, so the scorecard does not ask for tests", "give a check junit: in .goldenpath.yml, then add tests to scorecard.must")
		}
		if len(f.Charts) > 1 {
			add("chart", "none of "+english.WordSeries(f.Charts, "and")+" was taken", "name the one to deploy in preview and environments")
		}
	}
	for _, p := range f.Parts {
		if p.Lacks != "" {
			add(p.Language, p.Lacks, "")
		}
	}
	if f.Pin == "" && slices.ContainsFunc(files, func(out Outcome) bool {
		return strings.HasPrefix(out.Path, ".github/workflows/") && (out.State == stateWritten || out.State == statePlanned || out.State == stateSame)
	}) {
		add("pin", "the commit of a release of goldenpath is not known here, so the workflows still have zeros after the @", "put the full commit id of a release in their place; GitHub refuses them until then")
	}
	if f.Branch != "" && !plainBranch.MatchString(f.Branch) && fresh(".github/workflows/goldenpath.yml") {
		add("branch", "the starters wait for pushes to main, and the default branch has another name", "put its name into branches in .github/workflows/goldenpath.yml")
	}
	if o.Ignored != nil {
		var there []string
		for _, out := range files {
			if out.State == stateWritten || out.State == statePlanned || out.State == stateSame {
				there = append(there, out.Path)
			}
		}
		if ignored := o.Ignored(there); len(ignored) > 0 {
			some := ignored[0]
			if n := len(ignored) - 1; n > 0 {
				some += " and " + english.Plural(n, "more", "more")
			}
			add("ignored", ".gitignore hides "+some+" from git add, and goldenpath walks commits", "git add --force "+strings.Join(ignored, " "))
		}
	}
	for _, n := range f.notes {
		add("not used", n, "")
	}
	return all
}

// section tells what was found.
func (f *Facts) section() report.Section {
	s := report.Section{Title: "what was found", Open: true, Head: []string{"what", "where"}}
	row := func(what string, where ...string) {
		if len(where) > 0 && where[0] != "" {
			s.Rows = append(s.Rows, []string{what, strings.Join(where, ", ")})
		}
	}
	for _, p := range f.Parts {
		row(p.Language+", "+p.Manager, p.From)
	}
	for _, d := range f.Dockerfiles {
		where := d.Path
		if d.Port != "" {
			where += ", port " + d.Port
		}
		if d.Starts != "" {
			where += ", starts " + d.Starts
		}
		row("container", where)
	}
	row("artifact from", f.artifact.how)
	row("web process", f.Web)
	row("page without a program", f.Site)
	row("charts", f.Charts...)
	row("kustomizations", f.Kustomizations...)
	row("terraform", f.Terraform...)
	row("migrations", f.Migrations)
	row("workflows beside goldenpath's", f.others()...)
	health := fmt.Sprintf("%s in %s", f.Health, f.HealthIn)
	if f.Health == "" {
		health = "none was found, so / has to answer"
	}
	row("health path", health)
	return s
}

// others are the workflows that are not a starter.
func (f *Facts) others() []string {
	ours := map[string]bool{}
	for _, s := range starters() {
		ours[s.path] = true
	}
	var names []string
	for _, w := range f.Workflows {
		if !ours[w] {
			names = append(names, strings.TrimPrefix(w, ".github/workflows/"))
		}
	}
	return names
}

// next are the steps that only a person can take.
func (f *Facts) next(files []Outcome) report.Section {
	s := report.Section{Title: "next", Open: true}
	add := func(text string) { s.Rows = append(s.Rows, []string{fmt.Sprint(len(s.Rows)+1) + ".", text}) }
	add("read .goldenpath.yml and settle what its comments say to check")
	if f.Owner == "" {
		add("put the owner into .github/CODEOWNERS: this repository has no GitHub remote to take one from")
	} else {
		add("look at .github/CODEOWNERS: @" + f.Owner + " owns everything; an organisation needs a team, @" + f.Owner + "/TEAM")
	}
	add("git add and commit these files: goldenpath walks commits")
	add("goldenpath run --dry-run, then goldenpath run: the path on this machine")
	add("goldenpath key makes the signing key: .git/goldenpath/keys/key.pem becomes the secret GOLDENPATH_KEY, its public half is committed as .goldenpath/evidence.pub")
	add("fill in docs/product/thesis.md and the first requirement; add a section How this repo was generated to README.md, with the prompts of llm/prompts")
	add("walk through docs/runbooks/bad-deployment.md once, before it is needed")
	return s
}
