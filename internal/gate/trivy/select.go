package trivy

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/aquasecurity/trivy/pkg/iac/detection"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/render"
)

// sort is the type of a configuration file, derived from its name.
type sort int

const (
	other sort = iota
	dockerFile
	terraform
	manifestFile // YAML or JSON: its text decides what it is
	archive      // may hold a Helm chart
	foreign      // configuration that trivy has no checks for
)

// IsDockerfile reports whether a file is examined as a Dockerfile, by its name.
func IsDockerfile(name string) bool { return sortOf(name) == dockerFile }

// dockerish matches further names of Dockerfiles. Source code and notes about them have
// such names too, so their text decides.
var dockerish = regexp.MustCompile(`(?i)(?:docker|container)file(?:[-_.][^/]*)?$`)

func sortOf(name string) sort {
	switch ext := path.Ext(name); {
	case slices.Contains([]string{".dockerignore", ".containerignore", ".md", ".adoc", ".rst"}, ext):
		return other
	case detection.IsType(name, nil, detection.FileTypeDockerfile):
		return dockerFile
	case detection.IsTerraformFile(name), strings.HasSuffix(name, ".tfvars.json"):
		return terraform
	case detection.IsArchive(name):
		return archive
	}
	if _, ok := unexamined(name); ok {
		return foreign
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".yaml", ".yml", ".json", ".template", ".jsonc", ".arm", ".cfn", ".cform":
		return manifestFile
	}
	if isTemplateOf(name) && render.IsManifest(strings.TrimSuffix(name, path.Ext(name))) {
		return manifestFile
	}
	if dockerish.MatchString(path.Base(name)) {
		return dockerFile
	}
	return other
}

// sortOf returns the type of a file. The Dockerfile of the artifact may have any name.
func (s *Scanner) sortOf(name string) sort {
	if s.Dockerfile != "" && path.Clean(s.Dockerfile) == name {
		return dockerFile
	}
	return sortOf(name)
}

// formats are the forms of configuration that are named as not examined, because trivy
// has no checks for them. The patterns are those of path.Match, for the base name.
var formats = []struct {
	patterns []string
	what     omission
}{
	{[]string{"*.bicep", "*.bicepparam"}, omission{"Bicep file", "Bicep files"}},
	{[]string{"compose.y*ml", `compose[._\-]*.y*ml`, `*[._\-]compose.y*ml`, `*-compose[._\-]*.y*ml`}, composeFile},
	{[]string{"serverless.y*ml", "serverless.json"}, omission{"Serverless Framework file", "Serverless Framework files"}},
	{[]string{"Pulumi.y*ml"}, omission{"Pulumi project", "Pulumi projects"}},
	{[]string{"terragrunt.hcl", "*.pkr.hcl", "*.nomad", "*.nomad.hcl"}, omission{"Terragrunt, Packer or Nomad file", "Terragrunt, Packer or Nomad files"}},
	{[]string{"*.jsonnet", "*.libsonnet"}, omission{"Jsonnet file", "Jsonnet files"}},
	{[]string{"*.cue", "*.k"}, omission{"CUE or KCL file", "CUE or KCL files"}},
	{[]string{"*.container"}, omission{"Quadlet", "Quadlets"}},
	{[]string{"*.tfstack.hcl", "*.tfcomponent.hcl", "*.tfdeploy.hcl"}, omission{"file of a Terraform stack", "files of Terraform stacks"}},
	{[]string{"*.tfstate"}, stateFile},
	{[]string{"*.tf.tmpl", "*.tf.tpl", "*.tf.j2", "*.tf.erb", "*.tf.in"}, templateFile},
	{[]string{"helmfile.y*ml"}, omission{"helmfile", "helmfiles"}},
	{[]string{"*.tfplan"}, omission{"binary Terraform plan", "binary Terraform plans"}},
	{[]string{"Vagrantfile"}, omission{"Vagrantfile", "Vagrantfiles"}},
}

// contents are forms that are named as not examined by their text.
var contents = []struct {
	text *regexp.Regexp
	what omission
}{
	{regexp.MustCompile(`(?m)^services:[ \t]*\r?\n(?:[ \t]*(?:#.*)?\r?\n)*[ \t]+[\w.-]+:(?:.*\n)*?[ \t]+(?:image|build):`), composeFile},
	{regexp.MustCompile(`"ParameterKey"\s*:|"\$schema"\s*:\s*"[^"]*eploymentParameters\.json`), omission{"file of parameters", "files of parameters"}},
	{regexp.MustCompile(`(?m)^[ \t]*(?:-[ \t]+)*(?:action:[ \t]*)?["']?(?:amazon\.aws|community\.aws|azure\.azcollection|google\.cloud)\.\w+["']?[ \t]*(?::|\r?$)`), omission{"file of Ansible tasks without checks", "files of Ansible tasks without checks"}},
	{regexp.MustCompile(`^\s*\{(?:\s*"(?:format_version|version)"\s*:\s*"?[\d.]+"?,)\s*"terraform_version"`), stateFile},
}

