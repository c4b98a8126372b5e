package trivy

import (
	"path"
	"slices"
	"strings"

	"github.com/aquasecurity/trivy/pkg/iac/detection"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// sort is the type of a configuration file, derived from its name.
type sort int

const (
	other sort = iota
	dockerfile
	terraform
	manifest // YAML or JSON: its text decides whether it is a Kubernetes manifest
	archive  // may hold a Helm chart
)

// IsDockerfile reports whether a file is examined as a Dockerfile, by its name.
func IsDockerfile(name string) bool { return sortOf(name) == dockerfile }

func sortOf(name string) sort {
	switch {
	case detection.IsType(name, nil, detection.FileTypeDockerfile):
		return dockerfile
	case detection.IsTerraformFile(name):
		return terraform
	case detection.IsArchive(name):
		return archive
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".yaml", ".yml", ".json":
		return manifest
	}
	return other
}

// Select returns the changed Dockerfiles, manifests and archives, by their paths. It
// returns a whole chart, and all Terraform files, if one of their files changed,
// because they are read together. If a Chart.yaml is added or deleted, the files below
// it are read differently, so they are treated as changed.
func (*Scanner) Select(files []gate.File, changed gate.Changes) ([]gate.File, bool) {
	charts := chartsIn(files)
	touched := map[string]bool{}
	var moved []string
	modules := changed == nil
	for name := range changed {
		touched[chartOf(name, charts)] = true
		modules = modules || sortOf(name) == terraform
		if path.Base(name) == chartFile {
			moved = append(moved, path.Dir(name))
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
		take := whole(f.Path)
		if !take && (changed.Has(f.Path) || modules || moved != nil) {
			kind := sortOf(f.Path)
			take = kind != other && changed.Has(f.Path) || kind == terraform && modules ||
				kind != other && slices.ContainsFunc(moved, func(dir string) bool { return dir == "." || strings.HasPrefix(f.Path, dir+"/") })
		}
		if take {
			out = append(out, f)
		}
	}
	return out, len(out) > 0
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

// chartOf returns the folder of the outermost chart that contains the file, or "" if
// the file is not in a chart.
func chartOf(name string, charts map[string]bool) string {
	if len(charts) == 0 {
		return ""
	}
	found := ""
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		if charts[dir] {
			found = dir
		}
		if dir == "." || dir == "/" {
			return found
		}
	}
}
