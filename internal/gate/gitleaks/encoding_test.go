package gitleaks

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// TestEncodings proves GP-GATE-1: a password with a name is found in every encoding that
// editors write, with and without a byte order mark, in the files and in the history,
// where git cuts 16-bit text into lines in the middle of a unit.
func TestEncodings(t *testing.T) {
	password := "DB_PASSWORD=" + "q7Kd93" + "hZx81LmPw02Tv"
	for name, code := range map[string]encoding.Encoding{
		"UTF-16LE with a mark": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
		"UTF-16BE with a mark": unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
		"UTF-16LE":             unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
		"UTF-16BE":             unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
		"UTF-32LE with a mark": utf32.UTF32(utf32.LittleEndian, utf32.UseBOM),
		"UTF-32BE with a mark": utf32.UTF32(utf32.BigEndian, utf32.UseBOM),
		"UTF-32LE":             utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM),
		"UTF-32BE":             utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM),
		"UTF-8 with a mark":    unicode.UTF8BOM,
	} {
		for _, around := range []string{"", "größe = 1\r\n", "# 一丁丠 kommentar, Ānyï\r\n"} {
			t.Run(name+" "+strings.TrimSpace(around), func(t *testing.T) {
				t.Parallel()
				write := func(text string) string {
					out, err := code.NewEncoder().String(text)
					if err != nil {
						t.Fatal(err)
					}
					return out
				}
				before, after := around+"a = 1\r\n", "b = some text that is longer\r\n"
				r := newRepo(t)
				r.commit(map[string]string{"x.env": write(before + after), "keep": "1\n"})
				base := r.commit(map[string]string{"x.env": write(before + password + "\r\n" + after)})
				line := strings.Count(before, "\n") + 1
				if diff := cmp.Diff([]string{"generic-api-key x.env:" + strconv.Itoa(line)}, where(r.scan(gate.Input{Base: base + "~1"}))); diff != "" {
					t.Error("in the tree", diff)
				}
				r.commit(map[string]string{"x.env": ""})
				res := r.scan(gate.Input{})
				if len(res.Findings) != 1 || !strings.Contains(res.Findings[0].Message, "line "+strconv.Itoa(line)) {
					t.Errorf("in the history: %+v", res.Findings)
				}
			})
		}
	}
}

// TestMixedEncodings: PowerShell appends 16-bit text to an 8-bit file, and some files
// separate their parts with a NUL.
func TestMixedEncodings(t *testing.T) {
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String("DB_PASSWORD=" + "q7Kd93" + "hZx81LmPw02Tv\r\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"appended": "# settings\r\na = 1\r\n" + wide,
		"with NUL": "HOME=/root\x00DB_PASSWORD=" + "q7Kd93" + "hZx81LmPw02Tv\x00PATH=/bin\x00",
	} {
		r := newRepo(t)
		r.commit(map[string]string{"x.env": text})
		if got := where(r.scan(gate.Input{})); len(got) != 1 {
			t.Errorf("%s, in the tree: %v", name, got)
		}
		r.commit(map[string]string{"x.env": "", "a": "a\n"})
		if got := where(r.scan(gate.Input{})); len(got) != 1 {
			t.Errorf("%s, in the history: %v", name, got)
		}
	}
}

// TestLeftOut proves GP-GATE-1: the paths that the library leaves out are examined, and
// what is not examined is counted.
func TestLeftOut(t *testing.T) {
	for _, name := range []string{
		"package-lock.json", "yarn.lock", "pnpm-lock.yaml", "go.sum", "poetry.lock", "gradle.lockfile", "Pipfile.lock", "deno.lock",
		"a.svg", "x.tiff", "node_modules/x/i.js", "vendor/github.com/x/a.go", "vendor/bundle/x.rb", "bower_components/a.js", "jquery.min.js",
		"lib/python3.12/site.py", "venv/lib/x.py", "a-1.0.dist-info/METADATA", "gradlew", "mvnw", "verification-metadata.xml", "notes.pdf",
		"gitleaks.toml", "x.gem", "data.bin", "javascript.json",
	} {
		r := newRepo(t)
		r.commit(map[string]string{name: `{"resolved": "https://x:` + token + `@npm.example.org/p.tgz"}` + "\n"})
		if diff := cmp.Diff([]string{"github-pat " + name + ":1"}, where(r.scan(gate.Input{}))); diff != "" {
			t.Error(name, diff)
		}
		r.commit(map[string]string{name: "", "a": "a\n"})
		if got := where(r.scan(gate.Input{})); len(got) != 1 {
			t.Errorf("%s, in the history: %v", name, got)
		}
	}

	r := newRepo(t)
	r.commit(map[string]string{"a.png": "\x89PNG\r\n\x1a\n\x00\x01", "b.zip": "PK\x03\x04\x00\x01\x02"})
	res := r.scan(gate.Input{})
	if want := "(not examined: 1 image, font or video, the content of 1 compressed file)"; !strings.HasSuffix(res.Covered, want) {
		t.Errorf("covered %q, want …%q", res.Covered, want)
	}
	// A lock file has hashes beside any word.
	r.commit(map[string]string{"package-lock.json": `{"heroku-api-key": "` + strings.Repeat("4a6f91c0", 5) + `", "integrity": "sha512-` + strings.Repeat("q7Kd93hZx81L", 7) + `=="}`})
	if got := where(r.scan(gate.Input{})); len(got) != 0 {
		t.Errorf("found %v", got)
	}
}
