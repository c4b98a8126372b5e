package gitleaks

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// TestTraps proves GP-GATE-1: where a secret is easily overlooked, it is found.
func TestTraps(t *testing.T) {
	half := len(token) / 2
	var wideText strings.Builder
	for _, c := range "\ufeffTOKEN=" + token + "\n" {
		wideText.WriteString(string([]byte{byte(c), byte(c >> 8)}))
	}
	var wideRun strings.Builder
	for i := range token {
		wideRun.WriteString(token[i:i+1] + "\x00")
	}
	for name, test := range map[string]struct {
		file, text string
		want       []string
	}{
		"a binary":                     {"tool.bin", "\x00\x01\x02" + strings.Repeat("\xff\x00", 5000) + token + "\x00", []string{"github-pat tool.bin"}},
		"a binary's window's edge":     {"tool.bin", "\x00" + strings.Repeat("\x01", window-20) + token + "\x00", []string{"github-pat tool.bin"}},
		"16-bit units in a binary":     {"setup.exe", "MZ\x90\x00\x03\x00\x00\x00\x04" + wideRun.String() + "\x01\x02", []string{"github-pat setup.exe"}},
		"text in 16-bit units":         {".env", wideText.String(), []string{"github-pat .env:1"}},
		"a string over two lines":      {"a.js", "x()\nconst t = \"" + token[:half] + "\" +\n    \"" + token[half:] + "\";\n", []string{"github-pat a.js:2"}},
		"strings next to others":       {"a.py", "t = ('" + token[:half] + "'\n     '" + token[half:] + "')\n", []string{"github-pat a.py:1"}},
		"an operator at the front":     {"a.kt", "val t = \"" + token[:half] + "\"\n    + \"" + token[half:] + "\"\n", []string{"github-pat a.kt:1"}},
		"a line that goes on":          {"a.sh", "curl -H \"x: " + token[:half] + "\\\n" + token[half:] + "\"\n", []string{"github-pat a.sh:1"}},
		"over three lines":             {"a.go", "t := \"" + token[:10] + "\" +\n\t\"" + token[10:20] + "\" +\n\t\"" + token[20:] + "\"\n", []string{"github-pat a.go:1"}},
		"at the edge of a piece":       {"a.txt", strings.Repeat("0123456 \n", (chunkSize-20)/9) + token + "\n" + strings.Repeat("x\n", chunkSize), []string{"github-pat a.txt:" + strconv.Itoa((chunkSize-20)/9+1)}},
		"in a line without an end":     {"a.min.js", strings.Repeat("0123456 ", chunkSize/2) + token + strings.Repeat(" 0123456", chunkSize), []string{"github-pat a.min.js:1"}},
		"a list is not a split string": {"a.json", "[\n\"" + token[:half] + "\",\n\"" + token[half:] + "\"]\n", []string{}},
		"a large text":                 {"big.txt", strings.Repeat("0123456\n", window/8) + token + "\n" + strings.Repeat("x\n", window/2), []string{"github-pat big.txt:" + strconv.Itoa(window/8+1)}},
		"an image's name":              {"a.png", "\x89PNG\r\n\x1a\n\x00" + token, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			r.commit(map[string]string{test.file: test.text})
			if diff := cmp.Diff(test.want, where(r.scan(gate.Input{}))); diff != "" {
				t.Errorf("in the tree (-want +got):\n%s", diff)
			}
			r.commit(map[string]string{test.file: "", "b": "b\n"})
			got := where(r.scan(gate.Input{}))
			if len(got) != len(test.want) || len(got) > 0 && !strings.HasPrefix(got[0], "github-pat "+test.file) {
				t.Errorf("in the history: %v", got)
			}
		})
	}
}

// TestPointer proves GP-GATE-1: content that is elsewhere is said to be.
func TestPointer(t *testing.T) {
	r := newRepo(t)
	r.commit(map[string]string{"data/model.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("4d7a2146", 8) + "\nsize 12345\n", "a.txt": "a\n"})
	res := r.scan(gate.Input{})
	if len(res.Missing) != 1 || !strings.Contains(res.Missing[0].What, "data/model.bin") || !strings.Contains(res.Missing[0].Remedy, "lfs: true") {
		t.Errorf("gaps %+v", res.Missing)
	}
}

// TestSameAgain: what several commits add is found in the oldest of them.
func TestSameAgain(t *testing.T) {
	r := newRepo(t)
	first := r.commit(map[string]string{"a.txt": "one\n" + token + "\n"})
	r.commit(map[string]string{"a.txt": "one\n"})
	r.commit(map[string]string{"a.txt": "one\n" + token + "\n"})
	r.commit(map[string]string{"a.txt": "one\n"})
	res := r.scan(gate.Input{})
	if len(res.Findings) != 1 || !strings.Contains(res.Findings[0].Message, "at line 2 by commit "+first[:7]) {
		t.Errorf("%+v", res.Findings)
	}
}

// TestMerge proves GP-GATE-1: what a merge itself brought is found, though the next
// commit has removed it.
func TestMerge(t *testing.T) {
	r := newRepo(t)
	r.commit(map[string]string{"a": "a\n"})
	r.git("checkout", "-q", "-b", "side")
	r.commit(map[string]string{"b": "b\n"})
	r.git("checkout", "-q", "-")
	r.commit(map[string]string{"c": "c\n"})
	r.git("merge", "-q", "--no-commit", "--no-ff", "side")
	merge := r.commit(map[string]string{"k \n.yml": "k: " + token + "\n"})
	r.commit(map[string]string{"k \n.yml": ""})
	res := r.scan(gate.Input{})
	if len(res.Findings) != 1 || !strings.Contains(res.Findings[0].Message, "at line 1 by commit "+merge[:7]) {
		t.Errorf("%+v", res.Findings)
	}
}

// TestMergeOfAFolderB: the name of a file in the patch of a merge has no prefix.
func TestMergeOfAFolderB(t *testing.T) {
	r := newRepo(t)
	r.commit(map[string]string{"b/a.env": "one\n"})
	r.git("checkout", "-q", "-b", "topic")
	r.commit(map[string]string{"b/a.env": "two\n"})
	r.git("checkout", "-q", "-")
	r.commit(map[string]string{"b/a.env": "three\n"})
	cmd := exec.Command("git", "-C", r.dir, "merge", "-q", "--no-commit", "topic")
	_ = cmd.Run() // it conflicts
	r.commit(map[string]string{"b/a.env": token})
	r.commit(map[string]string{"b/a.env": "four\n"})
	if got := where(r.scan(gate.Input{})); len(got) != 1 || !strings.Contains(got[0], "b/a.env") {
		t.Errorf("found %v", got)
	}
}
