package report

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemas = "../../docs/schema/"

func compileSchema(t *testing.T, file string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(schemas + file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func instance(t *testing.T, text string) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestGoldensFitTheSchema(t *testing.T) {
	schema := compileSchema(t, "report.v1.json")
	for _, name := range []string{"pass", "blocked"} {
		b, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(instance(t, string(b))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Text of strangers fits; words of goldenpath's own that it does not know do not.
	r := hostile()
	if err := schema.Validate(instance(t, written(t, r.WriteJSON))); err == nil {
		t.Error("states and severities that are not known fit the schema")
	}
	for i := range r.Checks {
		r.Checks[i].State = OK
	}
	for i := range r.Findings {
		r.Findings[i].Severity, r.Findings[i].Status, r.Findings[i].At.Line = High, New, i+1
	}
	if err := schema.Validate(instance(t, written(t, r.WriteJSON))); err != nil {
		t.Errorf("hostile: %v", err)
	}
	if err := schema.Validate(instance(t, written(t, (&Report{Name: "down", Verdict: Skip}).WriteJSON))); err != nil {
		t.Errorf("empty report: %v", err)
	}
}

func TestSchemaRefuses(t *testing.T) {
	schema := compileSchema(t, "report.v1.json")
	for name, change := range map[string]func(map[string]any){
		"an unknown key":       func(m map[string]any) { m["extra"] = 1 },
		"no verdict":           func(m map[string]any) { delete(m, "verdict") },
		"another verdict":      func(m map[string]any) { m["verdict"] = "passed" },
		"another version":      func(m map[string]any) { m["schema"] = "goldenpath.promote/v2" },
		"no list of findings":  func(m map[string]any) { m["findings"] = nil },
		"a check with no name": func(m map[string]any) { m["checks"] = []any{map[string]any{"state": "pass", "result": ""}} },
		"a time that is none":  func(m map[string]any) { m["started"] = "yesterday" },
	} {
		m := instance(t, written(t, passed().WriteJSON)).(map[string]any)
		change(m)
		if schema.Validate(m) == nil {
			t.Errorf("%s fits the schema", name)
		}
	}
}

// TestSchemaMatchesStructs: every JSON field is a property of the schema and
// the other way round, and is required exactly when it is always written.
func TestSchemaMatchesStructs(t *testing.T) {
	b, err := os.ReadFile(schemas + "report.v1.json")
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(b, &root); err != nil {
		t.Fatal(err)
	}
	var check func(name string, typ reflect.Type, n map[string]any)
	check = func(name string, typ reflect.Type, n map[string]any) {
		if typ.Kind() == reflect.Slice {
			if items, ok := n["items"].(map[string]any); ok {
				check(name, typ.Elem(), items)
			}
			return
		}
		if typ.Kind() != reflect.Struct || typ.PkgPath() != reflect.TypeFor[Report]().PkgPath() {
			return
		}
		properties, _ := n["properties"].(map[string]any)
		var fields, required []string
		for i := range typ.NumField() {
			field, options, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			fields = append(fields, field)
			if options == "" {
				required = append(required, field)
			}
			p, _ := properties[field].(map[string]any)
			if p["description"] == nil && p["$ref"] == nil {
				t.Errorf("%s.%s has no description", name, field)
			}
			check(name+"."+field, typ.Field(i).Type, p)
		}
		var got, must []string
		for p := range properties {
			got = append(got, p)
		}
		for _, p := range asList(n["required"]) {
			must = append(must, p.(string))
		}
		for _, s := range [][]string{fields, required, got, must} {
			slices.Sort(s)
		}
		if diff := cmp.Diff(fields, got); diff != "" {
			t.Errorf("properties of %s (-struct +schema):\n%s", name, diff)
		}
		if diff := cmp.Diff(required, must); diff != "" {
			t.Errorf("required of %s (-struct +schema):\n%s", name, diff)
		}
		if n["additionalProperties"] != false {
			t.Errorf("%s accepts any key", name)
		}
	}
	check("report", reflect.TypeFor[Report](), root)
}

func asList(v any) []any {
	l, _ := v.([]any)
	return l
}

// TestScorecardSchema proves the schema of GP-SCORE-1: a card as it is written
// today fits, less does not.
func TestScorecardSchema(t *testing.T) {
	schema := compileSchema(t, "scorecard.v1.json")
	const card = `{"schema": "goldenpath.scorecard-card/v1",
		"dimensions": [{"name": "tests", "state": "pass", "result": "137 passed, 0 failed, 0 flaky", "must": true}, {"name": "rollback", "state": "not-applicable", "result": "first release", "note": "n", "must": false}],
		"tests": {"files": 3, "passed": 137, "failed": 0, "skipped": 0, "flaky": [], "broken": null, "incomplete": [], "unmatched": ["e2e/*.xml"]},
		"requirements": {"defined": ["W2E-1"], "touched": ["W2E-1"], "covered": ["W2E-1"], "unknown": [], "uncovered": null},
		"readiness": [{"name": "lock file", "found": true, "proof": "go.sum"}]}`
	if err := schema.Validate(instance(t, card)); err != nil {
		t.Error(err)
	}
	for _, change := range []string{`"must": true`, `"schema": "goldenpath.scorecard-card/v1",`, `"state": "pass"`, `"failed": 0,`, `"proof": "go.sum"`} {
		broken := strings.Replace(card, change, strings.Replace(change, `": `, `!": `, 1), 1)
		if schema.Validate(instance(t, broken)) == nil {
			t.Errorf("fits without %s", change)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	for name, r := range reports() {
		t.Run(name, func(t *testing.T) {
			for i := range r.Findings { // JSON has no other text than UTF-8
				f := &r.Findings[i]
				for _, s := range []*string{&f.Rule, &f.Message, &f.At.Path, &f.Package, &f.Fix, &f.Waiver} {
					*s = string([]rune(*s))
				}
				for j := range f.Aliases {
					f.Aliases[j] = string([]rune(f.Aliases[j]))
				}
				for j := range f.Tools {
					f.Tools[j] = string([]rune(f.Tools[j]))
				}
			}
			for i := range r.Checks {
				for _, s := range []*string{&r.Checks[i].Name, &r.Checks[i].Result, &r.Checks[i].Note} {
					*s = string([]rune(*s))
				}
			}
			r.Commit = string([]rune(r.Commit))
			for i := range r.Sections {
				r.Sections[i].Text = string([]rune(r.Sections[i].Text))
			}
			checkRoundTrip(t, r)
		})
	}
}

func TestReadRefuses(t *testing.T) {
	good := written(t, passed().WriteJSON)
	for name, text := range map[string]string{
		"nothing":           "",
		"an empty object":   "{}",
		"another document":  `{"schema": "cyclonedx", "findings": []}`,
		"a list":            "[]",
		"null":              "null",
		"another version":   strings.Replace(good, "promote/v1", "promote/v2", 1),
		"two reports":       good + good,
		"half a report":     good[:len(good)/2],
		"a wrong kind":      strings.Replace(good, `"checks": [`, `"checks": 3, "x": [`, 1),
		"a word at the end": good + "x",
	} {
		if r, err := Read(strings.NewReader(text)); err == nil {
			t.Errorf("%s is read as %+v", name, r)
		}
	}
}
