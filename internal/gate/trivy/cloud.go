package trivy

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/aquasecurity/trivy/pkg/iac/state"
	"github.com/aquasecurity/trivy/pkg/iac/types"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// cloudChecks are the checks for resources of cloud providers. Only the checks for
// services that a document has are compiled, one service at a time: compiling all takes
// longer than examining most repositories.
type cloudChecks struct {
	mu       sync.Mutex
	services map[string]*checks // by "aws.s3"
	concerns sync.Map           // the services of each check, by its name
}

// of returns the checks that concern a service.
func (c *cloudChecks) of(service string) (*checks, error) {
	c.mu.Lock()
	one := c.services[service]
	if one == nil {
		one = &checks{needs: func(name string, text []byte) bool {
			found, ok := c.concerns.Load(name)
			if !ok {
				found = servicesIn(text)
				c.concerns.Store(name, found)
			}
			return slices.Contains(found.([]string), service)
		}}
		if c.services == nil {
			c.services = map[string]*checks{}
		}
		c.services[service] = one
	}
	c.mu.Unlock()
	return one, one.load(types.SourceCloud)
}

var (
	inputRef = regexp.MustCompile(`\binput\.([a-z]+)\.([a-z0-9]+)`)
	subtype  = regexp.MustCompile(`(?:provider: ([a-z]+)\s*\n#\s+(?:- )?service: ([a-z0-9-]+)|service: ([a-z0-9-]+)\s*\n#\s+(?:- )?provider: ([a-z]+))`)
)

// servicesIn returns the services that the text of a check mentions, as "aws.s3". The
// names in the metadata do not always equal those in the input ("security-center"), so
// that the library never runs some checks: both count.
func servicesIn(text []byte) (out []string) {
	if !bytes.Contains(text, []byte("type: cloud")) {
		return nil
	}
	for _, m := range inputRef.FindAllSubmatch(text, -1) {
		out = append(out, string(m[1])+"."+string(m[2]))
	}
	for _, m := range subtype.FindAllSubmatch(text, -1) {
		out = append(out, cmp.Or(string(m[1]), string(m[4]))+"."+strings.ReplaceAll(cmp.Or(string(m[2]), string(m[3])), "-", ""))
	}
	return out
}

// cloud runs the checks on the resources of a root module, template, plan or project.
// A finding without a file of its own has the path.
func (s *Scanner) cloud(ctx context.Context, path string, resources *state.State) ([]report.Finding, error) {
	document, _ := resources.ToRego().(map[string]any)
	input, err := inputOf(document)
	if err != nil {
		return nil, err
	}
	var out []report.Finding
	var errs []error
	for _, service := range servicesOf(document) {
		checks, err := s.cloudChecks.of(service)
		if err != nil {
			return nil, err
		}
		found, err := checks.runOn(ctx, input, checks.rules, 0)
		errs = append(errs, err)
		for _, d := range found {
			at := report.Location{Path: cmp.Or(d.path, path), Line: d.line}
			out = append(out, finding(d.about.ToRule(), d.message, at))
		}
	}
	return out, errors.Join(errs...)
}

// servicesOf returns the services of a document that have at least one resource.
func servicesOf(document map[string]any) []string {
	var out []string
	for _, provider := range slices.Sorted(maps.Keys(document)) {
		services, _ := document[provider].(map[string]any)
		for _, service := range slices.Sorted(maps.Keys(services)) {
			if managed(services[service]) {
				out = append(out, provider+"."+service)
			}
		}
	}
	return out
}

// managed reports whether a value contains a resource that the input declares.
func managed(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		if v["managed"] == true {
			return true
		}
		for _, value := range v {
			if managed(value) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, managed)
	}
	return false
}
