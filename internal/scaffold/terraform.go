package scaffold

import (
	"cmp"
	"path"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/target/terraform"
)

// stack is a folder with a Terraform configuration that deploys an app: it takes an image.
type stack struct {
	dir string
	terraform.Description
}

// stacks finds the Terraform configurations that deploy an app. A configuration that cannot
// be read, or that takes no image, is left to the team.
func stacks(t *tree, dirs []string) (all []stack) {
	for _, dir := range dirs {
		sources := map[string]string{}
		for _, name := range t.match(4, func(name string) bool { return path.Dir(name) == dir && path.Ext(name) == ".tf" }) {
			sources[path.Base(name)] = t.text(name)
		}
		if d, err := terraform.Describe(dir, sources); err == nil && d.Image {
			all = append(all, stack{dir, d})
		}
	}
	return all
}

// environments returns the lines of preview and environments. What only the team knows is
// left empty and marked.
func (s stack) environments(ready string) []string {
	lines := []string{"preview:", "  target: terraform", "  terraform: " + scalar(s.dir, false) + " # each environment is a workspace"}
	source := "target: terraform, terraform: " + scalar(s.dir, true)
	if len(s.Required) > 0 {
		lines = append(lines, "  vars: {} # check: set "+s.variables()+" (no default)")
		source += ", vars: {}"
	}
	if s.Backend != "" && !s.Settings {
		lines = append(lines, "  backend: {} # check: the settings of backend "+s.Backend)
		source += ", backend: {}"
	}
	check := ""
	if strings.Contains(source, "{}") {
		check = " # check: as in preview"
	}
	return append(lines, ready, "environments:", "  staging: {"+source+"}"+check, "  production: {"+source+", from: staging}"+check)
}

// variables names the variables that a person must set. The names are identifiers of the
// configuration.
func (s stack) variables() string { return english.WordSeries(s.Required, "and") }

// gaps are what the path needs on GitHub and the configuration does not say.
func (s stack) gaps(add func(about, what, remedy string)) {
	if len(s.Required) > 0 {
		add("variables", s.dir+" has variables without a default that goldenpath does not set: "+s.variables(), "set them in preview.vars and environments.*.vars; previews and production usually differ")
	}
	if !s.URL {
		add("address", s.dir+" has no output url", `add output "url" with the address of the environment`)
	}
	if !s.Recorded {
		add("record", s.dir+" does not record what it deployed, so nothing can be released", `add variable "goldenpath" { type = map(string) } and output "goldenpath" { value = var.goldenpath }`)
	}
	switch {
	case s.Backend == "":
		add("state", s.dir+" keeps its state on this machine, and a job's machine ends with the job", "add a backend, such as backend \"gcs\" {}")
	case !s.Settings:
		add("state", s.dir+" names backend "+s.Backend+" without settings", "set them in preview.backend and environments.*.backend; give production a bucket of its own")
	}
	add("login", "the cloud and the identities of the workflows are not known", "set input login, one identity for previews and one for the other environments, or store NAME=value lines with credentials as the secrets PREVIEW_VARIABLES and VARIABLES")
}

// credentials replaces the kubeconfig in a starter by what Terraform uses.
func (f *Facts) credentials(text string) string {
	if f.Deploys != "terraform" {
		return text
	}
	return strings.NewReplacer(
		"kubeconfig: ${{ secrets.PREVIEW_KUBECONFIG }}", "variables: ${{ secrets.PREVIEW_VARIABLES }}", "kubeconfig: ${{ secrets.KUBECONFIG }}", "variables: ${{ secrets.VARIABLES }}",
		`kubeconfig: "${{ secrets.PREVIEW_KUBECONFIG }}"`, `variables: "${{ secrets.PREVIEW_VARIABLES }}"`, `kubeconfig: "${{ secrets.KUBECONFIG }}"`, `variables: "${{ secrets.VARIABLES }}"`,
	).Replace(text)
}

// stack returns the only configuration that deploys an app, or nil.
func (f *Facts) stack() *stack {
	if len(f.stacks) != 1 {
		return nil
	}
	return &f.stacks[0]
}

// folders names the configurations that deploy an app.
func (f *Facts) folders() string {
	var all []string
	for _, s := range f.stacks {
		all = append(all, s.dir)
	}
	return cmp.Or(english.WordSeries(all, "and"), "none")
}
