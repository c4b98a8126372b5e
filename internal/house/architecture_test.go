package house

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const (
	packagesBegin = "<!-- packages: go test ./internal/house -run Architecture -update -->\n"
	packagesEnd   = "<!-- end -->\n"
)

// TestArchitecture holds the package table of docs/ARCHITECTURE.md to the code:
// every package of the module, floor by floor, with the first sentence of its
// package comment.
func TestArchitecture(t *testing.T) {
	const name = "../../docs/ARCHITECTURE.md"
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(b), packagesBegin)
	_, tail, closed := strings.Cut(rest, packagesEnd)
	if !ok || !closed {
		t.Fatalf("%s has no table between %q and %q", name, packagesBegin, packagesEnd)
	}
	want := head + packagesBegin + packageTable(t) + packagesEnd + tail
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(b) != want {
		t.Errorf("%s does not match the package comments; run: go test ./internal/house -run Architecture -update", name)
	}
}

// packageTable renders the packages in the order of layers. A package without a
// layer, or without a comment, is an error.
func packageTable(t *testing.T) string {
	sentences := map[string]string{}
	for line := range strings.Lines(list(t, "-f", `{{.ImportPath}} {{.Doc}}`, module+"...")) {
		pkg, doc, _ := strings.Cut(strings.TrimSpace(line), " ")
		sentences[strings.TrimPrefix(pkg, module)] = sentence(doc)
	}
	var out strings.Builder
	out.WriteString("| floor | package | what it does |\n|---|---|---|\n")
	for i, floor := range layers {
		number := fmt.Sprint(len(layers) - i)
		for pkg := range strings.FieldsSeq(floor) {
			switch s, ok := sentences[pkg]; {
			case !ok:
				t.Errorf("layers lists %s, which does not exist", pkg)
			case s == "":
				t.Errorf("%s has no package comment", pkg)
			default:
				fmt.Fprintf(&out, "| %s | [%s](../%s) | %s |\n", number, strings.TrimPrefix(pkg, "internal/"), pkg, s)
			}
			delete(sentences, pkg)
			number = ""
		}
	}
	for pkg := range sentences {
		t.Errorf("%s is in no layer of house_test.go", pkg)
	}
	return out.String()
}

// sentence removes "Package x" from a package comment, because the table has the name.
func sentence(doc string) string {
	for _, kind := range []string{"Package ", "Command "} {
		if rest, ok := strings.CutPrefix(doc, kind); ok {
			_, rest, _ = strings.Cut(rest, " ")
			doc = rest
		}
	}
	doc = strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(doc)
	if doc == "" {
		return ""
	}
	return strings.ToUpper(doc[:1]) + doc[1:]
}
