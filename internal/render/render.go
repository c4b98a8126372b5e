// Package render turns charts, kustomizations and manifests into objects, without
// a cluster, a network or a program.
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

// Source is what is rendered: exactly one of Chart, Kustomize and Manifests,
// relative to the tree.
type Source struct {
	Key    string   // its key in the configuration, which mistakes are named by: "gate.runtime[0]"
	Chart  string   // folder, or archive
	Values []string // files, for Chart; the later over the earlier
	// Set goes over the values of the files, for Chart, by key: "image.tag",
	// "hosts[0].name", `annotations.example\.com/a`. A value is a string and stays as it
	// is. A chart that fails may show one in a message: no secret belongs here.
	Set       map[string]any
	Kustomize string // folder
	Manifests string // file, or folder with those below it
}

// Release is what a chart learns of where it goes. The others are rendered without:
// their objects get no name and no namespace from here.
type Release struct {
	Name      string // "": the chart's
	Namespace string // "": default
	Upgrade   bool   // something of that name is there already
	Revision  int    // 0: 1
	// KubeVersion and APIVersions are what the cluster says of itself ("v1.33.4",
	// "apps/v1", "apps/v1/Deployment"); empty: what the library knows. A chart that
	// asks for another version than KubeVersion is a gap.
	KubeVersion string
	APIVersions []string
	// Inspect is for looking at the outcome and never deploying it: random words and
	// numbers are constant, so that a chart comes to the same twice (a password would be
	// one that everybody knows), and the schema of the values is not applied.
	Inspect bool
}

// Gap is something that could not be rendered: what is deployed of the rest would
// not be what the source says.
type Gap struct{ What, Why, Remedy string }

// Result is what a source comes to.
type Result struct {
	// Objects stand in the order of their files, and in that of each file: nothing
	// is sorted for installing. The hooks of a chart are among them, with their
	// annotations, and so are its tests.
	Objects []manifest.Object
	// CRDs counts the last of Objects that are from the crds folders of charts: Helm
	// makes them before all others, and neither changes nor removes them afterwards.
	CRDs int
	Gaps []Gap
	// Varying are the functions a chart has called whose result differs with every
	// rendering (genCA, randAlphaNum), sorted: what they make changes with each
	// deployment, as a chart finds nothing with lookup to keep. With Inspect there is none.
	Varying []string
	Generic string // file to name where an object's own is not of the tree
}

// maxOutput is what one source renders to at most, in bytes.
const maxOutput = 64 << 20

// Render renders the source as "helm template", "kustomize build" or "kubectl
// apply -f" would: lookup finds nothing, no name is resolved, nothing is fetched, no
// program is run, and no symbolic link is followed. What cannot be rendered so is in
// Gaps; a mistake in a name is a *report.UsageError.
//
// None of the libraries can be interrupted. When ctx ends, Render returns, and what
// was begun goes on until it is done. Nor can a template be kept from filling the
// memory: tpl that calls itself ends the process, as it does Helm.
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
				o = outcome{err: fmt.Errorf("render %s: panic: %T", s.where(), p)}
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
		return Result{}, fmt.Errorf("render %s: %w", s.where(), context.Cause(ctx))
	}
}

// check refuses what no configuration should say.
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
			say(p.field, "%s is not below the repository", clip(p.path))
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
			say(fmt.Sprintf("values[%d]", i), "%s is not below the repository", clip(p))
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

// at is the key of a field.
func (s Source) at(field string) string {
	switch {
	case field == "":
		return s.where()
	case s.Key == "":
		return field
	}
	return s.Key + "." + field
}

// where is what the source is called in a message.
func (s Source) where() string {
	for _, name := range []string{s.Key, s.Chart, s.Kustomize, s.Manifests} {
		if name != "" {
			return clip(name)
		}
	}
	return "source"
}

// add takes in the objects of one text that was rendered or read. With lines, they
// are those of the file.
func (r *Result) add(file string, text []byte, lines bool) {
	objects, err := manifest.Parse(file, text)
	if err != nil {
		r.Gaps = append(r.Gaps, Gap{What: file, Why: Reason(err), Remedy: "repair it, or what renders it"})
	}
	for _, o := range objects {
		if !lines {
			o = o.Unplaced()
		}
		r.Objects = append(r.Objects, o)
	}
}
