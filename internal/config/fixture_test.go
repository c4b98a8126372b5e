package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

const minimal = "version: 1\napp: where2eat\nartifact: {pack: dist, entrypoint: [/server]}\n"

// TestFixtures holds what is printed about each file of testdata to the .out
// file beside it.
func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse(b)
			p := problems(t, err)
			checkProblems(t, p)
			golden(t, strings.TrimSuffix(file, ".yml")+".out", p.Error()+"\n")
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func problems(t *testing.T, err error) Problems {
	t.Helper()
	var p Problems
	if !errors.As(err, &p) {
		t.Fatalf("error %v is not a Problems", err)
	}
	return p
}

// checkProblems holds to what is promised of every Problems.
func checkProblems(t *testing.T, p Problems) {
	t.Helper()
	if len(p) == 0 {
		t.Error("an error without a problem")
	}
	for i, one := range p {
		if one.File != File || one.Line < 1 || one.Column < 1 || one.Text == "" {
			t.Errorf("problem without a place or a text: %q", one.String())
		}
		if printable(one.Text) != one.Text {
			t.Errorf("text is not one plain line: %q", one.Text)
		}
		if i > 0 && (one.Line < p[i-1].Line || one.Line == p[i-1].Line && one.Column < p[i-1].Column) {
			t.Errorf("out of order: %s before %s", p[i-1], one)
		}
	}
	if len(p) > maxProblems+1 || len(p.Error()) > 100_000 {
		t.Errorf("%d problems in %d bytes", len(p), len(p.Error()))
	}
}

// TestGenerated is about files that an editor or git would spoil, or that are
// too large to keep.
func TestGenerated(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"byte order mark", "\ufeff" + minimal, ""},
		{"byte order mark and an error", "\ufeff" + minimal + "x: 1\n", `.goldenpath.yml:4:1 unknown key "x"; known keys: app, artifact, battery, checks, environments, flags, gate, install, llm, notify, preview, scorecard, servers, services, variables, version`},
		{"CRLF", strings.ReplaceAll(minimal, "\n", "\r\n"), ""},
		{"CRLF and an error", strings.ReplaceAll(minimal+"flags: /etc\n", "\n", "\r\n"), `.goldenpath.yml:4:8 "/etc" is not a valid path inside the repository: write it relative to the root, without ..`},
		{"directive", "%YAML 1.2\n---\n" + minimal, ""},
		{"document markers", "---\n" + minimal + "...\n", ""},
		{"empty second document", minimal + "---\n# nothing\n", ""},
		{"1 MB", minimal + strings.Repeat("#", 1<<20), ".goldenpath.yml:1:1 is 1048648 bytes long; the limit is 65536"},
		{"10,000 opening brackets", strings.Repeat("[", 10_000), ".goldenpath.yml:1:17 is nested deeper than 16 levels, and no key of this file is that deep"},
		{"10,000 brackets", "a: " + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), ".goldenpath.yml:1:20 is nested deeper than 16 levels, and no key of this file is that deep"},
		{"10,000 braces", strings.Repeat("{a: ", 10_000) + strings.Repeat("}", 10_000), ".goldenpath.yml:1:65 is nested deeper than 16 levels, and no key of this file is that deep"},
		{"10,000 dashes", strings.Repeat("- ", 10_000), ".goldenpath.yml:1:33 is nested deeper than 16 levels, and no key of this file is that deep"},
		{"deep blocks", staircase(200), ".goldenpath.yml:18:18 is nested deeper than 16 levels, and no key of this file is that deep"},
		{"NUL", "version: 1\napp: a\x00b\n", ".goldenpath.yml:2:7 control character U+0000: write it as an escape in double quotes"},
		{"ANSI", "# \x1b[31m\n", ".goldenpath.yml:1:3 control character U+001B: write it as an escape in double quotes"},
		{"invalid UTF-8", "version: 1\napp: ä\xff\n", ".goldenpath.yml:2:7 byte 0xff is not UTF-8: save the file as UTF-8"},
		{"UTF-16", "\xff\xfev\x00e\x00", ".goldenpath.yml:1:1 byte 0xff is not UTF-8: save the file as UTF-8"},
		{"escaped control characters", minimal + `"a\0\e[31m\u202e": 1` + "\n", `.goldenpath.yml:4:1 unknown key "a\x00\x1b[31m\u202e"; known keys: app, artifact, battery, checks, environments, flags, gate, install, llm, notify, preview, scorecard, servers, services, variables, version`},
		{"long key", minimal + "gate:\n  " + strings.Repeat("k", 5000) + ": 1\n", `.goldenpath.yml:5:3 unknown key "` + strings.Repeat("k", 60) + `…" in gate; known keys: allowed-dependencies, database-max-age, exclude, fail-on, licences, missing-database, new-only, policy, runtime, waiver-max-age, waivers`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse([]byte(test.text))
			if test.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			p := problems(t, err)
			checkProblems(t, p)
			if got := p.Error(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// staircase nests mappings one line each.
func staircase(steps int) string {
	var b strings.Builder
	for i := range steps {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func TestManyProblemsAreBounded(t *testing.T) {
	_, err := Parse([]byte(minimal + "scorecard: {must: [" + strings.Repeat("x,", 30_000) + "]}\n"))
	p := problems(t, err)
	checkProblems(t, p)
	if last := p[len(p)-1].Text; last != "and 29950 more" {
		t.Errorf("the last problem is %q", last)
	}
}

func TestRead(t *testing.T) {
	write := func(t *testing.T, text string) string {
		t.Helper()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, File), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	t.Run("there", func(t *testing.T) {
		c, err := Read(write(t, minimal))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(c.Source()); got != minimal {
			t.Errorf("source is %q", got)
		}
	})
	t.Run("missing", func(t *testing.T) {
		_, err := Read(t.TempDir())
		if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "write one") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("too large", func(t *testing.T) {
		_, err := Read(write(t, minimal+strings.Repeat("#", maxFile)))
		checkProblems(t, problems(t, err))
	})
	t.Run("a link to elsewhere", func(t *testing.T) {
		other := write(t, "password: secret\n")
		dir := t.TempDir()
		if err := os.Symlink(filepath.Join(other, File), filepath.Join(dir, File)); err != nil {
			t.Skip(err)
		}
		_, err := Read(dir)
		p := problems(t, err)
		checkProblems(t, p)
		if strings.Contains(p.Error(), "password") {
			t.Errorf("shows the file it links to: %s", p)
		}
	})
	t.Run("a folder", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, File), 0o755); err != nil {
			t.Fatal(err)
		}
		_, err := Read(dir)
		checkProblems(t, problems(t, err))
	})
}
