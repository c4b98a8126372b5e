package trivy

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path"
	"regexp"
	"strings"

	kubernetes "github.com/aquasecurity/trivy/pkg/iac/scanners/kubernetes/parser"
	"github.com/aquasecurity/trivy/pkg/iac/types"

	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// result is the result of one file, chart, kustomization or of all Terraform files.
// noun is empty if the file turns out not to be configuration.
type result struct {
	noun     string
	findings []report.Finding
	gaps     []gate.Gap
	aside    []string         // what was found and is not reported, see gate.Aside
	files    int              // 0: one
	without  map[omission]int // what was not examined
	built    *built           // of a kustomization
	ansible  bool             // the file has a task that a check concerns
	unknown  places           // of a plan: arguments whose value is known after the plan is applied
}

// omission is something that is not examined, in the singular and the plural.
type omission struct{ one, many string }

var (
	externalModule  = omission{"external module", "external modules"}
	missingModule   = omission{"module that is not in the repository", "modules that are not in the repository"}
	replacedFile    = omission{"file that OpenTofu replaces with a .tofu file", "files that OpenTofu replaces with .tofu files"}
	remoteResources = omission{"kustomization with remote resources", "kustomizations with remote resources"}
	unusedComponent = omission{"component that no kustomization uses", "components that no kustomization uses"}
	otherValues     = omission{"values file that gate.runtime does not name", "values files that gate.runtime does not name"}
	nestedTemplate  = omission{"nested or linked Azure template", "nested or linked Azure templates"}
	templateFile    = omission{"template of a file", "templates of files"}
	unknownKind     = omission{"object of a kind that is not known", "objects of kinds that are not known"}
	unlistedChange  = omission{"planned resource without a change", "planned resources without a change"}
)

func (a *result) omit(what omission, n int) {
	if n > 0 {
		if a.without == nil {
			a.without = map[omission]int{}
		}
		a.without[what] += n
	}
}

func failed(noun, what string, err error) result {
	return result{noun: noun, gaps: []gate.Gap{unread(what, err)}}
}

// manifestText matches the fields that every manifest has, whether the text parses or not.
var manifestText = regexp.MustCompile(`(?ms)^[ \t{-]*["']?apiVersion["']?[ \t]*:.*["']?kind["']?[ \t]*:|^[ \t{-]*["']?kind["']?[ \t]*:.*["']?apiVersion["']?[ \t]*:`)

// document checks a YAML or JSON file if its text is that of a configuration.
func (s *Scanner) document(ctx context.Context, root *os.Root, name string) result {
	text, err := files.Read(root, name, maxManifest)
	if errors.Is(err, files.ErrTooLarge) {
		if !mentions(root, name) {
			return result{}
		}
		if strings.EqualFold(path.Ext(name), ".json") { // a plan, or a generated template
			text, err = files.Read(root, name, maxPlan)
		}
	}
	if err != nil {
		return failed(nounOf[kubernetesFile], name, err)
	}
	text = utf8From(text)
	form := formOf(name, text)
	if isTemplateOf(name) && !strings.HasSuffix(name, ".template") {
		var a result
		if manifestText.Match(text) || form == cloudFormation {
			a.omit(templateFile, 1)
		}
		return a
	}
	if form == unknown && bytes.Contains(text, []byte("s3_bucket")) && bucketTask.Match(text) {
		return result{ansible: true}
	}
	if form == unknown {
		for _, c := range contents {
			if c.text.Match(text) {
				var a result
				a.omit(c.what, 1)
				return a
			}
		}
	}
	if form != unknown && form != kubernetesFile {
		if a, ok := s.template(ctx, name, text, form); ok {
			return a
		}
		form = kubernetesFile
	}
	if form == unknown || !marked(text) {
		return result{}
	}
	return s.manifest(ctx, name, text)
}

// manifest checks a text if it is a Kubernetes manifest.
func (s *Scanner) manifest(ctx context.Context, name string, text []byte) result {
	noun := nounOf[kubernetesFile]
	documents, unreadable := parse(ctx, name, text)
	some := anyObject(documents)
	switch {
	case errors.Is(unreadable, errAliases):
		return failed(noun, name, unreadable)
	case unreadable == nil && !some:
		return result{}
	case !some && !manifestText.Match(text):
		return result{} // not a manifest
	case !some && isTemplate(text):
		var a result
		a.omit(templateFile, 1)
		return a
	}
	a := result{noun: noun}
	found, err := s.objects(ctx, documents, &a)
	a.findings, a.aside = findings(name, found), setAside(name, found)
	if err := errors.Join(unreadable, err); err != nil {
		a.gaps = append(a.gaps, unread(name, err))
	}
	return a
}

// objects runs the checks on each object of a file.
func (s *Scanner) objects(ctx context.Context, documents []*kubernetes.Manifest, a *result) ([]denial, error) {
	if err := s.kubernetes.load(types.SourceKubernetes); err != nil {
		return nil, err
	}
	var out []denial
	var errs []error
	for _, d := range documents {
		inputs, unknown := inputsOf(d.ToRego())
		a.omit(unknownKind, unknown)
		for _, input := range inputs {
			found, err := s.kubernetes.run(ctx, input)
			for _, one := range found {
				one.wrong = settled(one, input)
				out = append(out, one)
			}
			errs = append(errs, err)
		}
	}
	return out, errors.Join(errs...)
}

// defaultContext is the rule that wants a security context. The library also reports a
// pod without one if each of its containers has its own, which takes precedence:
// aquasecurity/trivy#9329.
const defaultContext = "KSV-0118"

// settled reports whether a denial is wrong about the object.
func settled(d denial, object any) bool {
	if d.about.ID == secretInData {
		return publicData(object, d)
	}
	if d.about.ID != defaultContext || strings.HasPrefix(d.message, "container ") {
		return false
	}
	pods := podSpecs(object)
	for _, pod := range pods {
		for _, list := range []string{"containers", "initContainers"} {
			containers, _ := pod[list].([]any)
			for _, c := range containers {
				c, _ := c.(map[string]any)
				own, _ := c["securityContext"].(map[string]any)
				delete(own, "__defsec_metadata")
				if len(own) == 0 {
					return false
				}
			}
		}
	}
	return len(pods) > 0
}
