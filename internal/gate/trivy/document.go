package trivy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/aquasecurity/trivy/pkg/iac/detection"
	docker "github.com/aquasecurity/trivy/pkg/iac/scanners/dockerfile/parser"
	helm "github.com/aquasecurity/trivy/pkg/iac/scanners/helm/parser"
	kubernetes "github.com/aquasecurity/trivy/pkg/iac/scanners/kubernetes/parser"
	"github.com/aquasecurity/trivy/pkg/iac/types"

	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// result is the result of one file or chart. noun is empty if the file turns out not to
// be configuration.
type result struct {
	noun     string
	findings []report.Finding
	gaps     []gate.Gap
	files    int // 0: one
}

func failed(noun, what string, err error) result {
	return result{noun: noun, gaps: []gate.Gap{unread(what, err)}}
}

// dockerfile checks a Dockerfile. Comments that ignore checks have no effect, because a
// repository must not loosen the gate.
func (s *Scanner) dockerfile(ctx context.Context, root *os.Root, name string) result {
	const noun = "Dockerfile"
	text, err := files.Read(root, name, maxDockerfile)
	if err != nil {
		return failed(noun, name, err)
	}
	parsed, err := docker.NewParser().Parse(ctx, bytes.NewReader(text), name)
	if err != nil {
		return failed(noun, name, err)
	}
	if err := s.docker.load(types.SourceDockerfile); err != nil {
		return failed(noun, name, err)
	}
	a := result{noun: noun}
	for _, f := range parsed {
		found, err := s.docker.run(ctx, f.ToRego())
		a.findings = append(a.findings, findings(name, found)...)
		if err != nil {
			a.gaps = append(a.gaps, unread(name, err))
		}
	}
	return a
}

// manifest checks a YAML or JSON file if it is a Kubernetes manifest.
func (s *Scanner) manifest(ctx context.Context, root *os.Root, name string) result {
	const noun = "Kubernetes file"
	text, err := files.Read(root, name, maxManifest)
	if errors.Is(err, files.ErrTooLarge) && !mentions(root, name) {
		return result{}
	}
	if err != nil {
		return failed(noun, name, err)
	}
	if !marked(text) {
		return result{}
	}
	text = utf8From(text)
	documents, unreadable := parse(ctx, name, text)
	some := anyObject(documents)
	switch {
	case errors.Is(unreadable, errAliases):
		return failed(noun, name, unreadable)
	case unreadable == nil && !some:
		return result{}
	case !some && !detection.IsType(name, bytes.NewReader(text), detection.FileTypeKubernetes):
		return result{} // a template, or not a manifest
	}
	a := result{noun: noun}
	found, err := s.objects(ctx, documents)
	a.findings = findings(name, found)
	if err := errors.Join(unreadable, err); err != nil {
		a.gaps = append(a.gaps, unread(name, err))
	}
	return a
}

// objects runs the checks on each object of a file.
func (s *Scanner) objects(ctx context.Context, documents []*kubernetes.Manifest) ([]denial, error) {
	if err := s.kubernetes.load(types.SourceKubernetes); err != nil {
		return nil, err
	}
	var out []denial
	var errs []error
	for _, d := range documents {
		found, err := s.kubernetes.run(ctx, d.ToRego())
		out, errs = append(out, found...), append(errs, err)
	}
	return out, errors.Join(errs...)
}

// chart renders a chart and checks the result. Findings have no lines, because lines of
// rendered text do not exist in the file.
func (s *Scanner) chart(ctx context.Context, where string, render func(*helm.Parser) ([]helm.Manifest, error)) result {
	const noun = "Helm chart"
	what := noun + " " + strings.TrimSuffix(where, ":")
	unrendered := func(err error) result {
		a := failed(noun, what, err)
		a.gaps[0].Remedy = "correct the chart, or commit its dependencies (helm dependency build)"
		return a
	}
	rendered, err := renderFor("", render)
	if err != nil && strings.Contains(err.Error(), "incompatible with Kubernetes") {
		rendered, err = renderFor(newKubernetes, render)
	}
	if err != nil {
		return unrendered(err)
	}
	a := result{noun: noun}
	for _, file := range rendered {
		documents, err := parse(ctx, file.Path, []byte(file.Content))
		if err != nil {
			a.gaps = append(a.gaps, unrendered(fmt.Errorf("cannot parse the rendered manifest %q: %w", file.Path, err)).gaps...)
		}
		found, err := s.objects(ctx, documents)
		for i := range found {
			found[i].line = 0
		}
		name := path.Join(where, file.Path)
		if strings.HasSuffix(where, ":") { // an archive
			name = where + file.Path
		}
		a.findings = append(a.findings, findings(name, found)...)
		if err != nil {
			a.gaps = append(a.gaps, unread(what, err))
		}
	}
	return a
}

// newKubernetes is the Kubernetes version for charts that do not accept the library's
// default, 1.20.
const newKubernetes = "1.36.0"

func renderFor(version string, render func(*helm.Parser) ([]helm.Manifest, error)) ([]helm.Manifest, error) {
	parser, err := helm.New(helm.OptionWithKubeVersion(version))
	if err != nil {
		return nil, err
	}
	return render(parser)
}
