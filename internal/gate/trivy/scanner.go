// Package trivy looks for misconfiguration with trivy's built-in checks: in
// Dockerfiles, Kubernetes manifests, Helm charts and Terraform.
package trivy

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Scanner runs the checks that are linked in: it downloads none, and no module of
// Terraform either. Its zero value is ready; checks are compiled when the first file
// needs them, and once.
type Scanner struct {
	docker, kubernetes checks
	cloud              cloud
}

// Name is "trivy".
func (*Scanner) Name() string { return "trivy" }

// Kind is what it looks for.
func (*Scanner) Kind() string { return "configuration" }

// Version is the version of the linked library.
func (*Scanner) Version() string { return gate.ModuleVersion("github.com/aquasecurity/trivy") }

// Scan checks the configuration among in.Files. trivy.yaml and .trivyignore are
// not read, and trivy:ignore comments have no effect: a waiver belongs into the
// waiver file.
func (s *Scanner) Scan(ctx context.Context, in gate.Input) (gate.Result, error) {
	root, err := os.OpenRoot(in.Dir)
	if err != nil {
		return gate.Result{}, fmt.Errorf("read configuration: %w", err)
	}
	defer root.Close()
	running.Lock()
	defer running.Unlock()
	log := listen()
	defer log.stop()
	jobs, err := s.plan(root, in.Files)
	if err != nil {
		return gate.Result{}, fmt.Errorf("read configuration: %w", err)
	}
	answers, err := jobs.run(ctx)
	if err != nil {
		return gate.Result{}, err
	}
	return join(answers, log.take()), nil
}

// join makes one result of the answers.
func join(answers []answer, heard heard) gate.Result {
	var res gate.Result
	checked := map[string]int{}
	for _, a := range answers {
		res.Findings = append(res.Findings, a.findings...)
		res.Missing = append(res.Missing, a.gaps...)
		if a.noun != "" && a.gaps == nil {
			checked[a.noun] += max(1, a.files)
		}
	}
	res.Missing = append(res.Missing, heard.gaps...)
	slices.SortFunc(res.Missing, func(a, b gate.Gap) int { return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Why, b.Why)) })
	var covered []string
	for _, noun := range []string{"Dockerfile", "Kubernetes file", "Helm chart", "Terraform file"} {
		n := checked[noun]
		if noun == "Terraform file" {
			n -= heard.unread
		}
		if n <= 0 {
			continue
		}
		text := plural(n, noun)
		if noun == "Terraform file" && heard.elsewhere > 0 { // modules of a registry or another repository
			text += " (without " + plural(heard.elsewhere, "module") + " from elsewhere)"
		}
		covered = append(covered, text)
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

func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// oneLine is the text in one line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
