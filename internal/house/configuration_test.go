package house

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/config"
)

var update = flag.Bool("update", false, "rewrite generated documents")

type property struct {
	Ref                  string              `json:"$ref"`
	Type                 string              `json:"type"`
	Description          string              `json:"description"`
	Enum                 []string            `json:"enum"`
	Required             []string            `json:"required"`
	Properties           map[string]property `json:"properties"`
	AdditionalProperties json.RawMessage     `json:"additionalProperties"`
	Items                *property           `json:"items"`
	Defs                 map[string]property `json:"$defs"`
	Const                any                 `json:"const"`
}

const configurationHead = `# .goldenpath.yml

Generated from the schema (docs/schema/goldenpath.v1.json); run ` + "`go test ./internal/house -update`" + ` after a change. An unknown key, a
wrong value or a name that refers to nothing is an error with file, line, column and the nearest known key. All errors are reported
at once. Everything but ` + "`version`, `app` and `artifact`" + ` has a default.

| key | value | |
|---|---|---|
`

// TestConfigurationDocument: docs/configuration.md is generated from the schema.
func TestConfigurationDocument(t *testing.T) {
	var root property
	if err := json.Unmarshal(config.Schema(), &root); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(configurationHead)
	rows(&b, root, root, "")
	const name = "../../docs/configuration.md"
	if *update {
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != b.String() {
		t.Errorf("%s does not match the schema; run: go test ./internal/house -update", name)
	}
}

func rows(b *strings.Builder, root, p property, prefix string) {
	for _, key := range slices.Sorted(maps.Keys(p.Properties)) {
		row(b, root, p.Properties[key], prefix+key, slices.Contains(p.Required, key))
	}
	var inner property
	if json.Unmarshal(p.AdditionalProperties, &inner) == nil && len(p.AdditionalProperties) > 5 {
		row(b, root, inner, prefix+"*", false)
	}
	if p.Items != nil && len(p.Items.Properties) > 0 {
		rows(b, root, *p.Items, strings.TrimSuffix(prefix, ".")+"[].")
	}
}

func row(b *strings.Builder, root, p property, key string, required bool) {
	kind, description := p.Type, p.Description
	if p.Ref != "" {
		name := strings.TrimPrefix(p.Ref, "#/$defs/")
		def := root.Defs[name]
		kind = name
		if description == "" {
			description = def.Description
		}
		p = def
	}
	switch {
	case len(p.Enum) > 0:
		kind = "`" + strings.Join(p.Enum, "`, `") + "`"
	case p.Const != nil:
		kind = fmt.Sprintf("`%v`", p.Const)
	case kind == "step":
		kind, description = "command, or {run, junit, timeout}", strings.TrimSpace(description+" Shell command; junit is a glob of the JUnit files that it writes, at least one; timeout defaults to 15m.")
	case kind == "object":
		kind = ""
	}
	if required {
		description = strings.TrimSpace("**Required.** " + description)
	}
	fmt.Fprintf(b, "| `%s` | %s | %s |\n", key, kind, description)
	rows(b, root, p, key+".")
}
