package sbom

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestWrite proves GP-GATE-10 for the SBOM: it is valid against the schema that
// CycloneDX publishes, whatever packages and licences are called.
func TestWrite(t *testing.T) {
	about := About{Name: "shop", Version: "3f9c2d1", PURL: "pkg:generic/shop@3f9c2d1", Tool: "v1", Time: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	packages := []gate.Package{
		{PURL: "pkg:golang/golang.org/x/text@0.38.0", At: report.Location{Path: "go.mod", Line: 7}, Direct: true},
		{PURL: "pkg:golang/golang.org/x/text@0.38.0", At: report.Location{Path: "app/server"}, Image: true},
		{PURL: "pkg:npm/%40acme/ui@1.0.0", At: report.Location{Path: "web/package-lock.json", Line: 40}, Licences: []string{"(MIT OR Apache-2.0)"}},
		{PURL: "pkg:npm/b@2.0.0", At: report.Location{Path: "web/package-lock.json"}, Licences: []string{"MIT", "SEE LICENSE IN \"x\""}, Through: []string{"a"}},
		{PURL: "pkg:apk/alpine/busybox@1.36.1-r2?arch=x86_64", Licences: []string{"GPL-2.0-only"}, Image: true},
		{PURL: "no package URL <script>"}, {PURL: ""},
	}
	write := func(p []gate.Package) string {
		var b bytes.Buffer
		if err := Write(&b, about, p); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	text := write(packages)
	schema := compile(t)
	for _, text := range []string{text, write(nil)} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
	if write(packages) != text {
		t.Error("the same packages give other bytes")
	}
	for _, want := range []string{`"name": "golang.org/x/text"`, `"location": "app/server"`, `"expression": "(MIT OR Apache-2.0)"`, `"urn:uuid:`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if n := strings.Count(text, `"purl": "pkg:golang/golang.org/x/text@0.38.0"`); n != 1 {
		t.Errorf("%d components of one package", n)
	}
}

// compile reads the schema out of the library's module.
func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.UseLoader(loader(schemas(t)))
	schema, err := c.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// schemas returns the folder of the library's schemas.
func schemas(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "schema")
}

// loader finds what schemas refer to in a folder.
type loader string

func (dir loader) Load(url string) (any, error) {
	name := filepath.Base(strings.TrimSuffix(url, "#"))
	if name == "jsf-0.82.schema.json" {
		name = "jsf-0.82.schemax.json" // as the library has it
	}
	return jsonschema.FileLoader{}.Load("file://" + filepath.Join(string(dir), name))
}
