// Package runtime checks Kubernetes objects and Terraform plans before they are
// deployed. It renders charts, kustomizations and plans without a cluster, network
// access or external programs, and checks the objects with built-in rules and the
// repository's own Rego.
package runtime

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/manifest"
	"github.com/seed-b235b314/goldenpath/internal/render"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Scanner checks the sources that gate.runtime of the configuration lists.
type Scanner struct {
	Sources []Source
	Policy  string // folder with Rego below PolicyDir; "": none
	// PolicyDir is the checkout that the Rego is read from. In a pull request it is that
	// of the base, so that a change cannot loosen its own policy. "": the scanned one.
	PolicyDir string
	// Base is the base commit. A source that does not exist there is new, not a mistake.
	Base string
}

// Source is something that is rendered and deployed: exactly one of Chart,
// Kustomize, Manifests and Plan, relative to the repository.
type Source struct {
	Chart     string   // folder, or archive
	Values    []string // files, for Chart
	Kustomize string   // folder
	Manifests string   // file or folder
	Plan      string   // file with what "terraform show -json" prints
	Name      string   // used in messages; "": its path
}

// Name is "goldenpath".
func (*Scanner) Name() string { return "goldenpath" }

// Kind is "runtime policy".
func (*Scanner) Kind() string { return "runtime policy" }

// Version is the version of this program, which contains the rules.
func (*Scanner) Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// rendering is the result of rendering a source.
type rendering struct {
	objects []manifest.Object
	rego    []input // what the policy is evaluated on
	found   []manifest.Violation
	missing []gate.Gap
	generic string // the file to name if that of an object is not in the repository
}

// Scan renders every source and checks the result.
func (s *Scanner) Scan(ctx context.Context, in gate.Input) (gate.Result, error) {
	if err := s.check(); err != nil {
		return gate.Result{}, err
	}
	t, err := open(in)
	if err != nil {
		return gate.Result{}, err
	}
	defer t.Close()
	rules, err := s.policy(in)
	if err != nil {
		return gate.Result{}, err
	}
	res := gate.Result{Findings: []report.Finding{}}
	sources, objects := 0, 0
	var problems []string
	for i, source := range s.Sources {
		key, name := source.where(i)
		if !t.Exists(name) {
			if s.Base == "" || in.Head != s.Base {
				problems = append(problems, fmt.Sprintf("%s: %s is not in the repository, or gate.exclude excludes it", key, name))
			}
			continue
		}
		r, err := source.render(ctx, t, i)
		if err != nil {
			return gate.Result{}, err
		}
		sources++
		objects += len(r.rego)
		res.Missing = append(res.Missing, r.missing...)
		found := append(r.found, manifest.Check(r.objects)...)
		for _, v := range found {
			res.Findings = append(res.Findings, finding(t, r, v))
		}
		for _, in := range r.rego {
			violations, err := rules.evaluate(ctx, in)
			if err != nil {
				return gate.Result{}, err
			}
			for _, b := range violations {
				res.Findings = append(res.Findings, ofPolicy(t, r, in, b))
			}
		}
	}
	if len(problems) > 0 {
		return gate.Result{}, report.Usage(strings.Join(problems, "\n"))
	}
	if sources > 0 {
		res.Covered = english.Plural(sources, "source", "") + ", " + english.Plural(objects, "object", "")
		if rules != nil {
			res.Covered += ", " + english.Plural(rules.count, "rule", "") + " of " + path.Clean(s.Policy) + "/"
		}
	}
	res.Findings = sorted(res.Findings)
	return res, nil
}

// check returns the errors in the configuration of the sources.
func (s *Scanner) check() error {
	var problems []string
	for i, source := range s.Sources {
		key := fmt.Sprintf("gate.runtime[%d]", i)
		given := 0
		for _, p := range []string{source.Chart, source.Kustomize, source.Manifests, source.Plan} {
			if p != "" {
				given++
			}
		}
		if given != 1 {
			problems = append(problems, key+": name exactly one of chart, kustomize, manifests and plan")
		}
		if len(source.Values) > 0 && source.Chart == "" {
			problems = append(problems, key+".values: only a chart has values")
		}
		for _, p := range append([]string{source.Chart, source.Kustomize, source.Manifests, source.Plan}, source.Values...) {
			if p != "" && !inside(p) {
				problems = append(problems, fmt.Sprintf("%s: %s is outside the repository", key, p))
			}
		}
	}
	if s.Policy != "" && !inside(s.Policy) {
		problems = append(problems, fmt.Sprintf("gate.policy: %s is outside the repository", s.Policy))
	}
	if len(problems) > 0 {
		return report.Usage(strings.Join(problems, "\n"))
	}
	return nil
}

// inside reports whether a relative path stays inside its folder.
func inside(p string) bool {
	p = path.Clean(p)
	return !path.IsAbs(p) && p != ".." && !strings.HasPrefix(p, "../")
}

// where returns the configuration key of the source and its cleaned path.
func (s Source) where(i int) (key, name string) {
	for _, w := range []struct{ key, path string }{
		{"chart", s.Chart}, {"kustomize", s.Kustomize}, {"manifests", s.Manifests}, {"plan", s.Plan},
	} {
		if w.path != "" {
			return fmt.Sprintf("gate.runtime[%d].%s", i, w.key), path.Clean(w.path)
		}
	}
	return fmt.Sprintf("gate.runtime[%d]", i), "."
}

// render renders the source and prepares the objects for the policy.
func (s Source) render(ctx context.Context, t *render.Tree, i int) (rendering, error) {
	key := fmt.Sprintf("gate.runtime[%d]", i)
	if s.Plan != "" {
		return s.plan(t, key+".plan")
	}
	out, err := t.Render(ctx, render.Source{
		Key: key, Chart: s.Chart, Values: s.Values, Kustomize: s.Kustomize, Manifests: s.Manifests,
	}, render.Release{Inspect: true})
	r := rendering{objects: out.Objects, generic: out.Generic}
	for _, g := range out.Gaps {
		r.missing = append(r.missing, gate.Gap{What: g.What, Why: g.Why, Remedy: g.Remedy})
	}
	for _, o := range out.Objects {
		r.rego = append(r.rego, input{
			value: o.Map, name: o.Name(), space: o.Namespace(), at: report.Location{Path: o.File, Line: o.Line},
		})
	}
	return r, err
}

// sorted sorts the findings and removes duplicates, which occur if two sources share an
// object.
func sorted(all []report.Finding) []report.Finding {
	slices.SortStableFunc(all, func(a, b report.Finding) int {
		return cmp.Or(cmp.Compare(a.At.Path, b.At.Path), cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	all = slices.CompactFunc(all, func(a, b report.Finding) bool {
		return a.Fingerprint == b.Fingerprint && a.At == b.At && a.Message == b.Message
	})
	gate.Number(all) // equal containers of an object
	return all
}

// open opens the checkout to read the selected files.
func open(in gate.Input) (*render.Tree, error) {
	var names []string
	for _, f := range in.Files {
		names = append(names, f.Path)
	}
	return render.Select(in.Dir, names, func(name string) bool { return gate.Excluded(name, in.Exclude) })
}
