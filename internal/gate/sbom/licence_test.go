package sbom

import (
	"bytes"
	"encoding/json/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// GP-GATE-10: the form of a licence in the document.
func TestLicenceChoice(t *testing.T) {
	for _, c := range []struct {
		licences []string
		want     string
	}{
		{nil, `null`},
		{[]string{" ", ""}, `null`},
		{[]string{"mit"}, `[{"license":{"id":"MIT"}}]`},
		{[]string{"MIT", "mit", "Mit "}, `[{"license":{"id":"MIT"}}]`},
		{[]string{"MIT", "apache-2.0"}, `[{"license":{"id":"Apache-2.0"}},{"license":{"id":"MIT"}}]`},
		{[]string{"MIT OR Apache-2.0"}, `[{"expression":"MIT OR Apache-2.0"}]`},
		{[]string{"MIT OR Apache-2.0", "ISC"}, `[{"license":{"id":"ISC"}},{"license":{"name":"MIT OR Apache-2.0"}}]`},
		{[]string{"Unicode-3.0"}, `[{"expression":"Unicode-3.0"}]`}, // in SPDX, and not in the schema
		{[]string{"Unicode-3.0", "MIT"}, `[{"license":{"id":"MIT"}},{"license":{"name":"Unicode-3.0"}}]`},
		{[]string{"The house's own"}, `[{"license":{"name":"The house's own"}}]`},
		{[]string{"UNLICENSED"}, `[{"license":{"name":"UNLICENSED"}}]`},
		{[]string{"("}, `[{"license":{"name":"("}}]`},
	} {
		got, err := json.Marshal(licenceChoice(c.licences))
		if err != nil || string(got) != c.want {
			t.Errorf("%q: %s (%v), want %s", c.licences, got, err, c.want)
		}
	}
}

// GP-GATE-10: whatever a licence is called, in any case, the document is valid.
func TestAnyLicence(t *testing.T) {
	schema := compile(t)
	var packages []gate.Package
	for _, id := range slices.Concat(spdxlicenses.GetLicenses(), spdxlicenses.GetDeprecated(), spdxlicenses.GetExceptions(), []string{"BSD", "GPL", "SEE LICENSE IN x", "{", "\x00"}) {
		for _, l := range []string{id, strings.ToLower(id), strings.ToUpper(id)} {
			packages = append(packages, gate.Package{PURL: "pkg:npm/" + id + "@" + l, Licences: []string{l}}, gate.Package{PURL: "pkg:npm/two@" + l, Licences: []string{l, "mit", "MIT"}})
		}
	}
	var b bytes.Buffer
	if err := Write(&b, About{Name: "shop", PURL: "pkg:generic/shop@1"}, packages); err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(&b)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Error(err)
	}
}

// The ids are those of the schema that belongs to the library.
func TestLicenceIDs(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(schemas(t), "spdx.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Enum []string `json:"enum"`
	}
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	want := slices.DeleteFunc(schema.Enum, func(id string) bool { return strings.Contains(id, "exception") })
	slices.Sort(want)
	if diff := cmp.Diff(want, strings.Fields(licenceIDs)); diff != "" {
		t.Errorf("licences.txt: -schema +file:\n%s", diff)
	}
}
