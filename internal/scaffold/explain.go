package scaffold

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// gap is something that a person must check.
type gap struct{ about, what, remedy string }

// gaps lists what init could not detect, guessed, or did not read.
func (f *Facts) gaps(files []Outcome, o Options) []gap {
	var all []gap
	add := func(about, what, remedy string) { all = append(all, gap{about, what, remedy}) }
	fresh := func(path string) bool {
		return slices.ContainsFunc(files, func(out Outcome) bool {
			return out.Path == path && (out.State == stateWritten || out.State == statePlanned || out.State == stateSame)
		})
	}
	if f.Existing != nil {
		add(".goldenpath.yml", f.Existing.Error(), "fix it, or move it away and run init again")
	}
	if fresh(".goldenpath.yml") {
		if f.artifact.gap != "" {
			add("artifact", f.artifact.gap, "complete artifact in .goldenpath.yml")
		}
		if !f.proven() {
			add("tests", "no check writes JUnit, so the scorecard does not require tests", "add junit: to a check in .goldenpath.yml, then add tests to scorecard.must")
		}
		if len(f.Charts) > 1 {
			add("chart", "found "+english.WordSeries(f.Charts, "and")+", and chose none", "set the chart to deploy in preview and environments")
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
		add("pin", "this goldenpath does not know the commit of its release, so the workflows still have zeros after the @", "replace them with the full commit id of a release, or run init --pin COMMIT; GitHub rejects the workflows until then")
	}
	if f.Branch != "" && !plainBranch.MatchString(f.Branch) && fresh(".github/workflows/goldenpath.yml") {
		add("branch", "the starters run on pushes to main, but the default branch has another name", "set branches in .github/workflows/goldenpath.yml")
	}
	if o.Ignored != nil {
		var present []string
		for _, out := range files {
			if out.State == stateWritten || out.State == statePlanned || out.State == stateSame {
				present = append(present, out.Path)
			}
		}
		if ignored := o.Ignored(present); len(ignored) > 0 {
			some := ignored[0]
			if n := len(ignored) - 1; n > 0 {
				some += " and " + english.Plural(n, "more", "more")
			}
			add("ignored", ".gitignore excludes "+some+", and goldenpath builds only committed files", "git add --force "+strings.Join(ignored, " "))
		}
	}
	for _, n := range f.notes {
		add("not used", n, "")
	}
	return all
}

// section lists what was found.
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
	row("static page", f.Site)
	row("charts", f.Charts...)
	row("kustomizations", f.Kustomizations...)
	row("terraform", f.Terraform...)
	row("migrations", f.Migrations)
	row("other workflows", f.others()...)
	health := fmt.Sprintf("%s in %s", f.Health, f.HealthIn)
	if f.Health == "" {
		health = "none was found, so / is used"
	}
	row("health path", health)
	return s
}

// others returns the workflows that are not starters.
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

// next lists the steps that a person must take.
func (f *Facts) next(files []Outcome) report.Section {
	s := report.Section{Title: "next", Open: true}
	add := func(text string) { s.Rows = append(s.Rows, []string{fmt.Sprint(len(s.Rows)+1) + ".", text}) }
	add("read .goldenpath.yml and check the lines marked # check:")
	if f.Owner == "" {
		add("set the owner in .github/CODEOWNERS: this repository has no GitHub remote to derive it from")
	} else {
		add("check .github/CODEOWNERS: @" + f.Owner + " owns everything; for an organisation use a team, @" + f.Owner + "/TEAM")
	}
	add("git add and commit these files: goldenpath builds commits, not the working tree")
	add("goldenpath run --dry-run, then goldenpath run: runs the path on this machine")
	add("goldenpath key creates the signing key: store .git/goldenpath/keys/key.pem as the secret GOLDENPATH_KEY, and commit .goldenpath/evidence.pub")
	add("fill in docs/product/thesis.md and the first requirement; add a section How this repo was generated to README.md, with the prompts of llm/prompts")
	add("practise docs/runbooks/bad-deployment.md once, before you need it")
	return s
}
