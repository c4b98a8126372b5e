package trivy

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// overrides reports whether Terraform merges a file into the blocks of the other files
// of its folder. https://developer.hashicorp.com/terraform/language/files/override
func overrides(name string) bool {
	base := path.Base(name)
	for _, end := range []string{".tf", ".tofu"} {
		if stem, ok := strings.CutSuffix(base, end); ok {
			return stem == "override" || strings.HasSuffix(stem, "_override")
		}
	}
	return false
}

// override merges the override files into the blocks that they change, which the
// library does not do: it would examine the value that Terraform does not use. Blocks
// that override nothing stay in their file.
func (m *modules) override() lineMaps {
	lines := lineMaps{}
	parsed := map[string]*hclwrite.File{}
	for _, name := range slices.Sorted(maps.Keys(m.texts)) {
		if !overrides(name) {
			continue
		}
		from := m.parsed(name, parsed)
		if from == nil {
			continue
		}
		for _, block := range from.Body().Blocks() {
			file, into := m.overridden(name, block, parsed)
			if into == nil {
				continue
			}
			merge(into.Body(), block.Body())
			from.Body().RemoveBlock(block)
			for _, changed := range []string{file, name} {
				if lines[changed] == nil {
					lines[changed] = &lineMap{old: blockLines(changed, m.texts[changed])}
				}
			}
		}
	}
	for name, l := range lines {
		m.texts[name] = parsed[name].Bytes()
		l.merged = blockLines(name, m.texts[name])
	}
	return lines
}

// parsed returns the parsed file, or nil if it is not valid.
func (m *modules) parsed(name string, all map[string]*hclwrite.File) *hclwrite.File {
	if _, ok := all[name]; !ok {
		file, problems := hclwrite.ParseConfig(m.texts[name], name, hcl.InitialPos)
		if problems.HasErrors() {
			file = nil
		}
		all[name] = file
	}
	return all[name]
}

// overridden returns the block that a block of an override file changes, and its file.
func (m *modules) overridden(name string, block *hclwrite.Block, all map[string]*hclwrite.File) (string, *hclwrite.Block) {
	for _, other := range slices.Sorted(maps.Keys(m.texts)) {
		if path.Dir(other) != path.Dir(name) || overrides(other) || !isModule(other) || strings.HasSuffix(other, ".json") {
			continue
		}
		file := m.parsed(other, all)
		if file == nil {
			continue
		}
		for _, candidate := range file.Body().Blocks() {
			if candidate.Type() != block.Type() || !slices.Equal(candidate.Labels(), block.Labels()) {
				continue
			}
			if block.Type() == "locals" && !sharesAttribute(candidate.Body(), block.Body()) {
				continue
			}
			return other, candidate
		}
	}
	return "", nil
}

func sharesAttribute(a, b *hclwrite.Body) bool {
	for name := range b.Attributes() {
		if a.GetAttribute(name) != nil {
			return true
		}
	}
	return false
}

// merge sets the attributes of a body, and replaces all nested blocks of each type that
// the other body has.
func merge(into, from *hclwrite.Body) {
	attributes := from.Attributes()
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		into.SetAttributeRaw(name, attributes[name].Expr().BuildTokens(nil))
	}
	replaced := map[string]bool{}
	for _, block := range from.Blocks() {
		replaced[block.Type()] = true
	}
	for _, block := range into.Blocks() {
		if replaced[block.Type()] {
			into.RemoveBlock(block)
		}
	}
	for _, block := range from.Blocks() {
		into.AppendBlock(block)
	}
}

// lineMaps maps lines of merged files to the files as they are, by name.
type lineMaps map[string]*lineMap

type lineMap struct{ old, merged []hcl.Range }

// original returns the line in the file of a line in its merged text: that of the block
// if the block has changed.
func (l lineMaps) original(name string, line int) int {
	m := l[name]
	if m == nil || len(m.old) != len(m.merged) {
		return line
	}
	for i, r := range m.merged {
		if line >= r.Start.Line && line <= r.End.Line {
			if r.End.Line-r.Start.Line == m.old[i].End.Line-m.old[i].Start.Line {
				return m.old[i].Start.Line + line - r.Start.Line
			}
			return m.old[i].Start.Line
		}
	}
	return line
}

// blockLines returns the ranges of the blocks of a file.
func blockLines(name string, text []byte) (out []hcl.Range) {
	file, problems := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	if problems.HasErrors() {
		return nil
	}
	for _, block := range file.Body.(*hclsyntax.Body).Blocks {
		out = append(out, block.Range())
	}
	return out
}
