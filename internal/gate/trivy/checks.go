package trivy

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	embedded "github.com/aquasecurity/trivy-checks"
	"github.com/aquasecurity/trivy/pkg/iac/framework"
	"github.com/aquasecurity/trivy/pkg/iac/rego"
	"github.com/aquasecurity/trivy/pkg/iac/types"
	"github.com/open-policy-agent/opa/v1/ast"
	opa "github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/util"
)

// checks are the checks for one type of input. The library compiles every check twice,
// and a query for each pair of check and document. Here, only checks that the input
// needs are compiled, and one query runs all checks on a document, so that shared
// values, such as the containers of a manifest, are computed once.
type checks struct {
	needs    func(name string, text []byte) bool // which checks; nil: all for the type of input
	once     sync.Once
	err      error
	rules    []rule
	compiler *ast.Compiler

	mu      sync.Mutex
	queries map[string]opa.PreparedEvalQuery // by query text
}

// rule is a deny rule.
type rule struct {
	about *rego.StaticMetadata
	file  string
	ref   string // data.builtin.dockerfile.DS001.deny
	set   bool   // it is a set of denials
}

// load compiles the built-in checks for this type of input, once.
func (c *checks) load(source types.Source) error {
	c.once.Do(func() {
		if c.err = c.compile(source); c.err != nil {
			c.err = fmt.Errorf("cannot compile the checks for %s: %w", source, c.err)
		}
	})
	return c.err
}

func (c *checks) compile(source types.Source) error {
	modules, err := rego.LoadEmbeddedLibraries()
	if err != nil {
		return err
	}
	needs := c.needs
	if needs == nil {
		needs = func(_ string, text []byte) bool { return bytes.Contains(text, []byte(source)) }
	}
	policies, err := rego.LoadPoliciesFromDirs(needed{embedded.EmbeddedPolicyFileSystem, needs}, ".")
	if err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(policies)) {
		about, err := rego.MetadataFromAnnotations(policies[path])
		if err != nil {
			return fmt.Errorf("check %s: %w", path, err)
		}
		if about != nil && !about.Library && !about.Deprecated && concerns(about, source) {
			modules[path] = policies[path]
			for _, r := range rulesOf(about, policies[path]) {
				r.file = path
				c.rules = append(c.rules, r)
			}
		}
	}
	schemas, err := rego.BuildSchemaSetFromPolicies(modules, nil, nil, nil)
	if err != nil {
		return err
	}
	c.compiler = ast.NewCompiler().WithUseTypeCheckAnnotations(true).
		WithCapabilities(ast.CapabilitiesForThisVersion()).WithSchemas(schemas)
	if c.compiler.Compile(modules); c.compiler.Failed() {
		return c.compiler.Errors
	}
	c.queries = map[string]opa.PreparedEvalQuery{}
	return nil
}

// needed is a file system with the checks that are needed. Parsing all checks takes
// longer than compiling those.
type needed struct {
	embed.FS
	needs func(name string, text []byte) bool
}

// ReadFile returns a check, or an empty check if it is not needed.
func (n needed) ReadFile(name string) ([]byte, error) {
	text, err := n.FS.ReadFile(name)
	if err == nil && bytes.Contains(text, []byte("selector:")) && !n.needs(name, text) {
		return []byte("package other\n"), nil
	}
	return text, err
}

// concerns reports whether the check is on by default and takes only this type of
// input.
func concerns(about *rego.StaticMetadata, source types.Source) bool {
	if _, ok := about.Frameworks[framework.Default]; !ok {
		return false
	}
	return !slices.ContainsFunc(about.InputOptions.Selectors, func(s rego.Selector) bool { return s.Type != string(source) })
}

func rulesOf(about *rego.StaticMetadata, module *ast.Module) []rule {
	var out []rule
	for _, r := range module.Rules {
		name := r.Head.Name.String()
		ref := module.Package.Path.String() + "." + name
		if name != "deny" && !strings.HasPrefix(name, "deny_") || slices.ContainsFunc(out, func(o rule) bool { return o.ref == ref }) {
			continue
		}
		out = append(out, rule{about: about, ref: ref, set: r.Head.RuleKind() == ast.MultiValue})
	}
	return out
}

