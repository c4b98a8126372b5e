package inventory

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	// tag matches a version, or the beginning of one: v4, 4.1, v4.1.2.
	tag = regexp.MustCompile(`^v?[0-9]+(?:\.[0-9]+){0,2}(?:-[0-9A-Za-z.]+)?$`)
	// tagComment finds a version in the comment beside a commit: "# v4.1.2", "# tag=v4.1.2".
	tagComment = regexp.MustCompile(`(?:^|[\s#=@(])(v?[0-9]+(?:\.[0-9]+){0,2}(?:-[0-9A-Za-z.]+)?)(?:$|[\s),;])`)
)

// readActions reads each "uses:" of a workflow or an action. The version is that of the
// tag, or of the comment beside a commit. A file that is not valid YAML is reported by
// the examination of workflows.
func readActions(f file) ([]Package, error) {
	docs, err := yamlDocuments(f.text)
	if err != nil {
		return nil, nil
	}
	var all []Package
	var visit func(n *yaml.Node, depth int)
	visit = func(n *yaml.Node, depth int) {
		if depth > maxDepth {
			return
		}
		for i, c := range n.Content {
			key := ""
			if n.Kind == yaml.MappingNode {
				if i%2 == 0 {
					continue
				}
				key = n.Content[i-1].Value
			}
			switch {
			case key == "uses" && c.Kind == yaml.ScalarNode:
				if p, ok := action(c); ok {
					all = append(all, p)
				}
			case !slices.Contains([]string{"with", "env", "inputs", "outputs", "run"}, key):
				visit(c, depth+1)
			}
		}
	}
	for _, doc := range docs {
		visit(doc, 0)
	}
	return all, nil
}

// action reads the value of "uses:". Its result is false for an image.
func action(n *yaml.Node) (Package, bool) {
	name, ref, ok := strings.Cut(n.Value, "@")
	p := Package{Name: name, Range: ref, Line: n.Line}
	parts := strings.Split(name, "/")
	switch {
	case strings.HasPrefix(n.Value, "docker://"):
		return p, false
	case strings.HasPrefix(n.Value, "./"), strings.HasPrefix(n.Value, "../"), strings.HasPrefix(n.Value, "$/"):
		p.Origin = Own
		return p, true
	case !ok || ref == "" || len(parts) < 2 || slices.Contains(parts, "") || strings.Contains(n.Value, "${{"):
		return p, false
	}
	p.Name = parts[0] + "/" + parts[1]
	if !isCommit(ref) {
		if tag.MatchString(ref) {
			p.Version, p.Range = ref, ""
		}
	} else if m := tagComment.FindStringSubmatch(n.LineComment); m != nil {
		p.Version, p.Range = m[1], ""
	}
	return p, true
}