var (
	composeFile = omission{"Compose file", "Compose files"}
	stateFile   = omission{"Terraform state", "Terraform states"}
)

// unexamined returns what a file is if its form is not examined.
func unexamined(name string) (omission, bool) {
	base := path.Base(name)
	for _, f := range formats {
		for _, pattern := range f.patterns {
			if ok, _ := path.Match(pattern, base); ok {
				return f.what, true
			}
		}
	}
	return omission{}, false
}

// Select returns the changed Dockerfiles, manifests, templates and archives, by their
// paths. It returns a whole chart, all Terraform files, all files of Ansible or all
// kustomizations if one of their files changed, because they are read together. If a
// Chart.yaml is added or deleted, the files below it are read differently, so they are
// treated as changed.
func (s *Scanner) Select(files []gate.File, changed gate.Changes) ([]gate.File, bool) {
	charts := chartsIn(files)
	overlays, plays := overlaysIn(files), playsIn(files)
	modulesIn := map[string]bool{} // folders
	for _, f := range files {
		if strings.Contains(f.Path, ".t") && isModule(f.Path) {
			modulesIn[path.Dir(f.Path)] = true
		}
	}
	touched := map[string]bool{}
	var moved []string
	modules, overlay, play := changed == nil, changed == nil, changed == nil
	for name := range changed {
		touched[chartOf(name, charts)] = true
		modules = modules || sortOf(name) == terraform || isData(name) && outermost(name, modulesIn) != ""
		overlay = overlay || overlays(name) || render.IsKustomization(name)
		play = play || plays(name)
		if path.Base(name) == chartFile {
			moved = append(moved, path.Dir(name))
		}
	}
	values := map[string]string{} // file: chart
	for _, c := range s.Charts {
		chart := path.Clean(c.Path)
		for _, v := range c.Values {
			values[path.Clean(v)] = chart
			touched[chart] = touched[chart] || changed.Has(path.Clean(v))
		}
	}
	whole := func(name string) bool {
		chart := chartOf(name, charts)
		return chart != "" && (changed == nil || touched[chart])
	}
	modules = modules || slices.ContainsFunc(files, func(f gate.File) bool {
		return strings.Contains(f.Path, ".t") && sortOf(f.Path) == terraform && whole(f.Path)
	})
	var out []gate.File
	for _, f := range files {
		take := whole(f.Path) || values[f.Path] != "" && (changed == nil || touched[values[f.Path]]) || overlay && overlays(f.Path) || play && plays(f.Path)
		if !take && (changed.Has(f.Path) || modules || moved != nil || touched[f.Path]) {
			kind := s.sortOf(f.Path)
			take = kind != other && (changed.Has(f.Path) || touched[f.Path]) || kind == terraform && modules ||
				kind != other && slices.ContainsFunc(moved, func(dir string) bool { return dir == "." || strings.HasPrefix(f.Path, dir+"/") })
		}
		if take {
			out = append(out, f)
		}
	}
	return out, len(out) > 0
}

// overlaysIn returns a function that reports whether a file may be part of a
// kustomization: it is a manifest at or below the folder of one, or another file there, of
// which a ConfigMap or a Secret may be made. Of the root of the repository, these are only
// the files of the folder itself.
func overlaysIn(files []gate.File) func(name string) bool {
	dirs := map[string]bool{}
	for _, f := range files {
		if render.IsKustomization(f.Path) {
			dirs[path.Dir(f.Path)] = true
		}
	}
	return func(name string) bool {
		if len(dirs) == 0 {
			return false
		}
		top := outermost(name, dirs)
		return top != "" && (render.IsManifest(name) || render.IsKustomization(name) || top != "." || path.Dir(name) == ".")
	}
}

const chartFile = "Chart.yaml"

// chartsIn returns the folders that contain a chart.
func chartsIn(files []gate.File) map[string]bool {
	charts := map[string]bool{}
	for _, f := range files {
		if strings.HasSuffix(f.Path, chartFile) && path.Base(f.Path) == chartFile {
			charts[path.Dir(f.Path)] = true
		}
	}
	return charts
}

// chartOf returns the folder of the chart that a file is part of, or "". A chart in the
// folders charts and templates of another is part of that; elsewhere it is its own.
func chartOf(name string, charts map[string]bool) string {
	found := ""
	for dir := path.Dir(name); len(charts) > 0; dir = path.Dir(dir) {
		if charts[dir] && (found == "" || partOf(found, dir)) {
			found = dir
		}
		if dir == "." || dir == "/" {
			break
		}
	}
	return found
}

// partOf reports whether a chart contains the chart in a folder below it.
func partOf(inner, chart string) bool {
	in := below(inner, chart) + "/"
	return strings.HasPrefix(in, "templates/") || strings.HasPrefix(in, "charts/")
}

// outermost returns the outermost of some folders that contains a file, or "" if none
// does.
func outermost(name string, folders map[string]bool) string {
	if len(folders) == 0 {
		return ""
	}
	found := ""
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		if folders[dir] {
			found = dir
		}
		if dir == "." || dir == "/" {
			return found
		}
	}
}
