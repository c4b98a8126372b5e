//go:build e2e

package container

import (
	"bytes"
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

// github reads Markdown nearly as GitHub does, and leaves HTML in it alone, which
// GitHub does not: what is no HTML here is none there.
var github = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(markdown.WithUnsafe()))

// elements are those that our own pages are made of.
var elements = strings.Fields("html head body h3 p table thead tbody tr th td strong b code pre details summary a br ul li")

// turns is what GitHub makes something of in text that is no code.
var turns = regexp.MustCompile(`(?i)(^|[^a-z0-9])@[a-z0-9]|[a-z0-9]@[a-z0-9_-]+\.|#[0-9]|gh-[0-9]|:[a-z0-9_+-]*[a-z][a-z0-9_+-]*:|\$\S|https?://|www\.`)

// checkPage: a page has nothing in it that acts: no element, attribute, link, comment
// or mention but ours.
func checkPage(t *testing.T, what, page string) {
	t.Helper()
	var out bytes.Buffer
	if err := github.Convert([]byte(page), &out); err != nil {
		t.Fatal(err)
	}
	if strings.Count(out.String(), "<details") != strings.Count(out.String(), "</details>") {
		t.Errorf("%s: a fold does not end, or another's does", what)
	}
	tree, err := html.Parse(&out)
	if err != nil {
		t.Fatal(err)
	}
	code := false
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch n.Type {
		case html.ElementNode:
			checkElement(t, what, n)
		case html.CommentNode:
			if !strings.HasPrefix(n.Data, " goldenpath") || strings.Count(page, "<!--"+n.Data+"-->") != 1 {
				t.Errorf("%s: a stranger's comment <!--%s-->", what, n.Data)
			}
		case html.TextNode:
			if m := turns.FindString(n.Data); m != "" && !code {
				t.Errorf("%s: GitHub makes something of %q in %q", what, m, n.Data)
			}
		}
		was := code
		code = code || n.Data == "code" || n.Data == "pre"
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
		code = was
	}
	walk(tree)
}

func checkElement(t *testing.T, what string, n *html.Node) {
	t.Helper()
	if !slices.Contains(elements, n.Data) {
		t.Errorf("%s: a stranger's element %s", what, n.Data)
	}
	for _, a := range n.Attr {
		if n.Data == "a" && a.Key == "href" {
			if u, err := url.Parse(a.Val); err == nil && (u.Scheme == "http" || u.Scheme == "https") && !strings.Contains(u.Host, "evil") {
				continue
			}
		}
		language := n.Data == "code" && a.Key == "class" && a.Val == "language-text"
		if !language && (n.Data != "details" || a.Key != "open") {
			t.Errorf("%s: a stranger's attribute of %s: %s=%q", what, n.Data, a.Key, a.Val)
		}
	}
}
