package gate

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/actionlint"
	"github.com/seed-b235b314/goldenpath/internal/gate/gitleaks"
	"github.com/seed-b235b314/goldenpath/internal/gate/image"
	"github.com/seed-b235b314/goldenpath/internal/gate/origin"
	"github.com/seed-b235b314/goldenpath/internal/gate/osv"
	"github.com/seed-b235b314/goldenpath/internal/gate/runtime"
	"github.com/seed-b235b314/goldenpath/internal/gate/sarif"
	"github.com/seed-b235b314/goldenpath/internal/gate/trivy"
	"github.com/seed-b235b314/goldenpath/internal/gate/workflow"
)

// scanners returns the scanners of a run.
func (c *Scan) scanners(env *command.Env, dir string, p *policy, secrets *gitleaks.Scanner) []gate.Scanner {
	workflows := &workflow.Reader{}
	github := &origin.Repositories{Server: cmp.Or(env.Runner.Server(), "https://github.com")}
	all := []gate.Scanner{
		secrets, &osv.Scanner{Built: c.Artifact != "", Self: env.Self}, &trivy.Scanner{Charts: chartsOf(p), Dockerfile: p.Artifact.Dockerfile},
		actionlint.Scanner{Reader: workflows}, workflow.Scanner{Reader: workflows, Origin: github},
	}
	if c.Image != "" {
		all = append(all, &image.Scanner{Ref: c.Image, Base: c.BaseImage})
	}
	if len(p.Gate.Runtime) > 0 {
		rendered := &runtime.Scanner{Policy: p.Gate.Policy, PolicyDir: p.dir, Base: p.compared}
		for _, r := range p.Gate.Runtime {
			rendered.Sources = append(rendered.Sources, runtime.Source{Chart: r.Chart, Values: r.Values, Kustomize: r.Kustomize, Manifests: r.Manifests, Plan: r.Plan})
		}
		all = append(all, rendered)
	}
	return append(all, c.imports(dir)...)
}

// chartsOf returns the charts of gate.runtime with the values that they are deployed
// with.
func chartsOf(p *policy) (out []trivy.Chart) {
	for _, r := range p.Gate.Runtime {
		if r.Chart != "" {
			out = append(out, trivy.Chart{Path: r.Chart, Values: r.Values})
		}
	}
	return out
}

// imports returns a scanner for each imported SARIF file. If a file cannot be read, its
// scanner fails.
func (c *Scan) imports(dir string) []gate.Scanner {
	var all []gate.Scanner
	for _, pattern := range c.Import {
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(dir, pattern)
		}
		names, err := filepath.Glob(pattern)
		if err == nil && len(names) == 0 {
			err = fmt.Errorf("no file matches --import-sarif %s", pattern)
		}
		if err != nil {
			all = append(all, unreadable{err})
		}
		for _, name := range names {
			tools, err := sarif.Read(name)
			if err != nil {
				all = append(all, unreadable{err})
			}
			for _, t := range tools {
				all = append(all, t)
			}
		}
	}
	return all
}

// unreadable is the scanner of a SARIF file that cannot be read. It always fails.
type unreadable struct{ err error }

func (unreadable) Name() string    { return "sarif" }
func (unreadable) Kind() string    { return "imported" }
func (unreadable) Version() string { return "" }

func (unreadable) Select([]gate.File, gate.Changes) ([]gate.File, bool) { return nil, true }

func (u unreadable) Scan(context.Context, gate.Input) (gate.Result, error) {
	return gate.Result{}, u.err
}
