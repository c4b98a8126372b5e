package scaffold

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// gap is something that a person must check.
type gap struct{ about, what, remedy string }

// gaps lists what init could not detect, guessed, or did not read.
func (f *Facts) gaps(files []Outcome, o Options) []gap {
	var all []gap
	add := func(about, what, remedy string) { all = append(all, gap{about, what, remedy}) }
	fresh := func(name string) bool {
		return slices.ContainsFunc(files, func(out Outcome) bool {
			return (out.Path == name || out.Path == path.Join(f.Folder, name)) && (out.State == stateWritten || out.State == statePlanned || out.State == stateSame)
		})
	}
	if f.Existing != nil {
		add(".goldenpath.yml", f.Existing.Error(), "fix it, or move it away and run init again")
	}
	if fresh(".goldenpath.yml") {
		if f.artifact.gap != "" {
			add("artifact", f.artifact.gap, f.wayOut())
		}
		if !f.proven() {
			add("tests", "no check writes JUnit, so the scorecard does not require tests", "add junit: to a check in .goldenpath.yml, then add tests to scorecard.must")
		}
		if len(f.Charts) > 1 {
			add("chart", "found "+english.WordSeries(f.Charts, "and")+", and chose none", "set the chart to deploy in preview and environments")
		}
		if f.Deploys == "terraform" {
			f.stack().gaps(add)
		}
		if f.Deploys == "server" {
			add("host key", "the SSH key of "+f.Host+" was read over the network", "compare it with the output of cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub on the server")
			add("addresses", "the names of the environments are guessed", "set url of preview and environments, and DNS records that lead them to "+f.Host)
		}
	}
	for _, p := range f.checked() {
		if p.Lacks != "" {
			add(p.Language, p.Lacks, "")
		}
	}
	if f.Site == "." && f.Existing == nil && !fresh(".goldenpath.yml") && slices.ContainsFunc(files, func(out Outcome) bool { return out.State == stateWritten }) {
		add("page", "the page in the root would also serve the files that init wrote now", "exclude them in artifact.build with ':!PATH'")
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
			f.force = "--force "
			some := ignored[0]
			if n := len(ignored) - 1; n > 0 {
				some += " and " + english.Plural(n, "more", "more")
			}
			add("ignored", ".gitignore excludes "+some+", and goldenpath builds only committed files", "git add --force "+strings.Join(ignored, " "))
		}
	}
	if o.Untracked != nil {
		if exposed := exposed(o.Untracked(private)); len(exposed) > 0 {
			what := english.WordSeries(exposed, "and") + " would be committed by git add --all"
			add("not ignored", what, "add to .gitignore: "+strings.Join(exposed, " "))
		}
	}
	for _, n := range f.notes {
		add("not used", n, "")
	}
	return all
}

// private are patterns of what belongs on one machine and not into a repository: variables
// with secrets, keys, and installed dependencies.
var private = []string{
	":(glob)**/.env", ":(glob)**/.env.local", ":(glob)**/.env.*.local", ":(glob)**/.env.production", ":(glob)**/node_modules/**", ":(glob)**/.venv/**", ":(glob)**/venv/**",
	":(glob)**/__pycache__/**", ":(glob)**/*.pem", ":(glob)**/id_rsa", ":(glob)**/id_ed25519",
}

// bulky are folders of which a person wants to know the name, not each file.
var bulky = []string{"node_modules", ".venv", "venv", "__pycache__"}

// exposed shortens a list of files: a folder with installed dependencies is one entry.
func exposed(files []string) (all []string) {
	for _, name := range files {
		parts := strings.Split(name, "/")
		for i, p := range parts[:len(parts)-1] {
			if slices.Contains(bulky, p) {
				name = strings.Join(parts[:i+1], "/") + "/"
				break
			}
		}
		if name != "" && !slices.Contains(all, name) && len(all) < 6 {
			all = append(all, name)
		}
	}
	return all
}

// wayOut is the remedy for an artifact that init could not set up completely.
func (f *Facts) wayOut() string {
	if f.app != nil && f.app.file != nil {
		return "start Docker, or replace dockerfile with build, pack and entrypoint: docs/images.md"
	}
	if f.Deploys != "process" {
		return "write a Dockerfile (FROM an image with it), and put artifact: {dockerfile: Dockerfile} into .goldenpath.yml; building it needs Docker on the machine that builds"
	}
	return "complete artifact in .goldenpath.yml"
}

// section lists what was found and chosen, and why.
func (f *Facts) section() report.Section {
	s := report.Section{Title: "what was found, and what follows", Open: true, Head: []string{"what", "value", "because of"}}
	row := func(what, value, why string) {
		if value != "" {
			s.Rows = append(s.Rows, []string{what, value, why})
		}
	}
	if f.app != nil {
		row("app", f.app.Dir, f.app.What)
	}
	for _, o := range f.Others {
		row("another app", o.Dir, o.What+"; --app-dir "+o.Dir+" chooses it")
	}
	row("artifact", f.artifact.how, "")
	for _, r := range f.artifact.reasons {
		row(r.line, text.OneLine(r.value, 80), r.why)
	}
	_, _, once := f.installOnce()
	for _, st := range f.steps() {
		name := "checks." + st.name
		if once != nil && st.name == "install" {
			name = "install.run"
		}
		row(name, text.OneLine(st.run, 80), st.why)
	}
	for _, p := range f.Parts {
		for _, refused := range p.Refused {
			row("not used", refused, "")
		}
	}
	if f.Health == "" {
		row("preview.ready", "/", "no health path was found")
	} else {
		row("preview.ready", f.Health, f.HealthIn)
	}
	row("target", f.Deploys, f.DeploysWhy)
	row("migrations", f.Migrations, "SQL files")
	row("other workflows", strings.Join(f.others(), ", "), "")
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
func (f *Facts) next(o Options, files []Outcome, gaps []gap) report.Section {
	s := report.Section{Title: "next", Open: true}
	add := func(text string) { s.Rows = append(s.Rows, []string{fmt.Sprint(len(s.Rows)+1) + ".", text}) }
	alone := gateAlone(o.With)
	if !alone && (!f.several || f.Folder != "") && (slices.ContainsFunc(f.artifact.lines, func(l string) bool { return strings.Contains(l, "# check:") }) || f.Health == "") {
		add("check the lines marked # check: in .goldenpath.yml; goldenpath doctor examines the others")
	}
	var written []string
	for _, out := range files {
		if out.State == stateWritten || out.State == statePlanned {
			name := out.Path
			if f.Folder != "" {
				name = ":/" + name // from the top, wherever the command is run
			}
			written = append(written, name)
		}
	}
	if f.Deploys == "server" && !alone {
		add("goldenpath key makes the key that signs evidence")
		if !slices.Contains(written, ".goldenpath") && len(written) > 0 {
			written = append(written, ".goldenpath")
		}
	}
	if len(written) > 6 {
		written = []string{"--all"}
	}
	if len(written) > 0 {
		add("git add " + f.force + strings.Join(written, " ") + ` && git commit -m "Add goldenpath"`)
	}
	if alone {
		add("security-gate scan shows what the first push to the default branch will show")
		add("a ruleset that requires the check goldenpath / scan, if your plan has rulesets")
		return s
	}
	if f.several && f.Folder == "" {
		add("goldenpath run --repo FOLDER, for each app")
	} else {
		if f.Deploys == "server" {
			add("goldenpath host bootstrap root@" + f.Host)
			add("goldenpath run --servers")
		} else {
			add("goldenpath run")
		}
	}
	if len(o.With) == 0 {
		add("goldenpath init --with list shows what else init can write")
	}
	return s
}
