package inventory

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the results into the archives")

// describe writes packages one on a line: place, ecosystem, name, version or range, origin.
func describe(all []Package) string {
	var b strings.Builder
	for _, p := range all {
		version := p.Version
		if version == "" {
			version = "(" + p.Range + ")"
		}
		fmt.Fprintf(&b, "%s:%d %s %s %s %s", p.File, p.Line, p.Ecosystem, p.Name, version, p.Origin)
		if p.Commit != "" {
			fmt.Fprintf(&b, " %.7s", p.Commit)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// GP-GATE-1: each archive of testdata has the files of a repository. The comment of the
// archive has what is in those of its files that are read.
func TestRead(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal(archives, err)
	}
	tested := map[string]bool{}
	for _, name := range archives {
		t.Run(filepath.Base(name), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string][]byte{}
			for _, f := range a.Files {
				files[f.Name] = f.Data
			}
			var got strings.Builder
			for _, f := range a.Files {
				if Format(f.Name) == "" {
					continue
				}
				tested[Format(f.Name)] = true
				all, err := NewReader(func(name string) ([]byte, bool) { b, ok := files[name]; return b, ok }).Read(f.Name, f.Data)
				got.WriteString(describe(all))
				if err != nil {
					fmt.Fprintf(&got, "%s: %v\n", f.Name, err)
				}
			}
			if *update {
				a.Comment = []byte(got.String())
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(a.Comment), got.String()); diff != "" {
				t.Errorf("-want +got:\n%s\n%s", diff, got.String())
			}
		})
	}
	for _, f := range formats {
		if !tested[f.name] {
			t.Errorf("no file of the format %s is tested", f.name)
		}
	}
}

// The encodings in which the tools read their files, and damage.
func TestDecode(t *testing.T) {
	text := "bad-py==1.0.0\n"
	wide := func(mark rune, big bool) string {
		var b strings.Builder
		for _, u := range utf16.Encode([]rune(string(mark) + text)) {
			if big {
				b.WriteByte(byte(u >> 8))
			}
			b.WriteByte(byte(u))
			if !big {
				b.WriteByte(byte(u >> 8))
			}
		}
		return b.String()
	}
	for name, content := range map[string]string{
		"plain": text, "mark": "\xef\xbb\xbf" + text, "UTF-16LE": wide('\ufeff', false), "UTF-16BE": wide('\ufeff', true), "CRLF": "bad-py==1.0.0\r\n", "no end": "bad-py==1.0.0",
	} {
		all, err := NewReader(nil).Read("requirements.txt", []byte(content))
		if err != nil || describe(all) != "requirements.txt:1 PyPI bad-py 1.0.0 registry\n" {
			t.Errorf("%s: %v %s", name, err, describe(all))
		}
	}
	for name, content := range map[string]string{
		"not UTF-8": "bad-\xff\n", "UTF-16 without a mark": "b\x00a\x00", "half a character": "\xff\xfeb",
		"conflict": "a==1\n<<<<<<< HEAD\nb==1\n", "LFS": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
	} {
		if all, err := NewReader(nil).Read("requirements.txt", []byte(content)); err == nil {
			t.Errorf("%s: %s", name, describe(all))
		}
	}
	latin := "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<project><name>\xfc</name><dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId><version>1</version></dependency></dependencies></project>"
	if all, err := NewReader(nil).Read("pom.xml", []byte(latin)); err != nil || len(all) != 1 {
		t.Errorf("ISO-8859-1: %v %v", all, err)
	}
}

// GP-SAFE-2: a file that was cut is an error, or gives a part of the packages; formats
// with an end give an error.
func TestCut(t *testing.T) {
	ends := map[string]bool{"npm": true, "Bun": true, "Deno": true, "Pipenv": true, "Composer": true, "Maven": true, "Gradle verification": true,
		"NuGet lock": true, "NuGet packages": true, "NuGet project": true, "Mix": true, "Swift": true}
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range archives {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			whole, err := NewReader(nil).Read(f.Name, f.Data)
			if format := Format(f.Name); format == "" || err != nil || !ends[format] || strings.TrimSpace(string(f.Data)) == "%{}" {
				continue
			}
			body := strings.TrimSpace(string(f.Data))
			for n := 1; n < len(body); n += 1 + len(body)/97 {
				if got, err := NewReader(nil).Read(f.Name, []byte(body[:n])); err == nil {
					t.Errorf("%s %s: the first %d of %d bytes give %d of %d packages and no error", name, f.Name, n, len(body), len(got), len(whole))
				}
			}
		}
	}
}

// A path in a file never leaves the repository.
func TestOutside(t *testing.T) {
	tree := func(name string) ([]byte, bool) {
		if strings.HasPrefix(name, "..") || strings.HasPrefix(name, "/") {
			t.Errorf("asked for %s", name)
		}
		return nil, false
	}
	for name, content := range map[string]string{
		"requirements.txt": "-r ../../a.txt\n-r /etc/passwd\n-c ../c.txt\n",
		"pom.xml":          "<project><parent><artifactId>p</artifactId><relativePath>../../..</relativePath></parent><modules><module>../../x</module></modules></project>",
		"a.csproj":         `<Project><Import Project="..\..\..\x.props"/></Project>`,
	} {
		if _, err := NewReader(tree).Read(name, []byte(content)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	archives, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range archives {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			f.Add(file.Name, file.Data)
		}
	}
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		if Format(name) == "" {
			return
		}
		all, err := NewReader(func(name string) ([]byte, bool) { return content, len(name) < 40 }).Read(name, content)
		if err != nil && strings.HasPrefix(err.Error(), "the file cannot be read: ") {
			t.Errorf("panic: %v", err)
		}
		for _, p := range all {
			if p.Ecosystem == "" || p.Origin == "" || p.File == "" {
				t.Errorf("%+v", p)
			}
		}
	})
}
