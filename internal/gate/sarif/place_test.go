package sarif

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// TestPlaces: a place is one in the repository, or none.
func TestPlaces(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	const bases = `"originalUriBaseIds":{"%SRCROOT%":{"uri":"file:///runner/app/"},"ROOTPATH":{"uri":"file:///"},"SUB":{"uri":"sub/","uriBaseId":"%SRCROOT%"},"LOOP":{"uriBaseId":"LOOP","uri":"a/"},
		"UP":{"uri":"../","uriBaseId":"%SRCROOT%"},"LIB":{"uri":"file:///usr/lib/"},"PROJECTROOT":{"uri":"file:///CHECKOUT/in/"},"WEB":{"uri":"https://example.com/"}},
		"versionControlProvenance":[{"mappedTo":{"uri":"file:///C:/a/repo/"}}],"artifacts":[{"location":{"uri":"by/index.go"}}],
		"invocations":[{"executionSuccessful":true,"workingDirectory":{"uri":"file:///build/7/"}}]`
	if err := os.WriteFile(filepath.Join(dir, "here.go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ location, want string }{
		{`"uri":"src/a.go"`, "src/a.go"},
		{`"uri":"./src//a.go"`, "src/a.go"},
		{`"uri":"src\\win\\a.go"`, "src/win/a.go"},
		{`"uri":"a%20b/%C3%BC.go"`, "a b/ü.go"},
		{`"uri":"a b/ü.go"`, "a b/ü.go"},
		{`"uri":"","index":0`, "by/index.go"},
		{`"index":0`, "by/index.go"},
		{`"index":-1,"uri":"a.go"`, "a.go"},
		{`"uri":"."`, ""},
		{`"uri":"file:///CHECKOUT/src/a.go"`, "src/a.go"},
		{`"uri":"file://localhost/CHECKOUT/src/a.go"`, "src/a.go"},
		{`"uri":"file:/CHECKOUT/src/a.go"`, "src/a.go"},
		{`"uri":"/CHECKOUT/src/a.go"`, "src/a.go"},
		{`"uri":"file:///CHECKOUT"`, ""},
		{`"uri":"/LINK/src/a.go"`, "src/a.go"}, // the checkout by another name
		{`"uri":"a.go","uriBaseId":"%SRCROOT%"`, "a.go"},
		{`"uri":"a.go","uriBaseId":"REPOROOT"`, "a.go"},
		{`"uri":"a.go","uriBaseId":"SUB"`, "sub/a.go"},
		{`"uri":"a.go","uriBaseId":"PROJECTROOT"`, "in/a.go"},
		{`"uri":"file:///runner/app/a.go"`, "a.go"},
		{`"uri":"C:\\a\\repo\\src\\a.go"`, "src/a.go"},
		{`"uri":"file:///C:/a/repo/src/a.go"`, "src/a.go"},
		{`"uri":"./c:/x.go"`, "c:/x.go"},
		{`"uri":"%252e%252e/a.go"`, "%2e%2e/a.go"}, // decoded once

		// The folders of runners, on which the tool ran in another job or outside of a container.
		{`"uri":"file:///home/runner/work/shop/shop/src/a.go"`, "src/a.go"},
		{`"uri":"D:\\a\\shop\\shop\\a.go"`, "a.go"},
		{`"uri":"/github/workspace/a.go"`, "a.go"},
		{`"uri":"file:///build/7/a.go"`, "a.go"}, // the working directory
		{`"uri":"here.go","uriBaseId":"LIB"`, "here.go"},
		{`"uri":"/home/runner/work/shop/other/a.go"`, "!"},
		{`"uri":"/home/runner/work/_temp/x.go"`, "!"},

		{`"uri":"../a.go"`, "!"},
		{`"uri":"src/../../a.go"`, "!"},
		{`"uri":"%2e%2e/a.go"`, "!"},
		{`"uri":"%2E%2E%2Fa.go"`, "!"},
		{`"uri":"..\\a.go"`, "!"},
		{`"uri":"..%5ca.go"`, "!"},
		{`"uri":"/etc/passwd"`, "!"},
		{`"uri":"//etc/passwd"`, "!"},
		{`"uri":"///etc/passwd"`, "!"},
		{`"uri":"file:///etc/passwd"`, "!"},
		{`"uri":"file:////etc/passwd"`, "!"},
		{`"uri":"file://host/CHECKOUT/a.go"`, "!"},
		{`"uri":"file:///CHECKOUT/../etc/passwd"`, "!"},
		{`"uri":"file:///CHECKOUTx/a.go"`, "!"},
		{`"uri":"\\\\host\\share\\a.go"`, "!"},
		{`"uri":"C:/Windows/a.go"`, "!"},
		{`"uri":"https://example.com/a.go"`, "!"},
		{`"uri":"git:a.go"`, "!"},
		{`"uri":"javascript:alert(1)"`, "!"},
		{`"uri":"a.go?x"`, "!"},
		{`"uri":"a.go#x"`, "!"},
		{`"uri":"a%00.go"`, "!"},
		{`"uri":"a%0a.go"`, "!"},
		{`"uri":"a%ff.go"`, "!"},
		{`"uri":"100%.go"`, "!"},
		{`"uri":"` + strings.Repeat("d/", 700) + `a.go"`, "!"},
		{`"uri":"` + strings.Repeat("d/", 70000) + `a.go"`, "!"},
		{`"uri":"a.go","uriBaseId":"LIB"`, "!"},
		{`"uri":"a.go","uriBaseId":"UP"`, "!"},
		{`"uri":"a.go","uriBaseId":"LOOP"`, "!"},
		{`"uri":"a.go","uriBaseId":"WEB"`, "!"},
		{`"uri":"a.go","uriBaseId":"unheard of"`, "!"},
		{`"uri":"etc/passwd","uriBaseId":"ROOTPATH"`, "!"},
		{`"uri":"../x","uriBaseId":"SUB"`, "!"},
	} {
		name := test.location[:min(len(test.location), 60)]
		location := strings.ReplaceAll(test.location, "/LINK", filepath.ToSlash(link))
		in := gate.Input{Dir: dir}
		if location != test.location {
			in.Dir = link
		}
		got := must(t, one(bases, `{"message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{`+location+`}}}]}`), in)[0]
		if test.want == "!" {
			if got.At.Path != "" || !strings.HasPrefix(got.Message, "m (the tool places it outside of this repository: ") || len(got.Message) > 400 {
				t.Errorf("%s: %+v", name, got)
			}
		} else if got.At.Path != test.want || got.Message != "m" {
			t.Errorf("%s: %+v, not %q", name, got, test.want)
		}
	}
}

// TestLinksAreNotFollowed: what a place names is read in the repository only.
func TestLinksAreNotFollowed(t *testing.T) {
	out := t.TempDir()
	if err := os.WriteFile(filepath.Join(out, "a.go"), []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRepository(t)
	for name, to := range map[string]string{"dir": out, "file.go": filepath.Join(out, "a.go"), "self": "self"} {
		if err := os.Symlink(to, filepath.Join(r.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	base := r.commit()
	for _, name := range []string{"dir/a.go", "file.go", "self", "self/a.go", ".", "none/a.go", ".git/config"} {
		got := must(t, one("", at(name, `"startLine":1`)), gate.Input{Dir: r.dir, Base: base, Head: base})[0]
		if got.Status != "new" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// FuzzURI: whatever a tool writes, a path stays in the repository.
func FuzzURI(f *testing.F) {
	for _, s := range []string{"a.go", "../a", "file:///repo/x", "C:\\x", "%2e%2e/x", "a%00", "//h/x", "file:x", "..%5c..", "/repo/../x"} {
		f.Add(s, "%SRCROOT%", "file:///repo/")
	}
	f.Fuzz(func(t *testing.T, uri, id, base string) {
		p := newPlaces(&run{Bases: map[string]artifactLocation{id: {URI: base, BaseID: "%SRCROOT%"}}}, "/repo")
		name, outside, err := p.find(artifactLocation{URI: uri, BaseID: id}, "")
		if err != nil || name != "" && (!fs.ValidPath(name) || name == "." || !filepath.IsLocal(name) || strings.ContainsAny(name, "\x00\n\x1b\\")) || name != "" && outside != "" || len(outside) > 300 {
			t.Errorf("%q, %q, %v", name, outside, err)
		}
	})
}

// TestRegions: sane lines and columns.
func TestRegions(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("1\n2\n3"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ region, want string }{
		{``, "a"}, {`"startLine":0`, "a"}, {`"charOffset":3`, "a"}, {`"startColumn":4`, "a"},
		{`"startLine":2`, "a:2"}, {`"startLine":2,"startColumn":3`, "a:2:3"}, {`"startLine":2,"endLine":1`, "a:2"},
		{`"startLine":3`, "a:3"}, {`"startLine":4`, "a"}, {`"startLine":9999999,"startColumn":9999999`, "a"},
	} {
		got := must(t, one("", at("a", test.region)), gate.Input{Dir: dir})[0]
		place := got.At.Path
		for _, n := range []int{got.At.Line, got.At.Column} {
			if n > 0 {
				place += fmt.Sprint(":", n)
			}
		}
		if place != test.want {
			t.Errorf("%s: %s", test.region, place)
		}
		if gone := test.region == `"startLine":4` || strings.Contains(test.region, "9999"); gone != strings.Contains(got.Message, "does not have") {
			t.Errorf("%s: %s", test.region, got.Message)
		}
	}
}
