package runtime

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	"helm.sh/helm/v4/pkg/ignore"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/manifest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// helm renders a chart as "helm install" would in an empty cluster: lookup finds
// nothing, names are not resolved, and the schema of the values is not applied,
// which could fetch another from anywhere.
func (s Source) helm(t *tree, key string) (rendering, error) {
	dir := path.Clean(s.Chart)
	r := rendering{generic: dir}
	if !t.has(dir) {
		r.generic = path.Join(dir, "Chart.yaml")
	}
	values, err := s.values(t, key)
	if err != nil {
		return r, err
	}
	defer silence()()
	c, gaps, err := load(t, dir)
	r.missing = append(r.missing, gaps...)
	if err == nil {
		err = r.template(dir, c, values)
	}
	if err != nil {
		r.missing = append(r.missing, gate.Gap{
			What: "Helm chart " + dir, Why: reason(err),
			Remedy: "repair the chart (helm template " + dir + "); what it depends on is committed with helm dependency build",
		})
	}
	return r, nil
}

// values are those of the files, the later over the earlier.
func (s Source) values(t *tree, key string) (map[string]any, error) {
	all := map[string]any{}
	var problems []string
	for i, name := range s.Values {
		name = path.Clean(name)
		at := fmt.Sprintf("%s.values[%d]", strings.TrimSuffix(key, ".chart"), i)
		text, err := t.read(name, maxFile)
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", at, err))
			continue
		}
		_, err = manifest.Decode(text) // refuses what would fill the memory
		if err == nil {
			var some map[string]any
			if some, err = loader.LoadValues(bytes.NewReader(text)); err == nil {
				all = loader.MergeMaps(all, some)
			}
		}
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s: %s: %s", at, name, reason(err)))
		}
	}
	if len(problems) > 0 {
		return nil, report.Usage(strings.Join(problems, "\n"))
	}
	return all, nil
}

// load reads a chart from a folder or an archive.
func load(t *tree, dir string) (*chart.Chart, []gate.Gap, error) {
	if t.has(dir) {
		text, err := t.read(dir, maxFile)
		if err != nil {
			return nil, nil, err
		}
		files, err := archive.LoadArchiveFiles(bytes.NewReader(text))
		if err != nil {
			return nil, nil, err
		}
		c, err := loadFiles(files)
		return c, nil, err
	}
	gaps, err := t.links(dir)
	if err != nil {
		return nil, nil, err
	}
	rules := ignore.Empty()
	if t.has(path.Join(dir, ignore.HelmIgnore)) {
		text, err := t.read(path.Join(dir, ignore.HelmIgnore), maxFile)
		if err != nil {
			return nil, gaps, err
		}
		if rules, err = ignore.Parse(bytes.NewReader(text)); err != nil {
			return nil, gaps, err
		}
	}
	rules.AddDefaults()
	var files []*archive.BufferedFile
	for _, name := range t.below(dir) {
		short := name
		if dir != "." {
			short = strings.TrimPrefix(name, dir+"/")
		}
		if ignored(rules, short) {
			continue
		}
		text, err := t.read(name, archive.MaxDecompressedFileSize)
		if err != nil {
			return nil, gaps, err
		}
		files = append(files, &archive.BufferedFile{Name: short, Data: bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF"))})
	}
	c, err := loadFiles(files)
	return c, gaps, err
}

func loadFiles(files []*archive.BufferedFile) (*chart.Chart, error) {
	for _, f := range files {
		switch path.Base(f.Name) {
		case "Chart.yaml", "Chart.lock", "values.yaml", "requirements.yaml", "requirements.lock":
			if strings.HasPrefix(f.Name, "templates/") {
				continue
			}
			if _, err := manifest.Decode(f.Data); err != nil { // refuses what would fill the memory
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
		}
	}
	c, err := loader.LoadFiles(files)
	if err != nil {
		return nil, err
	}
	if missing := undelivered(c); len(missing) > 0 {
		return nil, fmt.Errorf("it depends on %s, which is not in its charts folder", strings.Join(missing, ", "))
	}
	return c, nil
}

// undelivered are the dependencies that are named and not there.
func undelivered(c *chart.Chart) (names []string) {
	for _, want := range c.Metadata.Dependencies {
		if want != nil && !slices.ContainsFunc(c.Dependencies(), func(have *chart.Chart) bool { return have.Name() == want.Name }) {
			names = append(names, want.Name)
		}
	}
	return names
}

// template renders into the objects, a file at a time.
func (r *rendering) template(dir string, c *chart.Chart, values map[string]any) error {
	if err := chartutil.ProcessDependencies(c, values); err != nil {
		return err
	}
	release := common.ReleaseOptions{Name: c.Name(), Namespace: "default", Revision: 1, IsInstall: true}
	all, err := util.ToRenderValuesWithSchemaValidation(c, values, release, common.DefaultCapabilities.Copy(), true)
	if err != nil {
		return err
	}
	texts, err := engine.Engine{CustomTemplateFuncs: functions()}.Render(c, all)
	if err != nil {
		return err
	}
	size := 0
	for _, name := range keys(texts) {
		if size += len(texts[name]); size > maxOutput {
			return fmt.Errorf("it renders to more than %d bytes", maxOutput)
		}
		if strings.HasSuffix(name, "NOTES.txt") {
			continue
		}
		_, short, _ := strings.Cut(name, "/") // the name of the chart
		file := path.Join(dir, short)
		for _, one := range documents(texts[name]) {
			r.try(file, []byte(one), false)
		}
	}
	for _, crd := range c.CRDObjects() {
		_, short, _ := strings.Cut(crd.Filename, "/")
		r.try(path.Join(dir, short), crd.File.Data, true)
	}
	return nil
}

// documents takes a rendered text apart as Helm does, which is not as YAML says.
func documents(text string) (out []string) {
	parts := releaseutil.SplitManifests(text)
	keys := slices.Collect(maps.Keys(parts))
	sort.Sort(releaseutil.BySplitManifestsOrder(keys))
	for _, k := range keys {
		out = append(out, parts[k])
	}
	return out
}

// ignored reports whether .helmignore names the file or a folder it is in.
func ignored(rules *ignore.Rules, name string) bool {
	for i := range len(name) {
		if name[i] == '/' && rules.Ignore(name[:i], entry{path.Base(name[:i]), true}) {
			return true
		}
	}
	return rules.Ignore(name, entry{path.Base(name), false})
}

// entry is what the rules ask about a file.
type entry struct {
	name string
	dir  bool
}

func (e entry) Name() string       { return e.name }
func (e entry) IsDir() bool        { return e.dir }
func (e entry) Size() int64        { return 0 }
func (e entry) Mode() fs.FileMode  { return 0 }
func (e entry) ModTime() time.Time { return time.Time{} }
func (e entry) Sys() any           { return nil }
