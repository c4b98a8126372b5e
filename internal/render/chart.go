package render

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/ignore"

	"github.com/seed-b235b314/goldenpath/internal/manifest"
)

// chart renders a chart as helm install does in an empty cluster.
func (t *Tree) chart(s Source, rel Release) (Result, error) {
	dir := path.Clean(s.Chart)
	r := Result{Generic: dir}
	if !t.Has(dir) {
		r.Generic = path.Join(dir, "Chart.yaml")
	}
	values, err := t.values(s)
	if err != nil {
		return r, err
	}
	defer silence()()
	c, gaps, err := t.load(dir, rel.Partial)
	if missing := undelivered(c); err == nil && len(missing) > 0 && !rel.Partial {
		err = fmt.Errorf("the dependency %s is not in the charts folder: run helm dependency build, and commit the result", strings.Join(missing, ", "))
	}
	r.Gaps = append(r.Gaps, gaps...)
	if err == nil {
		err = r.template(dir, c, values, rel)
	}
	if err != nil {
		r.Gaps = append(r.Gaps, Gap{
			What: "Helm chart " + dir, Why: Reason(err),
			Remedy: "repair the chart or its values (helm template " + dir + "); if a dependency is missing, run helm dependency build and commit the result",
		})
	}
	return r, nil
}

// load reads a chart from a folder or an archive. Of a partial chart it leaves out files
// that are too large.
func (t *Tree) load(dir string, partial bool) (*chart.Chart, []Gap, error) {
	if t.Has(dir) {
		text, err := t.Read(dir, maxFile)
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
	if t.Has(path.Join(dir, ignore.HelmIgnore)) {
		text, err := t.Read(path.Join(dir, ignore.HelmIgnore), maxFile)
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
		text, err := t.Read(name, archive.MaxDecompressedFileSize)
		if err != nil && partial {
			gaps = append(gaps, Gap{What: name, Why: Reason(err), Remedy: "split the file, or list it in .helmignore"})
			continue
		}
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
			if _, err := manifest.Decode(f.Data); err != nil { // refuses text that would exhaust the memory
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
		}
	}
	return loader.LoadFiles(files)
}

// undelivered returns the declared dependencies that the chart does not contain.
func undelivered(c *chart.Chart) (names []string) {
	if c == nil || c.Metadata == nil {
		return nil
	}
	for _, want := range c.Metadata.Dependencies {
		if want != nil && !slices.ContainsFunc(c.Dependencies(), func(have *chart.Chart) bool { return have.Name() == want.Name }) {
			names = append(names, want.Name)
		}
	}
	return names
}

// ignored reports whether .helmignore lists the file or one of its folders.
func ignored(rules *ignore.Rules, name string) bool {
	for i := range len(name) {
		if name[i] == '/' && rules.Ignore(name[:i], entry{path.Base(name[:i]), true}) {
			return true
		}
	}
	return rules.Ignore(name, entry{path.Base(name), false})
}

// entry makes a file look like the fs.FileInfo that the rules of .helmignore need.
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
