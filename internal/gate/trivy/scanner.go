// Package trivy looks for misconfiguration with trivy's built-in checks: in
// Dockerfiles, Kubernetes manifests, Helm charts and Terraform.
package trivy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aquasecurity/trivy/pkg/iac/rego"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Scanner runs the checks that are linked in: it downloads none, and no module of
// Terraform either. Its zero value is ready; the checks are compiled once.
type Scanner struct {
	once   sync.Once
	checks *rego.Scanner
	err    error
}

// Name is "trivy".
func (*Scanner) Name() string { return "trivy" }

// Kind is what it looks for.
func (*Scanner) Kind() string { return "configuration" }

// Select returns every file once a changed one may be configuration.
func (*Scanner) Select(files []gate.File, changed gate.Changes) ([]gate.File, bool) {
	return files, changed.Any(files)
}

// Version is the version of the linked library.
func (*Scanner) Version() string { return gate.ModuleVersion("github.com/aquasecurity/trivy") }

// Scan checks every configuration below in.Dir. trivy.yaml and .trivyignore are
// not read, and trivy:ignore comments have no effect: a waiver belongs into the
// waiver file.
func (s *Scanner) Scan(ctx context.Context, in gate.Input) (gate.Result, error) {
	files, err := collect(ctx, in)
	if err != nil {
		return gate.Result{}, fmt.Errorf("read configuration: %w", err)
	}
	kinds := slices.DeleteFunc(files.kinds(), func(k kind) bool { return k.count == 0 })
	if len(kinds) == 0 {
		return gate.Result{}, nil
	}
	library.Lock()
	defer library.Unlock()
	log := listen()
	defer log.stop()
	s.once.Do(func() {
		s.checks = rego.NewScanner(rego.WithEmbeddedPolicies(true), rego.WithEmbeddedLibraries(true))
		s.err = s.checks.LoadPolicies(nil)
	})
	if s.err != nil {
		return gate.Result{}, fmt.Errorf("compile checks: %w", s.err)
	}
	res := gate.Result{Findings: []report.Finding{}}
	var covered []string
	for _, k := range kinds {
		found, err := k.scanner(s.checks).ScanFS(ctx, k.files, ".")
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return gate.Result{}, fmt.Errorf("check each %s: %w", k.noun, err)
		}
		res.Findings = append(res.Findings, findings(k, found)...)
		heard := log.take()
		res.Missing = append(res.Missing, heard.gaps...)
		text := plural(k.count-heard.unread, k.noun)
		if heard.elsewhere > 0 { // modules of a registry or another repository
			text += " (without " + plural(heard.elsewhere, "module") + " from elsewhere)"
		}
		if k.count > heard.unread {
			covered = append(covered, text)
		}
	}
	res.Covered = strings.Join(covered, ", ")
	slices.SortFunc(res.Findings, func(a, b report.Finding) int {
		return cmp.Or(cmp.Compare(a.At.Path, b.At.Path), cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	res.Findings = slices.CompactFunc(res.Findings, func(a, b report.Finding) bool {
		return a.Rule == b.Rule && a.At == b.At && a.Message == b.Message
	})
	return res, nil
}

func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// oneLine is the text in one line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
