package trivy

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

	adapter "github.com/aquasecurity/trivy/pkg/iac/adapters/terraform"
	"github.com/aquasecurity/trivy/pkg/iac/scanners/terraform/parser"
	library "github.com/aquasecurity/trivy/pkg/iac/terraform"
	"github.com/aquasecurity/trivy/pkg/mapfs"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
)

// memoryFiles is a file system in memory. The library parses every file it finds, so it
// is given only these files and cannot read outside the repository.
type memoryFiles struct {
	*mapfs.FS
	names []string
	size  int
}

func newFiles() *memoryFiles { return &memoryFiles{FS: mapfs.New()} }

func (f *memoryFiles) add(name string, text []byte) error {
	if err := f.MkdirAll(path.Dir(name), fs.ModePerm); err != nil {
		return err
	}
	f.names = append(f.names, name)
	f.size += len(text)
	return f.WriteVirtualFile(name, text, 0o644)
}

// modules are the Terraform files of a repository.
type modules struct {
	texts map[string][]byte
	calls map[string][]string // folder: folders of the local modules that it calls
	dirs  map[string]bool     // with Terraform files

	external  int                 // calls of modules of a registry or another repository
	replaced  int                 // files that OpenTofu replaces with others
	unchecked int                 // resources of providers without checks
	repeated  map[string][]string // folder: resources and modules with count or for_each
}

const terraformNoun = "Terraform file"

// terraform checks all Terraform of a repository at once, because modules refer to each
// other.
func (s *Scanner) terraform(ctx context.Context, root *os.Root, texts map[string][]byte) (result, error) {
	withoutVariables()
	m := &modules{texts: texts, calls: map[string][]string{}, dirs: map[string]bool{}, repeated: map[string][]string{}}
	a := result{noun: terraformNoun}
	m.replaced = m.shadow()
	lines := m.override()
	all := newFiles()
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if err := m.inspect(name); err != nil {
			a.gaps = append(a.gaps, unread(name, err))
			continue
		}
		a.files++
		if err := all.add(name, visibleID(name, texts[name])); err != nil {
			return result{}, err
		}
	}
	absent, err := m.addData(root, all)
	if err != nil {
		return result{}, err
	}
	fail := func(dir string, err error) {
		a.gaps = append(a.gaps, unread("Terraform module "+dir, err))
		a.files -= m.filesIn(dir)
	}
	for dir := range m.dirs { // of files that cannot be read, which are gaps already
		if !slices.ContainsFunc(all.names, func(name string) bool { return path.Dir(name) == dir && isModule(name) }) {
			delete(m.dirs, dir)
		}
	}
	roots, circles := m.roots()
	for _, dir := range circles {
		fail(dir, errCircle)
	}
	variants, unused := m.variants(roots)
	a.files -= len(unused)
	var services []string
	var evaluated []evaluation
	for _, v := range variants {
		e, err := m.evaluate(ctx, all, v)
		if ctx.Err() != nil {
			return result{}, ctx.Err()
		}
		switch {
		case err != nil && v.extra != "":
			a.gaps = append(a.gaps, unread(v.extra, err))
			a.files--
		case err != nil:
			fail(v.dir, err)
		default:
			evaluated = append(evaluated, e)
			services = append(services, servicesOf(e.document)...)
		}
	}
	slices.Sort(services)
	services = slices.Compact(services) // compiled together
	hidden := places{}
	for _, e := range evaluated {
		found, err := s.cloudDocument(ctx, e.dir, e.document, services)
		if ctx.Err() != nil {
			return result{}, ctx.Err()
		}
		if err != nil {
			fail(e.dir, err)
		}
		for _, f := range e.unknown.without(found, hidden) {
			f.At.Line = lines.original(f.At.Path, f.At.Line)
			a.findings = append(a.findings, f)
		}
	}
	a.omit(externalModule, m.external)
	a.omit(missingModule, m.missing())
	a.omit(replacedFile, m.replaced)
	a.omit(uncheckedResource, m.unchecked)
	a.omit(otherVariables, len(unused))
	a.omit(absentData, absent)
	a.omit(templateCall, m.templates())
	m.incomplete(evaluated, hidden, &a)
	return a, nil
}

// evaluate returns the resources of a root module in the form that the checks take.
func (m *modules) evaluate(ctx context.Context, all *memoryFiles, v variant) (evaluation, error) {
	variables := m.variables(v.dir)
	if v.extra != "" {
		variables = append(variables, v.extra)
	}
	// Functions read only from a file system of this type.
	p := parser.New(all.FS, "", parser.OptionWithDownloads(false), parser.OptionWithSkipCachedModules(true),
		parser.OptionWithWorkingDirectoryPath("."), parser.OptionWithTFVarsPaths(variables...))
	if err := p.ParseFS(ctx, v.dir); err != nil {
		return evaluation{}, err
	}
	evaluated, err := p.EvaluateAll(ctx)
	if err != nil {
		return evaluation{}, err
	}
	document, _ := adapter.Adapt(evaluated).ToRego().(map[string]any)
	e := newEvaluation(v, evaluated) // afterwards: to adapt gives texts with unknown parts a value
	e.document = document
	return e, nil
}

