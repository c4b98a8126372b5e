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

// checks are those for one sort of input. The library compiles all there are, twice,
// and again a query for each check and document. Here it is one query for all
// checks of a document, so that what they share is worked out once: the containers
// of a manifest, say.
type checks struct {
	once     sync.Once
	err      error
	rules    []rule
	compiler *ast.Compiler

	mu      sync.Mutex
	queries map[string]opa.PreparedEvalQuery // by the refs they ask for
}

// rule is one that denies.
type rule struct {
	about *rego.StaticMetadata
	ref   string // data.builtin.dockerfile.DS001.deny
	set   bool   // it is a set of what is wrong
}

// load compiles once the built-in checks that ask for this sort of input, and no
// other.
func (c *checks) load(source types.Source) error {
	c.once.Do(func() {
		if c.err = c.compile(source); c.err != nil {
			c.err = fmt.Errorf("compile checks of %s: %w", source, c.err)
		}
	})
	return c.err
}

func (c *checks) compile(source types.Source) error {
	modules, err := rego.LoadEmbeddedLibraries()
	if err != nil {
		return err
	}
	policies, err := rego.LoadPoliciesFromDirs(mentioning{embedded.EmbeddedPolicyFileSystem, string(source)}, ".")
	if err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(policies)) {
		about, err := rego.MetadataFromAnnotations(policies[path])
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if about != nil && !about.Library && !about.Deprecated && concerns(about, source) {
			modules[path] = policies[path]
			c.rules = append(c.rules, rulesOf(about, policies[path])...)
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

// mentioning are the checks whose text has the word: to parse all of them takes
// longer than to compile those that are needed.
type mentioning struct {
	embed.FS
	word string
}

// ReadFile makes a check of another sort one that says nothing.
func (m mentioning) ReadFile(name string) ([]byte, error) {
	text, err := m.FS.ReadFile(name)
	if err == nil && bytes.Contains(text, []byte("selector:")) && !bytes.Contains(text, []byte(m.word)) {
		return []byte("package other\n"), nil
	}
	return text, err
}

// concerns reports whether the check is on by default and asks for nothing but
// this sort.
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
		out = append(out, rule{about, ref, r.Head.RuleKind() == ast.MultiValue})
	}
	return out
}

// about are the rules for documents of a kind. The library asks a rule about all
// documents once one of them is of its kind, so that what it finds in one file
// depends on the others.
func (c *checks) about(document any) []rule {
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
	return len(selectors) == 0 || slices.ContainsFunc(selectors, func(s rego.Selector) bool {
		return len(s.Subtypes) == 0 || slices.ContainsFunc(s.Subtypes, func(t rego.SubType) bool {
			return slices.ContainsFunc([]string{t.Kind, t.Group, t.Version}, func(name string) bool { return strings.EqualFold(name, kind) })
		})
	})
}

// prepare makes one query of the rules: a list of what each has to say.
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

// run asks the checks about one document. One that cannot answer is an error, and
// the others still do.
func (c *checks) run(ctx context.Context, document any) ([]denial, error) {
	lines, rules := linesBefore(document), c.about(document)
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

// linesBefore is where the document begins in its file.
func linesBefore(document any) int {
	object, _ := document.(map[string]any)
	metadata, _ := object["__defsec_metadata"].(map[string]any)
	lines, _ := metadata["offset"].(int)
	return lines
}

// denial is what a check says of a document.
type denial struct {
	about   *rego.StaticMetadata
	message string
	line    int
}

func denials(rules []rule, set opa.ResultSet, lines int) []denial {
	var out []denial
	for _, result := range set {
		for _, expression := range result.Expressions {
			said, _ := expression.Value.([]any)
			for i, values := range said {
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

// read takes the answer of a check: a text, an object made by result.new, or a list
// of both.
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
		d.line, _ = strconv.Atoi(fmt.Sprint(v["startline"]))
	}
}
