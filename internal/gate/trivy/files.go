package trivy

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/aquasecurity/trivy/pkg/iac/detection"
	"github.com/aquasecurity/trivy/pkg/mapfs"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// collected is what was found in the repository.
type collected struct{ dockerfiles, kubernetes, charts, terraform *files }

const (
	maxChartFile = 5 << 20 // Helm's own limit
	maxArchive   = 20 << 20
)

// collect reads the configuration of the repository. Symbolic links are not
// followed: what they point to is found where it is.
func collect(ctx context.Context, in gate.Input) (*collected, error) {
	root, err := os.OpenRoot(in.Dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var names []string
	charts := map[string]bool{}
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case d.Name() == ".git" || gate.Excluded(name, in.Exclude):
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.Type().IsRegular():
			names = append(names, name)
			if d.Name() == "Chart.yaml" {
				charts[path.Dir(name)] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	c := &collected{&files{FS: mapfs.New()}, &files{FS: mapfs.New()}, &files{FS: mapfs.New()}, &files{FS: mapfs.New()}}
	for _, name := range names {
		if err := c.take(root, name, charts); err != nil {
			return nil, err
		}
	}
	return c, ctx.Err()
}

// take puts the file where it belongs: into its chart, and where trivy would look
// at it by itself.
func (c *collected) take(root *os.Root, name string, charts map[string]bool) error {
	is := func(t detection.FileType, text []byte) bool { return detection.IsType(name, bytes.NewReader(text), t) }
	chart := chartOf(name, charts)
	if chart != "" {
		if text, err := readUpTo(root, name, maxChartFile); err != nil {
			return err
		} else if text != nil {
			if err := c.charts.add(name, text); err != nil {
				return err
			}
		}
		if path.Join(chart, "Chart.yaml") == name {
			c.charts.count++
		}
		below := strings.TrimPrefix(name, chart+"/")
		if strings.HasPrefix(below, "templates/") || strings.HasPrefix(below, "charts/") {
			return nil
		}
	}
	to := (*files)(nil)
	var text []byte
	var err error
	switch {
	case is(detection.FileTypeDockerfile, nil):
		to = c.dockerfiles
		text, err = root.ReadFile(name)
	case is(detection.FileTypeTerraform, nil):
		to = c.terraform
		text, err = root.ReadFile(name)
	case slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(path.Ext(name))):
		text, err = root.ReadFile(name)
		// Parsing every lock file to learn that it is no manifest takes long.
		if bytes.Contains(text, []byte("apiVersion")) && is(detection.FileTypeKubernetes, text) {
			to = c.kubernetes
		}
	case chart == "" && detection.IsArchive(name):
		text, err = readUpTo(root, name, maxArchive)
		if text != nil && is(detection.FileTypeHelm, text) {
			to = c.charts
		}
	}
	if err != nil || to == nil {
		return err
	}
	to.count++
	return to.add(name, text)
}

// readUpTo returns nil for a larger file.
func readUpTo(root *os.Root, name string, limit int64) ([]byte, error) {
	info, err := root.Stat(name)
	if err != nil || info.Size() > limit {
		return nil, err
	}
	return root.ReadFile(name)
}

// chartOf is the folder of the outermost chart the file is part of.
func chartOf(name string, charts map[string]bool) string {
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
