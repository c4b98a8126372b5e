package terraform

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// maxFile is the maximum size of a configuration file, in bytes. This package reads only
// names and types.
const maxFile = 1 << 20

// configuration lists what a folder of .tf files declares. For OpenTofu it includes
// .tofu files, which libraries for Terraform ignore.
type configuration struct {
	variables map[string]*variable
	outputs   map[string]bool
	backend   string          // its type; cloud; "": none
	assigned  map[string]bool // variables that a .tfvars file sets
	locked    bool            // it pins its providers
}

// variable is a variable that a configuration declares.
type variable struct {
	kind      string // "" when any is taken as a string
	required  bool
	sensitive bool
	file      string
	line      int
}

// primitive reports whether a value of the variable is passed unchanged, not as JSON.
func (v *variable) primitive() bool {
	return slices.Contains([]string{"", "string", "number", "bool"}, v.kind)
}

// takes reports whether the variable's type accepts a value.
func (v *variable) takes(value any) bool {
	switch value.(type) {
	case string, int, bool:
		return v.primitive() || v.kind == "any"
	}
	return !v.primitive()
}

var (
	rootSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "variable", LabelNames: []string{"name"}}, {Type: "output", LabelNames: []string{"name"}}, {Type: "terraform"},
	}}
	variableSchema  = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "type"}, {Name: "default"}, {Name: "sensitive"}}}
	terraformSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "backend", LabelNames: []string{"type"}}, {Type: "cloud"}}}
)

// readConfiguration reads the configuration in dir. A parse error is a
// *report.UsageError.
func readConfiguration(dir string, tofu bool) (*configuration, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("cannot read the Terraform configuration: %v: set terraform in .goldenpath.yml to its folder", err))
	}
	c := &configuration{variables: map[string]*variable{}, outputs: map[string]bool{}, assigned: map[string]bool{}}
	var main, override []string
	for _, e := range entries {
		name := e.Name()
		base, kind := split(name)
		switch {
		case strings.HasPrefix(name, "."):
			c.locked = c.locked || name == ".terraform.lock.hcl"
		case kind == "tfvars" && (base == "terraform" || strings.HasSuffix(base, ".auto")):
			if err := c.readValues(dir, name); err != nil {
				return nil, err
			}
		case kind != "tf" && (kind != "tofu" || !tofu):
		case tofu && kind == "tf" && slices.ContainsFunc(entries, func(o os.DirEntry) bool { return o.Name() == strings.Replace(name, base+".tf", base+".tofu", 1) }):
		case base == "override" || strings.HasSuffix(base, "_override"):
			override = append(override, name)
		default:
			main = append(main, name)
		}
	}
	if len(main) == 0 {
		return nil, report.Usage(dir + " contains no .tf file: set terraform in .goldenpath.yml to the folder of the configuration")
	}
	for _, name := range append(main, override...) {
		if err := c.read(dir, name); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// split splits a file name into its base and its kind, and ignores .json: "main.tf.json"
// gives "main" and "tf".
func split(name string) (base, kind string) {
	name = strings.TrimSuffix(name, ".json")
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return name, ""
	}
	return name[:i], name[i+1:]
}

func parse(dir, name string) (*hcl.File, error) {
	file := filepath.Join(dir, name)
	fi, err := os.Stat(file)
	if err == nil && (fi.Size() > maxFile || !fi.Mode().IsRegular()) {
		return nil, report.Usage(fmt.Sprintf("%s is not a regular file, or is larger than %d bytes: split it", file, maxFile))
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the Terraform configuration: %w", err)
	}
	if tooDeep(b) {
		return nil, report.Usage(fmt.Sprintf("%s is nested more than %d levels deep, or chains more than %d conditions: split it", file, maxNesting, maxJoins))
	}
	var f *hcl.File
	var diags hcl.Diagnostics
	if strings.HasSuffix(name, ".json") {
		f, diags = hclparse.NewParser().ParseJSON(b, name)
	} else {
		f, diags = hclparse.NewParser().ParseHCL(b, name)
	}
	return f, mistake(dir, diags)
}

// mistake returns the first error of diags as a UsageError.
func mistake(dir string, diags hcl.Diagnostics) error {
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		where := dir
		if d.Subject != nil {
			where = fmt.Sprintf("%s:%d", filepath.Join(dir, d.Subject.Filename), d.Subject.Start.Line)
		}
		return report.Usage(fmt.Sprintf("%s: %s: %s", where, plain(d.Summary, textMax), plain(d.Detail, textMax)))
	}
	return nil
}

func (c *configuration) readValues(dir, name string) error {
	f, err := parse(dir, name)
	if err != nil {
		return err
	}
	attrs, diags := f.Body.JustAttributes()
	for k := range attrs {
		c.assigned[k] = true
	}
	return mistake(dir, diags)
}

// read adds the declarations in a file to the configuration. A declaration in an
// override file changes only the attributes that it contains.
func (c *configuration) read(dir, name string) error {
	f, err := parse(dir, name)
	if err != nil {
		return err
	}
	content, _, diags := f.Body.PartialContent(rootSchema)
	if err := mistake(dir, diags); err != nil {
		return err
	}
	for _, b := range content.Blocks {
		switch b.Type {
		case "output":
			c.outputs[b.Labels[0]] = true
		case "terraform":
			inner, _, _ := b.Body.PartialContent(terraformSchema)
			for _, in := range inner.Blocks {
				c.backend = in.Type
				if in.Type == "backend" {
					c.backend = in.Labels[0]
				}
			}
		case "variable":
			c.declare(b, f.Bytes)
		}
	}
	return nil
}

func (c *configuration) declare(b *hcl.Block, src []byte) {
	name := b.Labels[0]
	v := c.variables[name]
	if v == nil {
		v = &variable{required: true, file: b.DefRange.Filename, line: b.DefRange.Start.Line}
		c.variables[name] = v
	}
	content, _, _ := b.Body.PartialContent(variableSchema)
	if a := content.Attributes["type"]; a != nil {
		v.kind = text(a, src)
	}
	if content.Attributes["default"] != nil {
		v.required = false
	}
	if a := content.Attributes["sensitive"]; a != nil {
		v.sensitive = text(a, src) == "true"
	}
}

// text returns the source text of an attribute. The expression is not evaluated, because
// untrusted input may be deeply nested.
func text(a *hcl.Attribute, src []byte) string {
	return strings.Trim(strings.TrimSpace(string(a.Expr.Range().SliceBytes(src))), `"`)
}
