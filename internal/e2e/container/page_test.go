//go:build e2e

package container

import (
	"bytes"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	markdown "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"
)

// github renders Markdown nearly as GitHub does. It passes HTML through unchanged,
// which GitHub does not: text that is harmless here is harmless there.
var github = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(markdown.WithUnsafe()))

// elements are the HTML elements that our own pages use.
var elements = strings.Fields("html head body h3 p table thead tbody tr th td strong b code pre details summary a br ul li")

// turns matches text outside of code that GitHub would turn into a link, a mention, an
// emoji or a formula.
var turns = regexp.MustCompile(`(?i)(^|[^a-z0-9])@[a-z0-9]|[a-z0-9]@[a-z0-9_-]+\.|#[0-9]|gh-[0-9]|:[a-z0-9_+-]*[a-z][a-z0-9_+-]*:|\$\S|https?://|www\.`)

// active returns the active parts of a page: every element, attribute, link, comment or
// mention that is not ours. HTML comments are allowed if they are among the named ones,
// each once.
func active(t *testing.T, page string, comments []string) (found []string) {
	t.Helper()
	add := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	var out bytes.Buffer
	if err := github.Convert([]byte(page), &out); err != nil {
		t.Fatal(err)
	}
	if strings.Count(out.String(), "<details") != strings.Count(out.String(), "</details>") {
		add("a details element is not closed, or one too many is")
	}
	tree, err := html.Parse(&out)
	if err != nil {
		t.Fatal(err)
	}
	code := false
	var visit func(*html.Node)
	visit = func(n *html.Node) {
		switch n.Type {
		case html.ElementNode:
			if !slices.Contains(elements, n.Data) {
				add("untrusted element %s", n.Data)
			}
			for _, a := range n.Attr {
				if !ours(n.Data, a) {
					add("untrusted attribute of %s: %s=%q", n.Data, a.Key, a.Val)
				}
			}
		case html.CommentNode:
			if !slices.ContainsFunc(comments, func(c string) bool { return isMarker(page, n.Data, c) }) {
				add("untrusted comment <!--%s-->", n.Data)
			}
		case html.TextNode:
			if m := turns.FindString(n.Data); m != "" && !code {
				add("GitHub would convert %q in %q", m, n.Data)
			}
		}
		was := code
		code = code || n.Data == "code" || n.Data == "pre"
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			visit(c)
		}
		code = was
	}
	visit(tree)
	return found
}

// isMarker reports whether an HTML comment is one of our markers and occurs once in the
// page. For a section's data only the beginning is compared.
func isMarker(page, comment, marker string) bool {
	if strings.HasSuffix(marker, ",") {
		return strings.HasPrefix(comment, marker) && strings.HasSuffix(comment, "} ") && strings.Count(page, "<!--"+marker) == 1
	}
	return comment == marker && strings.Count(page, "<!--"+marker+"-->") == 1
}

// ours are the attributes that our own pages use.
func ours(element string, a html.Attribute) bool {
	switch element + " " + a.Key {
	case "details open":
		return true
	case "code class":
		return a.Val == "language-text"
	case "a href":
		u, err := url.Parse(a.Val)
		return err == nil && (u.Scheme == "http" || u.Scheme == "https") && !strings.Contains(u.Host, "evil")
	}
	return false
}
