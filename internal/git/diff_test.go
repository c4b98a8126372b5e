package git

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sha = "1111111111111111111111111111111111111111"

func parse(patch string, text bool) (out []string, err error) {
	err = ParsePatch(strings.NewReader(patch), text, func(h Hunk) error {
		out = append(out, fmt.Sprintf("%.4s %s:%d -%d +%d %q", h.Commit, h.Path, h.Line, h.Removed, h.Added, h.Text))
		return nil
	})
	return out, err
}

const patch = sha + `
diff --git a/a b/a
index 1..2 100644
--- a/a
+++ b/a
@@ -1 +1,2 @@ func x()
-old
\ No newline at end of file
+@@ -1 +1 @@
+--- a/b
@@ -9,0 +11 @@
++++ b/c
\ No newline at end of file
@@ -20,2 +21,0 @@
-gone
-too
diff --git "a/t\303\244b\t" "b/t\303\244b\t"
new file mode 100644
index 0..3
--- /dev/null
+++ "b/t\303\244b\t"
@@ -0,0 +1 @@
+x
diff --git a/gone b/gone
deleted file mode 100644
--- a/gone
+++ /dev/null
@@ -1 +0,0 @@
-secret
diff --git a/with space b/with space
--- a/with space
+++ b/with space` + "\t\n" + `@@ -1 +1 @@
-1
+2
`

func TestParsePatch(t *testing.T) {
	got, err := parse(patch, true)
	want := []string{
		`1111 a:1 -1 +2 "@@ -1 +1 @@\n--- a/b\n"`, `1111 a:11 -0 +1 "+++ b/c\n"`, `1111 a:21 -2 +0 ""`,
		`1111 täb` + "\t" + `:1 -0 +1 "x\n"`, `1111 with space:1 -1 +1 "2\n"`,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	without, err := parse(patch, false)
	if err != nil || len(without) != len(want) || without[0] != `1111 a:1 -1 +2 ""` {
		t.Errorf("without text: %q, %v", without, err)
	}
	// A line of any length, and a reader that stops.
	long := "+++ b/a\n@@ -0,0 +1 @@\n+" + strings.Repeat("x", 1<<20) + "\n"
	if got, err := parse(long, true); err != nil || len(got) != 1 || len(got[0]) < 1<<20 {
		t.Errorf("a long line: %d hunks, %v", len(got), err)
	}
	stop := errors.New("stop")
	if err := ParsePatch(strings.NewReader(patch), true, func(Hunk) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
}

// TestParsePatchIsStrict: a patch that ends or goes wrong anywhere is an error, which
// does not quote it.
func TestParsePatchIsStrict(t *testing.T) {
	const whole = "diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@ f\n-a\n+b\n+c\n"
	if _, err := parse(whole, true); err != nil {
		t.Fatal(err)
	}
	for name, patch := range map[string]string{
		"unknown line":   sha + "\nBinary files a/secret and b/x differ\n",
		"after a hunk":   whole + "Binary files a/secret and b/x differ\n",
		"cut-off hunk":   "+++ b/a\n@@ -0,0 +1,3 @@\n+1\n",
		"cut-off line":   whole[:len(whole)-1],
		"cut-off commit": sha,
		"long hunk":      whole + "+secret\n",
		"context":        whole + " secret\n",
		"wrong hunk":     strings.Replace(whole, "-a", "secret", 1),
		"a quoted name":  "+++ \"b/a\n",
		"a bad escape":   strings.Replace(whole, "b/x\n@@", "\"b/\\q\"\n@@", 1),
		"no prefix":      strings.Replace(whole, "+++ b/x", "+++ x", 1),
		"no number":      "+++ b/x\n@@ -1,99999999999999999999 +1 @@\n-a\n+b\n",
		"combined diff":  "diff --cc a\n@@@ -1 -1 +1 @@@\n",
	} {
		for _, text := range []bool{true, false} {
			if got, err := parse(patch, text); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		}
	}
}

func FuzzParsePatch(f *testing.F) {
	f.Add(patch)
	f.Add("+++ \"b/\\303\\274\"\n@@ -0,0 +1 @@\n+x")
	f.Add("@@ -1 +99999999999999999999 @@\n")
	f.Add("\\\n")
	f.Fuzz(func(t *testing.T, patch string) {
		got, err := parse(patch, true)
		if err == nil && strings.Count(patch, "\n") < len(got) {
			t.Errorf("%d hunks of %q", len(got), patch)
		}
		without, other := parse(patch, false)
		if (err == nil) != (other == nil) || len(got) != len(without) {
			t.Errorf("%d hunks with text and %d without: %v, %v", len(got), len(without), err, other)
		}
	})
}
