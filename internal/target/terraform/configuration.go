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
	settings  bool            // the backend's block has settings
	assigned  map[string]bool // variables that a .tfvars file sets
	locked    bool            // it pins its providers
}

// local reports whether the state stays on this machine.
func (c *configuration) local() bool { return c.backend == "" || c.backend == "local" }

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

// readConfiguration reads the configuration in dir, which messages call shown. A parse
// error is a *report.UsageError.
func readConfiguration(dir, shown string, tofu bool) (*configuration, error) {
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
			if err := c.readValues(folder{dir, shown}, name); err != nil {
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
		return nil, report.Usage(shown + " contains no .tf file: set terraform in .goldenpath.yml to the folder of the configuration")
	}
	for _, name := range append(main, override...) {
		if err := c.read(folder{dir, shown}, name); err != nil {
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

// folder is a folder, and its name in messages.
type folder struct{ dir, shown string }

func (at folder) parse(name string) (*hcl.File, error) {
	file, shown := filepath.Join(at.dir, name), filepath.Join(at.shown, name)
	fi, err := os.Stat(file)
	if err == nil && (fi.Size() > maxFile || !fi.Mode().IsRegular()) {
		return nil, report.Usage(fmt.Sprintf("%s is not a regular file, or is larger than %d bytes: split it", shown, maxFile))
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the Terraform configuration: %w", err)
	}
	return at.parseBytes(name, b)
}

func (at folder) parseBytes(name string, b []byte) (*hcl.File, error) {
	shown := filepath.Join(at.shown, name)
	if tooDeep(b) {
		return nil, report.Usage(fmt.Sprintf("%s is nested more than %d levels deep, or chains more than %d conditions: split it", shown, maxNesting, maxJoins))
	}
	var f *hcl.File
	var diags hcl.Diagnostics
	if strings.HasSuffix(name, ".json") {
		f, diags = hclparse.NewParser().ParseJSON(b, name)
	} else {
		f, diags = hclparse.NewParser().ParseHCL(b, name)
	}
	return f, at.mistake(diags)
}

// mistake returns the first error of diags as a UsageError.
func (at folder) mistake(diags hcl.Diagnostics) error {
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		where := at.shown
		if d.Subject != nil {
			where = fmt.Sprintf("%s:%d", filepath.Join(at.shown, d.Subject.Filename), d.Subject.Start.Line)
		}
		return report.Usage(fmt.Sprintf("%s: %s: %s", where, plain(d.Summary, textMax), plain(d.Detail, textMax)))
	}
	return nil
}

func (c *configuration) readValues(at folder, name string) error {
	f, err := at.parse(name)
	if err != nil {
		return err
	}
	attrs, diags := f.Body.JustAttributes()
	for k := range attrs {
		c.assigned[k] = true
	}
	return at.mistake(diags)
}

// read adds the declarations in a file to the configuration. A declaration in an
// override file changes only the attributes that it contains.
func (c *configuration) read(at folder, name string) error {
	f, err := at.parse(name)
	if err != nil {
		return err
	}
	return c.collect(at, f)
}

// collect adds the declarations of a parsed file.
func (c *configuration) collect(at folder, f *hcl.File) error {
	content, _, diags := f.Body.PartialContent(rootSchema)
	if err := at.mistake(diags); err != nil {
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
				settings, _ := in.Body.JustAttributes()
				c.settings = len(settings) > 0
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
