// Package trivy finds misconfiguration with trivy's built-in checks, in Dockerfiles,
// Kubernetes manifests, Helm charts and Terraform.
package trivy

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// Scanner runs the checks that are linked into the program. It does not download checks
// or Terraform modules. The zero value is ready to use. Checks are compiled once, when
// the first file needs them.
type Scanner struct {
	docker, kubernetes checks
	terraformChecks    terraformChecks
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
	log := Listen()
	defer log.Stop()
	jobs, err := s.plan(root, in.Files)
	if err != nil {
		return gate.Result{}, fmt.Errorf("cannot read the configuration files: %w", err)
	}
	results, err := jobs.run(ctx)
	if err != nil {
		return gate.Result{}, err
	}
	return join(results, log.take()), nil
}

// join combines the results of all files.
func join(results []result, logged logged) gate.Result {
	var res gate.Result
	checked := map[string]int{}
	for _, a := range results {
		res.Findings = append(res.Findings, a.findings...)
		res.Missing = append(res.Missing, a.gaps...)
		if a.noun != "" && a.gaps == nil {
			checked[a.noun] += max(1, a.files)
		}
	}
	res.Missing = append(res.Missing, logged.gaps...)
	slices.SortFunc(res.Missing, func(a, b gate.Gap) int { return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Why, b.Why)) })
	var covered []string
	for _, noun := range []string{"Dockerfile", "Kubernetes file", "Helm chart", "Terraform file"} {
		n := checked[noun]
		if noun == "Terraform file" {
			n -= logged.unread
		}
		if n <= 0 {
			continue
		}
		part := english.Plural(n, noun, "")
		if noun == "Terraform file" && logged.elsewhere > 0 { // modules of a registry or another repository
			part += " (without " + english.Plural(logged.elsewhere, "external module", "") + ")"
		}
		covered = append(covered, part)
	}
	res.Covered = strings.Join(covered, ", ")
	slices.SortFunc(res.Findings, func(a, b report.Finding) int {
		return cmp.Or(cmp.Compare(a.At.Path, b.At.Path), cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	res.Findings = slices.CompactFunc(res.Findings, func(a, b report.Finding) bool {
		return a.Rule == b.Rule && a.At == b.At && a.Message == b.Message
	})
	return res
}

// oneLine joins lines without a limit.
func oneLine(s string) string { return text.OneLine(s, 0) }
