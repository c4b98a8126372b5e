package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/seed-b235b314/goldenpath/internal/render"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// input is the value that the policy is evaluated on: a Kubernetes object or a
// Terraform plan.
type input struct {
	value any
	name  string // such as Deployment/web
	space string
	at    report.Location
}

// violation is a message that a rule of the policy reports.
type violation struct {
	rule     string // the id that the rule sets, or its name, such as main.deny
	severity report.Severity
	message  string
	fix      string
}

// ruleTimeout is the limit for one rule on one object.
const ruleTimeout = 10 * time.Second

// evaluate runs every rule on the input. An undefined rule reports nothing; a rule that
// cannot be evaluated is an error.
func (p *policy) evaluate(ctx context.Context, in input) (out []violation, err error) {
	if p == nil {
		return nil, nil
	}
	value, err := ast.InterfaceToValue(in.value)
	if err != nil {
		return nil, fmt.Errorf("cannot pass %s to the policy: %w", in.name, err)
	}
	for _, q := range p.queries {
		results, err := q.eval(ctx, value)
		if err != nil {
			return nil, fmt.Errorf("cannot evaluate rule %s on %s: %s", q.name, in.name, render.Reason(err))
		}
		for _, r := range results {
			for _, e := range r.Expressions {
				found, err := q.read(e.Value)
				if err != nil {
					return nil, fmt.Errorf("cannot evaluate rule %s on %s: %w", q.name, in.name, err)
				}
				out = append(out, found...)
			}
		}
	}
	return out, nil
}

func (q query) eval(ctx context.Context, value ast.Value) (rego.ResultSet, error) {
	own, cancel := context.WithTimeout(ctx, ruleTimeout)
	defer cancel()
	results, err := q.Eval(own, rego.EvalParsedInput(value))
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case own.Err() != nil:
		return nil, fmt.Errorf("the evaluation takes longer than %s: simplify the rule", ruleTimeout)
	}
	return results, err
}

// read converts the value of a rule.
func (q query) read(value any) (out []violation, err error) {
	switch v := value.(type) {
	case []any:
		for _, e := range v {
			b, err := q.one(e)
			if err != nil {
				return nil, err
			}
			out = append(out, b)
		}
		return out, nil
	case string, map[string]any:
		b, err := q.one(v)
		return []violation{b}, err
	case bool:
		if !v {
			return nil, nil
		}
		return []violation{{rule: q.name, severity: q.severity, message: "violates " + q.name, fix: q.fix()}}, nil
	}
	return nil, fmt.Errorf("the rule returns a %s: make the rule return a set of messages", typeName(value))
}

// typeName returns the type of a value in Rego's terms.
func typeName(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array or set"
	case map[string]any:
		return "object"
	}
	return "number"
}

func (q query) fix() string { return "see " + q.name + " in the policy of this repository" }

// one reads one element of a rule's value: a message, or an object with the key msg.
func (q query) one(e any) (violation, error) {
	b := violation{rule: q.name, severity: q.severity, fix: q.fix()}
	switch e := e.(type) {
	case string:
		b.message = e
	case map[string]any:
		texts := map[string]string{}
		for _, key := range []string{"msg", "severity", "id", "fix"} {
			text, ok := e[key].(string)
			if e[key] != nil && !ok {
				return b, fmt.Errorf("%s in an element of the rule is a %s: it must be a string", key, typeName(e[key]))
			}
			texts[key] = text
		}
		b.message, b.fix = texts["msg"], cmp.Or(texts["fix"], b.fix)
		b.rule = cmp.Or(texts["id"], b.rule)
		if s := texts["severity"]; s != "" {
			b.severity = report.Severity(strings.ToLower(s))
			if !slices.Contains(report.Severities, b.severity) {
				return b, fmt.Errorf("severity %q in an element of the rule is not valid: use critical, high, medium, low or note", s)
			}
		}
	default:
		return b, fmt.Errorf("an element of the rule is a %s: it must be a message (a string, or an object with the key msg)", typeName(e))
	}
	if b.message == "" {
		return b, errors.New("an element of the rule has no key msg: add it")
	}
	return b, nil
}
