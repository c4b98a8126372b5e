package trivy

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

var (
	comment  = regexp.MustCompile(`(?m)^[ \t]*#.*$`)
	wholly   = regexp.MustCompile(`(?m)^[ \t]*(?:\{\{[^\n]*\}\}|\{%[^\n]*%\}|\{#[^\n]*#\}|<%[^\n]*%>)[ \t]*\r?$`)
	inserted = regexp.MustCompile(`(?s)\{\{.*?\}\}|\{%.*?%\}|<%.*?%>`)
)

// isTemplate reports whether a text becomes YAML when another program (Jinja, Helm, ERB)
// fills in its values. A text that is broken even then is not a template.
func isTemplate(text []byte) bool {
	text = comment.ReplaceAll(text, nil)
	if !inserted.Match(text) {
		return false
	}
	text = inserted.ReplaceAll(wholly.ReplaceAll(text, nil), []byte("x"))
	documents := yaml.NewDecoder(strings.NewReader(string(text)))
	for n := 0; ; n++ {
		var document yaml.Node
		if err := documents.Decode(&document); err != nil {
			return n > 0 && err.Error() == "EOF"
		}
	}
}

// isTemplateOf reports whether the name of a file is that of a template of another.
func isTemplateOf(name string) bool {
	return slices.Contains([]string{".erb", ".in", ".j2", ".jinja", ".jinja2", ".template", ".tmpl", ".tpl"}, strings.ToLower(path.Ext(name)))
}