// isModule reports whether a Terraform file is part of a module, and is not a file of
// variables.
func isModule(name string) bool {
	return slices.ContainsFunc([]string{".tf", ".tf.json", ".tofu", ".tofu.json"}, func(end string) bool { return strings.HasSuffix(name, end) })
}

// shadow removes the files that OpenTofu does not load because a .tofu file of the same
// name exists, and returns their number: aquasecurity/trivy#11192.
func (m *modules) shadow() (n int) {
	for name := range m.texts {
		for _, end := range []string{"", ".json"} {
			base, ok := strings.CutSuffix(name, ".tofu"+end)
			if _, both := m.texts[base+".tf"+end]; ok && both {
				delete(m.texts, base+".tf"+end)
				n++
			}
		}
	}
	return n
}

// inspect parses a file as the library does, which does not return the error, and
// notes the modules that the file calls.
func (m *modules) inspect(name string) error {
	if !isModule(name) {
		return nil
	}
	dir := path.Dir(name)
	m.dirs[dir] = true
	var file *hcl.File
	var problems hcl.Diagnostics
	if strings.HasSuffix(name, ".json") {
		file, problems = hclparse.NewParser().ParseJSON(m.texts[name], name)
	} else {
		file, problems = hclparse.NewParser().ParseHCL(m.texts[name], name)
	}
	if problems.HasErrors() {
		return firstProblem(problems)
	}
	content, problems := file.Body.Content(library.Schema)
	if problems.HasErrors() {
		return firstProblem(problems)
	}
	for _, block := range content.Blocks {
		if block.Type != "resource" && block.Type != "module" {
			continue
		}
		attributes, _ := block.Body.JustAttributes()
		if attributes["count"] != nil || attributes["for_each"] != nil {
			m.repeated[dir] = append(m.repeated[dir], block.Type+"."+strings.Join(block.Labels, "."))
		}
		if block.Type == "resource" {
			if len(block.Labels) > 0 && !isChecked(block.Labels[0]) {
				m.unchecked++
			}
			continue
		}
		source, ok := attributes["source"]
		if !ok {
			continue
		}
		value, problems := source.Expr.Value(nil)
		if problems.HasErrors() || value.Type().FriendlyName() != "string" {
			m.external++
			continue
		}
		if from := value.AsString(); strings.HasPrefix(from, ".") {
			m.calls[dir] = append(m.calls[dir], path.Join(dir, from))
		} else {
			m.external++
		}
	}
	return nil
}

func firstProblem(problems hcl.Diagnostics) error {
	for _, p := range problems {
		if p.Severity == hcl.DiagError {
			line := 0
			if p.Subject != nil {
				line = p.Subject.Start.Line
			}
			return fmt.Errorf("line %d: %s: %s", line, p.Summary, p.Detail)
		}
	}
	return problems
}

// missing counts the local modules that are called and have no files.
func (m *modules) missing() (n int) {
	seen := map[string]bool{}
	for _, all := range m.calls {
		for _, called := range all {
			if !m.dirs[called] && !seen[called] {
				seen[called] = true
				n++
			}
		}
	}
	return n
}

// filesIn counts the files in a folder.
func (m *modules) filesIn(dir string) (n int) {
	for name := range m.texts {
		if path.Dir(name) == dir {
			n++
		}
	}
	return n
}

var errCircle = errors.New("its modules call each other in a circle")

// roots returns the folders of the root modules, which no other module calls, and the
// folders of modules that call each other in a circle: Terraform rejects these, and the
// library would evaluate them for ever.
func (m *modules) roots() (out, circles []string) {
	called := map[string]bool{}
	for dir, all := range m.calls {
		for _, one := range all {
			// An example that calls the module above it is not the only use of that.
			if one != "." && !strings.HasPrefix(dir+"/", one+"/") {
				called[one] = true
			}
		}
	}
	states := map[string]visit{}
	for _, dir := range slices.Sorted(maps.Keys(m.dirs)) {
		switch circle := m.circle(dir, states); {
		case circle:
			circles = append(circles, dir)
		case !called[dir]:
			out = append(out, dir)
		}
	}
	return out, circles
}

type visit int

const (
	begun visit = iota + 1
	straight
	circular
)

// circle reports whether a module calls itself, or modules that do.
func (m *modules) circle(dir string, states map[string]visit) bool {
	switch states[dir] {
	case begun, circular:
		return true
	case straight:
		return false
	}
	states[dir] = begun
	state := straight
	for _, one := range m.calls[dir] {
		if m.circle(one, states) {
			state = circular
		}
	}
	states[dir] = state
	return state == circular
}

// variables returns the files of variables that Terraform loads for a root module by
// itself, in their order.
func (m *modules) variables(dir string) (out []string) {
	in := func(name string) string { return path.Join(dir, name) }
	for _, name := range []string{in("terraform.tfvars"), in("terraform.tfvars.json")} {
		if _, ok := m.texts[name]; ok {
			out = append(out, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.texts)) {
		if path.Dir(name) == dir && (strings.HasSuffix(name, ".auto.tfvars") || strings.HasSuffix(name, ".auto.tfvars.json")) {
			out = append(out, name)
		}
	}
	return out
}
