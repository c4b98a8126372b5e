package config

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPublishedSchemaIsTheSchema(t *testing.T) {
	published, err := os.ReadFile("../../docs/schema/goldenpath.v1.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(published, schemaJSON) {
		t.Error("docs/schema/goldenpath.v1.json differs from schema.json: copy it there")
	}
	if _, err := compile(); err != nil {
		t.Errorf("schema does not compile: %v", err)
	}
}

// TestSchemaIsComplete: every property has a description, no mapping is open by
// accident, every format is checked, and every pattern has a title of its own.
func TestSchemaIsComplete(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(schemaJSON, &root); err != nil {
		t.Fatal(err)
	}
	defs := root["$defs"].(map[string]any)
	known := map[string]bool{}
	for _, f := range formats {
		known[f.Name] = true
	}
	words := map[string]string{}
	var walk func(path string, n map[string]any)
	walk = func(path string, n map[string]any) {
		if n["type"] == "object" && n["additionalProperties"] == nil {
			t.Errorf("%s accepts any key", path)
		}
		if f, ok := n["format"].(string); ok && !known[f] {
			t.Errorf("%s has format %q, which nothing checks", path, f)
		}
		if p, ok := n["pattern"].(string); ok {
			regexp.MustCompile(p)
			word, _ := n["title"].(string)
			if word == "" {
				t.Errorf("%s: pattern %s has no title, which messages need", path, p)
			}
			if other, taken := words[word]; taken && other != p {
				t.Errorf("%s: patterns %s and %s are both called %q", path, p, other, word)
			}
			words[word] = p
		}
		for key, v := range n {
			switch v := v.(type) {
			case map[string]any:
				if key != "properties" && key != "$defs" {
					walk(path+"/"+key, v)
					continue
				}
				for name, p := range v {
					p := p.(map[string]any)
					if key == "properties" && p["description"] == nil && !describedByRef(p, defs) {
						t.Errorf("%s/%s has no description", path, name)
					}
					walk(path+"/"+name, p)
				}
			case []any:
				for _, alt := range v {
					if alt, ok := alt.(map[string]any); ok {
						walk(path+"/"+key, alt)
					}
				}
			}
		}
	}
	walk("", root)
}

func describedByRef(p, defs map[string]any) bool {
	ref, _ := p["$ref"].(string)
	def, _ := defs[ref[min(len(ref), len("#/$defs/")):]].(map[string]any)
	return def["description"] != nil
}

// TestSchemaMatchesStructs: every yaml tag is a property of the schema, and the
// other way round.
func TestSchemaMatchesStructs(t *testing.T) {
	root, err := schemaRoot()
	if err != nil {
		t.Fatal(err)
	}
	var check func(name string, typ reflect.Type, n node)
	check = func(name string, typ reflect.Type, n node) {
		n = n.resolve(root)
		switch {
		case typ == reflect.TypeFor[Steps]():
			compare(t, name, []string{"junit", "run", "timeout"}, n.child("").resolve(root).keys())
		case typ == reflect.TypeFor[Servers]():
			check(name, reflect.TypeFor[Server](), n) // resolve has found the object among the alternatives
		case typ == reflect.TypeFor[Secret]():
			compare(t, name, []string{"key", "store"}, n.keys())
		case typ == reflect.TypeFor[Migrate]():
			compare(t, name, []string{"run", "timeout"}, n.keys())
		case typ == reflect.TypeFor[Service]():
			compare(t, name, []string{"image", "version"}, n.keys())
		case typ == reflect.TypeFor[Battery]():
			compare(t, name, []string{"smoke"}, n.keys())
			check(name+".smoke", reflect.TypeFor[[]Smoke](), n.child("smoke"))
			check(name, reflect.TypeFor[Steps](), n)
		case typ.Kind() == reflect.Pointer:
			check(name, typ.Elem(), n)
		case typ.Kind() == reflect.Slice:
			check(name, typ.Elem(), n.child(""))
		case typ.Kind() == reflect.Map:
			check(name, typ.Elem(), n.child(""))
		case typ.Kind() == reflect.Struct:
			var tags []string
			for _, f := range reflect.VisibleFields(typ) {
				if !f.IsExported() || f.Anonymous {
					continue
				}
				tag := f.Tag.Get("yaml")
				if tag == "-" { // set by defaults, not by the file
					continue
				}
				tags = append(tags, tag)
				check(name+"."+tag, f.Type, n.child(tag))
			}
			compare(t, name, slices.Sorted(slices.Values(tags)), n.keys())
		}
	}
	check("", reflect.TypeFor[Config](), root)
}

func compare(t *testing.T, name string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys of %q (-struct +schema):\n%s", name, diff)
	}
}

// TestSchemaSpeaksOfDefaults keeps the defaults that descriptions name equal to
// those that are set.
func TestSchemaSpeaksOfDefaults(t *testing.T) {
	root, err := schemaRoot()
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`Default: ([^;.]*[^;. ])`)
	got := map[string]string{}
	for _, path := range [][]string{
		{"artifact", "user"}, {"artifact", "workdir"}, {"artifact", "port"}, {"artifact", "max-size"}, {"preview", "ttl"}, {"preview", "max-ttl"},
		{"gate", "fail-on"}, {"flags"}, {"llm", "prompts"}, {"scorecard", "requirements"}, {"scorecard", "must"},
	} {
		n := root
		for _, part := range path {
			n = n.child(part)
		}
		m := said.FindStringSubmatch(n.Description)
		if m == nil {
			t.Errorf("%v names no default", path)
			continue
		}
		got[path[len(path)-1]] = m[1]
	}
	want := map[string]string{
		"user": "65532:65532", "workdir": "/", "port": "8080", "max-size": "500MB", "ttl": "24h", "max-ttl": "7d",
		"fail-on": "high", "flags": "flags", "prompts": "llm/prompts", "requirements": "docs/requirements", "must": "tests, security",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	c := Default("app")
	size, _ := parseSize(want["max-size"])
	ttl, _ := ParseDuration(want["ttl"])
	maxTTL, _ := ParseDuration(want["max-ttl"])
	if c.Artifact.MaxSize != size || c.Preview.TTL.D() != ttl || c.Preview.MaxTTL.D() != maxTTL || c.Artifact.User != want["user"] {
		t.Errorf("defaults that are set differ: %+v %+v", c.Artifact, c.Preview)
	}
}

func TestKnownKeys(t *testing.T) {
	root, err := schemaRoot()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path []string
		want []string
	}{
		{[]string{"checks", "unit"}, []string{"junit", "run", "timeout"}},
		{[]string{"battery", "smoke", "0"}, []string{"contains", "get", "status"}},
		{[]string{"environments", "x", "soak", "slo"}, []string{"availability", "error-rate", "p95"}},
		{[]string{"nowhere", "at", "all"}, nil},
	} {
		if got := root.at(test.path).keys(); !slices.Equal(got, test.want) {
			t.Errorf("%v: %v, want %v", test.path, got, test.want)
		}
	}
	if got := slices.Sorted(maps.Keys(root.Properties)); !slices.Equal(got, root.at(nil).keys()) {
		t.Errorf("root: %v", got)
	}
}

// TestValidApp: a name that ValidApp accepts is one that the schema accepts.
func TestValidApp(t *testing.T) {
	if !strings.Contains(string(Schema()), `"app": {"type": "string", "pattern": "`+validApp.String()+`"`) {
		t.Errorf("the pattern of app in schema.json is not %s", validApp)
	}
}
