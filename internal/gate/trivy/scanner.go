// Package trivy finds misconfiguration with trivy's built-in checks, in Dockerfiles,
// Kubernetes manifests, Helm charts, kustomizations, Terraform, CloudFormation, Azure
// templates and Ansible.
package trivy

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/aquasecurity/trivy/pkg/log"
	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/render"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// Scanner runs the checks that are linked into the program. It does not download checks
// or Terraform modules. The zero value is ready to use. Checks are compiled once, when
// the first file needs them.
type Scanner struct {
	Charts     []Chart // what is known about the values of charts
	Dockerfile string  // of the artifact; "": it has none, or it is not known

	docker, kubernetes checks
	cloudChecks        cloudChecks
}

// Name is "trivy".
func (*Scanner) Name() string { return "trivy" }

// Kind is "configuration".
func (*Scanner) Kind() string { return "configuration" }

// Version is the version of the linked library.
func (*Scanner) Version() string { return gate.ModuleVersion("github.com/aquasecurity/trivy") }

// Scan checks the configuration among in.Files. It ignores trivy.yaml, .trivyignore
// and trivy:ignore comments: findings are waived in the waiver file.
func (s *Scanner) Scan(ctx context.Context, in gate.Input) (gate.Result, error) {
	root, err := os.OpenRoot(in.Dir)
	if err != nil {
		return gate.Result{}, fmt.Errorf("cannot read the configuration files: %w", err)
	}
	defer root.Close()
	var names []string
	for _, f := range in.Files {
		names = append(names, f.Path)
	}
	tree, err := render.Select(in.Dir, names, func(name string) bool { return gate.Excluded(name, in.Exclude) })
	if err != nil {
		return gate.Result{}, fmt.Errorf("cannot read the configuration files: %w", err)
	}
	defer tree.Close()
	Quiet()
	results, err := s.plan(root, tree, in.Files).run(ctx)
	if err != nil {
		return gate.Result{}, err
	}
	if slices.ContainsFunc(results, func(a result) bool { return a.ansible }) {
		results = append(results, s.ansible(ctx, root, in.Files))
	}
	settle(results)
	return join(results), ctx.Err()
}

// Quiet replaces the logger that the library installs when the process starts, which
// keeps every record. Errors are returned, so that the log is not needed.
var Quiet = sync.OnceFunc(func() {
	if _, ok := slog.Default().Handler().(*log.DeferredHandler); ok {
		slog.SetDefault(slog.New(slog.DiscardHandler))
	}
})

// nouns are what the report counts, in this order.
var nouns = []string{"Dockerfile", "Kubernetes file", "kustomization", chartNoun, "Terraform file", "Terraform plan", "CloudFormation template", "Azure template", "Ansible project"}

// join combines the results of all files.
func join(results []result) gate.Result {
	var res gate.Result
	checked, without := map[string]int{}, map[omission]int{}
	for _, a := range results {
		res.Findings = append(res.Findings, a.findings...)
		res.Missing = append(res.Missing, a.gaps...)
		res.SetAside = append(res.SetAside, a.aside...)
		if a.noun != "" && a.files > 0 {
			checked[a.noun] += a.files
		} else if a.noun != "" && a.gaps == nil {
			checked[a.noun]++
		}
		for what, n := range a.without {
			without[what] += n
		}
	}
	slices.SortFunc(res.Missing, func(a, b gate.Gap) int { return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Why, b.Why)) })
	res.Missing = slices.Compact(res.Missing)
	slices.Sort(res.SetAside)
	res.Covered = covered(checked, without)
	slices.SortFunc(res.Findings, func(a, b report.Finding) int {
		return cmp.Or(cmp.Compare(a.At.Path, b.At.Path), cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	res.Findings = slices.CompactFunc(res.Findings, func(a, b report.Finding) bool {
		return a.Rule == b.Rule && a.At == b.At && a.Message == b.Message
	})
	gate.Number(res.Findings)
	return res
}

// covered states what was examined and what was not.
func covered(checked map[string]int, without map[omission]int) string {
	var parts, not []string
	for _, noun := range nouns {
		if n := checked[noun]; n > 0 {
			parts = append(parts, english.Plural(n, noun, ""))
		}
	}
	for _, what := range slices.SortedFunc(maps.Keys(without), func(a, b omission) int { return cmp.Compare(a.one, b.one) }) {
		not = append(not, english.Plural(without[what], what.one, what.many))
	}
	if len(not) == 0 {
		return strings.Join(parts, ", ")
	}
	if len(parts) == 0 {
		parts = []string{gate.NoFile}
	}
	return strings.Join(parts, ", ") + " (not examined: " + strings.Join(not, ", ") + ")"
}

// oneLine joins lines without a limit.
func oneLine(s string) string { return text.OneLine(s, 0) }
