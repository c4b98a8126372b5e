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

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// answer is what there is to say of one file or chart. Without a noun it turned out
// to be no configuration.
type answer struct {
	noun     string
	findings []report.Finding
	gaps     []gate.Gap
	files    int // 0 is one
}

func failed(noun, what string, err error) answer {
	return answer{noun: noun, gaps: []gate.Gap{unread(what, err)}}
}

// dockerfile checks one. A comment that says to ignore a check has no effect: a
// repository must not be able to loosen the gate.
func (s *Scanner) dockerfile(ctx context.Context, root *os.Root, name string) answer {
	const noun = "Dockerfile"
	text, err := read(root, name, maxDockerfile)
	if err != nil {
		return failed(noun, name, err)
	}
	files, err := docker.NewParser().Parse(ctx, bytes.NewReader(text), name)
	if err != nil {
		return failed(noun, name, err)
	}
	if err := s.docker.load(types.SourceDockerfile); err != nil {
		return failed(noun, name, err)
	}
	a := answer{noun: noun}
	for _, f := range files {
		found, err := s.docker.run(ctx, f.ToRego())
		a.findings = append(a.findings, findings(name, found)...)
		if err != nil {
			a.gaps = append(a.gaps, unread(name, err))
		}
	}
	return a
}

// manifest checks YAML or JSON that is one of Kubernetes.
func (s *Scanner) manifest(ctx context.Context, root *os.Root, name string) answer {
	const noun = "Kubernetes file"
	text, err := read(root, name, maxManifest)
	if errors.Is(err, errTooLarge) && !mentions(root, name) {
		return answer{}
	}
	if err != nil {
		return failed(noun, name, err)
	}
	if !marked(text) {
		return answer{}
	}
	text = utf8From(text)
	documents, unreadable := parse(ctx, name, text)
	some := anyObject(documents)
	switch {
	case errors.Is(unreadable, errAliases):
		return failed(noun, name, unreadable)
	case unreadable == nil && !some:
		return answer{}
	case !some && !detection.IsType(name, bytes.NewReader(text), detection.FileTypeKubernetes):
		return answer{} // a template, or no manifest
	}
	a := answer{noun: noun}
	found, err := s.objects(ctx, documents)
	a.findings = findings(name, found)
	if err := errors.Join(unreadable, err); err != nil {
		a.gaps = append(a.gaps, unread(name, err))
	}
	return a
}

// objects asks the checks about each.
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

// chart renders a chart and checks what comes out. Lines are those of a rendering,
// not of the file: they are left out.
func (s *Scanner) chart(ctx context.Context, where string, render func(*helm.Parser) ([]helm.Manifest, error)) answer {
	const noun = "Helm chart"
	what := noun + " " + strings.TrimSuffix(where, ":")
	unrendered := func(err error) answer {
		a := failed(noun, what, err)
		a.gaps[0].Remedy = "repair the chart, or commit what it depends on (helm dependency build)"
		return a
	}
	rendered, err := renderFor("", render)
	if err != nil && strings.Contains(err.Error(), "incompatible with Kubernetes") {
		rendered, err = renderFor(newKubernetes, render)
	}
	if err != nil {
		return unrendered(err)
	}
	a := answer{noun: noun}
	for _, file := range rendered {
		documents, err := parse(ctx, file.Path, []byte(file.Content))
		if err != nil {
			a.gaps = append(a.gaps, unrendered(fmt.Errorf("parse rendered manifest %q: %w", file.Path, err)).gaps...)
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

// newKubernetes is what a chart is rendered for that does not accept the version
// the library takes by itself, 1.20.
const newKubernetes = "1.36.0"

func renderFor(version string, render func(*helm.Parser) ([]helm.Manifest, error)) ([]helm.Manifest, error) {
	parser, err := helm.New(helm.OptionWithKubeVersion(version))
	if err != nil {
		return nil, err
	}
	return render(parser)
}
