package trivy

import (
	"bytes"
	"cmp"
	"context"
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
// services that the documents have are compiled: compiling all takes longer than
// examining most repositories.
type cloudChecks struct {
	mu       sync.Mutex
	sets     []checkSet
	concerns map[string][]string // the services of each check, by its name
}

type checkSet struct {
	services []string // "aws.s3"
	*checks
}

// of returns the checks that concern any of the services, and perhaps others.
func (c *cloudChecks) of(services []string) (*checks, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, set := range c.sets {
		if !slices.ContainsFunc(services, func(s string) bool { return !slices.Contains(set.services, s) }) {
			return set.checks, set.load(types.SourceCloud)
		}
	}
	set := checkSet{services, &checks{needs: func(name string, text []byte) bool {
		found, ok := c.concerns[name]
		if !ok {
			found = servicesIn(text)
			c.concerns[name] = found
		}
		return slices.ContainsFunc(found, func(s string) bool { return slices.Contains(services, s) })
	}}}
	if c.concerns == nil {
		c.concerns = map[string][]string{}
	}
	c.sets = append(c.sets, set)
	return set.checks, set.load(types.SourceCloud)
}

// ids returns the ids of the checks that concern any of the services.
func (c *cloudChecks) ids(all *checks, services []string) (out []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range all.rules {
		if slices.ContainsFunc(c.concerns[r.file], func(s string) bool { return slices.Contains(services, s) }) {
			out = append(out, r.about.ID)
		}
	}
	return out
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
	return s.cloudDocument(ctx, path, document, servicesOf(document))
}

// cloudDocument runs the checks of the services on a document.
func (s *Scanner) cloudDocument(ctx context.Context, path string, document map[string]any, services []string) ([]report.Finding, error) {
	if len(services) == 0 {
		return nil, nil
	}
	checks, err := s.cloudChecks.of(services)
	if err != nil {
		return nil, err
	}
	wanted := s.cloudChecks.ids(checks, servicesOf(document))
	if len(wanted) == 0 {
		return nil, nil
	}
	found, err := checks.run(ctx, document, wanted...)
	var out []report.Finding
	for _, d := range found {
		at := report.Location{Path: cmp.Or(d.path, path), Line: d.line}
		out = append(out, finding(d.about.ToRule(), d.message, at))
	}
	return out, err
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
