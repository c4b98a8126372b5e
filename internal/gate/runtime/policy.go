package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/render"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// policy is the repository's own Rego, compiled.
type policy struct {
	queries []query
	count   int // rules
}

// query is one rule set: data.main.deny.
type query struct {
	name     string // main.deny
	severity report.Severity
	rego.PreparedEvalQuery
}

// policy reads and compiles the folder. Invalid Rego is a *report.UsageError with file
// and line.
func (s *Scanner) policy(in gate.Input) (*policy, error) {
	if s.Policy == "" {
		return nil, nil
	}
	dir := s.PolicyDir
	if dir == "" {
		dir = in.Dir
	}
	texts, err := readPolicy(dir, path.Clean(s.Policy))
	if err != nil {
		return nil, err
	}
	modules := map[string]*ast.Module{}
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		m, err := parse(name, texts[name])
		if err != nil {
			problems = append(problems, problemsOf(err)...)
			continue
		}
		modules[name] = m
	}
	if len(problems) == 0 {
		var p *policy
		if p, err = compile(modules); err == nil && p.count == 0 {
			err = fmt.Errorf("gate.policy: %s has no rule named deny, violation or warn, so it would check nothing", path.Clean(s.Policy))
		}
		if err == nil {
			return p, nil
		}
		problems = problemsOf(err)
	}
	return nil, report.Usage(strings.Join(problems, "\n"))
}

const (
	maxModule  = 1 << 20
	maxModules = 1000
)

// readPolicy reads the Rego files below a folder, except tests.
func readPolicy(dir, below string) (map[string]string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot read gate.policy: %w", cause(err))
	}
	defer root.Close()
	if info, err := root.Lstat(below); err != nil || !info.IsDir() {
		return nil, report.Usage("gate.policy: " + below + " is not a folder of the repository")
	}
	texts := map[string]string{}
	err = fs.WalkDir(root.FS(), below, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type()&fs.ModeSymlink != 0 {
			return report.Usage(fmt.Sprintf("gate.policy: %s is a symbolic link, which is not followed: replace it with the file", name))
		}
		if err != nil || !d.Type().IsRegular() || path.Ext(name) != ".rego" || strings.HasSuffix(name, "_test.rego") {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Size() > maxModule || len(texts) == maxModules {
			return report.Usage(fmt.Sprintf("gate.policy: %s: the limits are %d files of %d bytes each", name, maxModules, maxModule))
		}
		text, err := root.ReadFile(name)
		texts[name] = string(text)
		return err
	})
	if usage := (*report.UsageError)(nil); errors.As(err, &usage) {
		return nil, usage
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read gate.policy: %s: %w", below, cause(err))
	}
	if len(texts) == 0 {
		return nil, report.Usage(fmt.Sprintf("gate.policy: %s has no .rego file, so it would check nothing", below))
	}
	return texts, nil
}

// parse parses a module as current Rego, or else as Rego before OPA 1.0.
func parse(name, text string) (*ast.Module, error) {
	m, err := ast.ParseModuleWithOpts(name, text, ast.ParserOptions{RegoVersion: ast.RegoV1})
	if err == nil {
		return m, nil
	}
	if old, oldErr := ast.ParseModuleWithOpts(name, text, ast.ParserOptions{RegoVersion: ast.RegoV0}); oldErr == nil {
		return old, nil
	}
	return nil, err
}

// forbidden are the functions with access to more than the input: the network, the
// host, and schemas that may come from either.
var forbidden = []string{
	"http.send", "net.lookup_ip_addr", "opa.runtime", "providers.aws.sign_req",
	"json.match_schema", "json.verify_schema",
}

func compile(modules map[string]*ast.Module) (*policy, error) {
	able := ast.CapabilitiesForThisVersion()
	able.AllowNet = []string{}
	able.Builtins = slices.DeleteFunc(able.Builtins, func(b *ast.Builtin) bool {
		return slices.Contains(forbidden, b.Name)
	})
	c := ast.NewCompiler().WithCapabilities(able)
	if c.Compile(modules); c.Failed() {
		return nil, c.Errors
	}
	p := &policy{}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		m := modules[name]
		for _, r := range m.Rules {
			severity, ok := severityOf(r)
			if !ok {
				continue
			}
			p.count++
			set := m.Package.Path.Append(ast.StringTerm(ruleName(r)))
			short := strings.TrimPrefix(set.String(), "data.")
			if slices.ContainsFunc(p.queries, func(q query) bool { return q.name == short }) {
				continue
			}
			prepared, err := rego.New(rego.ParsedQuery(ast.NewBody(ast.NewExpr(ast.NewTerm(set)))),
				rego.Compiler(c), rego.StrictBuiltinErrors(true), rego.Capabilities(able)).PrepareForEval(context.Background())
			if err != nil {
				return nil, err
			}
			p.queries = append(p.queries, query{short, severity, prepared})
		}
	}
	return p, nil
}

func ruleName(r *ast.Rule) string {
	if name, ok := r.Head.Ref()[0].Value.(ast.Var); ok {
		return string(name)
	}
	return string(r.Head.Name)
}

// severityOf returns the severity of a rule from its name, by the naming convention of
// conftest (deny, violation, warn). It returns false for a rule that does not report
// violations.
func severityOf(r *ast.Rule) (report.Severity, bool) {
	if len(r.Head.Args) > 0 {
		return "", false
	}
	kind, _, _ := strings.Cut(ruleName(r), "_")
	switch kind {
	case "deny", "violation":
		return report.High, true
	case "warn":
		return report.Medium, true
	}
	return "", false
}

// problemsOf returns the errors of the compiler, one per line.
func problemsOf(err error) (lines []string) {
	var all ast.Errors
	if !errors.As(err, &all) {
		return []string{render.Reason(err)}
	}
	for _, e := range all {
		at := ""
		if e.Location != nil {
			at = fmt.Sprintf("%s:%d:%d ", e.Location.File, e.Location.Row, max(1, e.Location.Col))
		}
		more := ""
		for _, name := range forbidden {
			if strings.HasSuffix(e.Message, "undefined function "+name) {
				more = " (a policy has no access to the network or the host)"
			}
		}
		lines = append(lines, at+render.Reason(errors.New(e.Message))+more)
	}
	return lines
}

// CheckPolicy returns the errors in the Rego files below a folder of dir as a
// *report.UsageError.
func CheckPolicy(dir, folder string) error {
	_, err := (&Scanner{Policy: folder, PolicyDir: dir}).policy(gate.Input{Dir: dir})
	return err
}

// cause returns the cause of a file error without the path, which may be absolute.
func cause(err error) error {
	if p, ok := err.(*fs.PathError); ok {
		return p.Err
	}
	return err
}