// rulesFor returns the rules for the kind of a document. The library itself runs a rule
// on all documents if one of them has its kind, so its findings in one file depend on
// the other files.
func (c *checks) rulesFor(document any) []rule {
	object, _ := document.(map[string]any)
	kind, _ := object["kind"].(string)
	var out []rule
	for _, r := range c.rules {
		if appliesTo(r.about.InputOptions.Selectors, kind) {
			out = append(out, r)
		}
	}
	return out
}

func appliesTo(selectors []rego.Selector, kind string) bool {
	return len(selectors) == 0 || kind == "" || slices.ContainsFunc(selectors, func(s rego.Selector) bool {
		return len(s.Subtypes) == 0 || slices.ContainsFunc(s.Subtypes, func(t rego.SubType) bool {
			return slices.ContainsFunc([]string{t.Kind, t.Group, t.Version}, func(name string) bool { return strings.EqualFold(name, kind) })
		})
	})
}

// prepare compiles one query of all rules. Its result is a list with the denials of
// each rule.
func (c *checks) prepare(rules []rule) (opa.PreparedEvalQuery, error) {
	parts := make([]string, len(rules))
	for i, r := range rules {
		parts[i] = "[m | m := " + r.ref + "]"
		if r.set {
			parts[i] = "[m | m := " + r.ref + "[_]]"
		}
	}
	text := "[" + strings.Join(parts, ",\n") + "]"
	c.mu.Lock()
	defer c.mu.Unlock()
	if query, ok := c.queries[text]; ok {
		return query, nil
	}
	query, err := opa.New(opa.Query(text), opa.Compiler(c.compiler)).PrepareForEval(context.Background())
	if err == nil {
		c.queries[text] = query
	}
	return query, err
}

// run runs the checks on one document, or only those with the wanted ids. If a check
// returns an error, the others still run.
func (c *checks) run(ctx context.Context, document any, wanted ...string) ([]denial, error) {
	lines, rules := linesBefore(document), c.rulesFor(document)
	if wanted != nil {
		rules = slices.DeleteFunc(rules, func(r rule) bool { return !slices.Contains(wanted, r.about.ID) })
	}
	if err := util.RoundTrip(&document); err != nil {
		return nil, err
	}
	input, err := ast.InterfaceToValue(document)
	if err != nil {
		return nil, err
	}
	out, err := c.ask(ctx, rules, input, lines)
	if err == nil || ctx.Err() != nil {
		return out, err
	}
	out = nil
	var errs []error
	for i, r := range rules {
		found, err := c.ask(ctx, rules[i:i+1], input, lines)
		out = append(out, found...)
		if err != nil {
			errs = append(errs, fmt.Errorf("check %s: %w", r.about.ID, err))
		}
	}
	return out, errors.Join(errs...)
}

func (c *checks) ask(ctx context.Context, rules []rule, input ast.Value, lines int) ([]denial, error) {
	query, err := c.prepare(rules)
	if err != nil {
		return nil, err
	}
	set, err := query.Eval(ctx, opa.EvalParsedInput(input))
	return denials(rules, set, lines), err
}

// linesBefore returns the number of lines before the document in its file.
func linesBefore(document any) int {
	object, _ := document.(map[string]any)
	metadata, _ := object["__defsec_metadata"].(map[string]any)
	lines, _ := metadata["offset"].(int)
	return lines
}

// denial is a violation that a check reports.
type denial struct {
	about   *rego.StaticMetadata
	message string
	path    string // of a cloud resource; "": the file of the document
	line    int
	doubt   string // why it may not be so; "": no doubt
	wrong   bool   // it is set aside
}

func denials(rules []rule, set opa.ResultSet, lines int) []denial {
	var out []denial
	for _, result := range set {
		for _, expression := range result.Expressions {
			perRule, _ := expression.Value.([]any)
			for i, values := range perRule {
				values, _ := values.([]any)
				for _, value := range values {
					d := denial{about: rules[i].about}
					d.read(value)
					d.line += lines
					out = append(out, d)
				}
			}
		}
	}
	return out
}

// read reads the result of a check: a string, an object that result.new returned, or a
// list of both.
func (d *denial) read(value any) {
	switch v := value.(type) {
	case string:
		d.message = v
	case []any:
		for _, item := range v {
			d.read(item)
		}
	case map[string]any:
		if text, ok := v["msg"].(string); ok {
			d.message = text
		}
		d.path, _ = v["filepath"].(string)
		d.line, _ = strconv.Atoi(fmt.Sprint(v["startline"]))
	}
}
