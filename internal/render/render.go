// Package render turns charts, kustomizations and manifests into objects, without a
// cluster, a network or an external program.
package render

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/manifest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Source is what to render: exactly one of Chart, Kustomize and Manifests, relative to the
// tree.
type Source struct {
	Key    string   // its key in the configuration, for messages: "gate.runtime[0]"
	Chart  string   // folder, or archive
	Values []string // files, for Chart; later files override earlier ones
	// Set overrides the values of the files, for Chart, by key: "image.tag",
	// "hosts[0].name", `annotations.example\.com/a`. Values are used as they are. The
	// message of a failing chart may show one, so they must not be secrets.
	Set       map[string]any
	Kustomize string // folder
	Manifests string // file, or folder with those below it
}

// Release describes a Helm release to a chart. Kustomizations and manifests do not use it.
type Release struct {
	Name      string // "": the chart's
	Namespace string // "": default
	Upgrade   bool   // a release of that name exists
	Revision  int    // 0: 1
	// KubeVersion and APIVersions describe the cluster ("v1.33.4", "apps/v1",
	// "apps/v1/Deployment"); empty: the library's defaults. A chart that requires another
	// version than KubeVersion is a gap.
	KubeVersion string
	APIVersions []string
	// Inspect renders objects that are checked and never deployed: random values are
	// constant, so that a chart renders to the same twice (a generated password would be
	// public), and the schema of the values does not apply.
	Inspect bool
	// Partial renders as much of a chart as possible, for inspection: a value that the
	// chart requires is empty, fail does nothing, a template that fails and a dependency
	// that is not in the chart are left out. Gaps lists the templates that failed.
	Partial bool
}

// Gap is something that could not be rendered, so the result is incomplete.
type Gap struct{ What, Why, Remedy string }

// Result is the outcome of rendering a source.
type Result struct {
	// Objects are in the order of their files and within each file, not in the order of
	// installation. They include the hooks of a chart, with their annotations, and its
	// tests.
	Objects []manifest.Object
	// CRDs is how many of the last Objects come from the crds folders of charts. Helm
	// creates them before all others, and never changes or removes them.
	CRDs int
	Gaps []Gap
	// Varying are the called functions whose result differs with every rendering (genCA,
	// randAlphaNum), sorted. Their results change with each deployment, because lookup
	// finds no earlier ones. It is empty with Inspect.
	Varying []string
	Generic string // file to report if an object's own is not in the tree
}

// maxOutput is the maximum size of the output of one source, in bytes.
const maxOutput = 64 << 20

// Render renders the source as helm template, kustomize build or kubectl apply -f do.
// Different from those, lookup finds nothing, and Render resolves no host name, fetches
// nothing, runs no program and follows no symbolic link. Gaps lists what could not be
// rendered. An invalid name in the source is a *report.UsageError.
//
// The libraries cannot be interrupted: when ctx ends, Render returns, and the library
// continues in the background. The memory of a template is not limited: a recursive tpl
// ends the process, as it ends Helm.
func (t *Tree) Render(ctx context.Context, s Source, r Release) (Result, error) {
	if err := t.check(s, r); err != nil {
		return Result{}, err
	}
	type outcome struct {
		Result
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if p := recover(); p != nil {
				o = outcome{err: fmt.Errorf("cannot render %s: panic: %T", s.where(), p)}
			}
			done <- o
		}()
		switch {
		case s.Chart != "":
			o.Result, o.err = t.chart(s, r)
		case s.Kustomize != "":
			o.Result = t.kustomize(s)
		default:
			o.Result, o.err = t.plain(s)
		}
	}()
	select {
	case o := <-done:
		return o.Result, o.err
	case <-ctx.Done():
		return Result{}, fmt.Errorf("cannot render %s: %w", s.where(), context.Cause(ctx))
	}
}

// check returns an error for an invalid source.
func (t *Tree) check(s Source, r Release) error {
	var problems []string
	say := func(field, format string, args ...any) {
		problems = append(problems, s.at(field)+": "+fmt.Sprintf(format, args...))
	}
	given := 0
	for _, p := range []struct{ field, path string }{{"chart", s.Chart}, {"kustomize", s.Kustomize}, {"manifests", s.Manifests}} {
		switch {
		case p.path == "":
			continue
		case !filepath.IsLocal(p.path):
			say(p.field, "%s is outside the repository", clip(p.path))
		case !t.Exists(path.Clean(p.path)):
			say(p.field, "%s is not in the repository (a symbolic link is not followed)", clip(p.path))
		}
		given++
	}
	if given != 1 {
		say("", "name exactly one of chart, kustomize and manifests")
	}
	for i, p := range s.Values {
		if !filepath.IsLocal(p) {
			say(fmt.Sprintf("values[%d]", i), "%s is outside the repository", clip(p))
		}
	}
	if len(s.Values)+len(s.Set) > 0 && s.Chart == "" {
		say("", "only a chart has values")
	}
	if err := r.check(); err != nil {
		problems = append(problems, err.Error())
	}
	if len(problems) > 0 {
		return report.Usage(strings.Join(problems, "\n"))
	}
	return nil
}

// at returns the configuration key of a field.
func (s Source) at(field string) string {
	switch {
	case field == "":
		return s.where()
	case s.Key == "":
		return field
	}
	return s.Key + "." + field
}

// where returns the name of the source for a message.
func (s Source) where() string {
	for _, name := range []string{s.Key, s.Chart, s.Kustomize, s.Manifests} {
		if name != "" {
			return clip(name)
		}
	}
	return "source"
}

// add parses a text, which was rendered or read from a file, and adds its objects. If
// lines is true, the objects keep their line numbers in the file.
func (r *Result) add(file string, text []byte, lines bool) {
	objects, err := manifest.Parse(file, text)
	if err != nil {
		r.Gaps = append(r.Gaps, Gap{What: file, Why: Reason(err), Remedy: "correct the file, or the template that renders it"})
	}
	for _, o := range objects {
		if !lines {
			o = o.Unplaced()
		}
		r.Objects = append(r.Objects, o)
	}
}
