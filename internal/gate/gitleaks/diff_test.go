package gitleaks

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sha = "1111111111111111111111111111111111111111"

func read(patch string) (out []string, err error) {
	err = additions(strings.NewReader(patch), func(f piece) error {
		out = append(out, fmt.Sprintf("%.4s %s:%d %q", f.commit, f.path, f.line, f.text))
		return nil
	})
	return out, err
}

func TestAdditions(t *testing.T) {
	got, err := read(sha + `
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
`)
	want := []string{`1111 a:1 "@@ -1 +1 @@\n--- a/b\n"`, `1111 a:11 "+++ b/c\n"`, `1111 täb` + "\t" + `:1 "x\n"`}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestAdditionsRefuses(t *testing.T) {
	for name, patch := range map[string]string{
		"unknown line":  sha + "\nBinary files a/x and b/x differ\n",
		"cut-off hunk":  "+++ b/a\n@@ -0,0 +1,3 @@\n+1\n",
		"long hunk":     "+++ b/a\n@@ -0,0 +1 @@\n+1\n+2\n",
		"wrong hunk":    "+++ b/a\n@@ -0,0 +1 @@\n 1\n",
		"cut-off line":  sha,
		"cut-off name":  "+++ \"b/a\n",
		"combined diff": "diff --cc a\n",
	} {
		if got, err := read(patch); err == nil {
			t.Errorf("%s: no error, but %v", name, got)
		}
	}
}

func FuzzAdditions(f *testing.F) {
	f.Add(sha + "\n+++ b/a\n@@ -1 +1,2 @@\n-1\n+2\n+3\n")
	f.Fuzz(func(t *testing.T, patch string) {
		got, err := read(patch)
		if err == nil && strings.Count(patch, "\n") < len(got) {
			t.Errorf("%d hunks of %q", len(got), patch)
		}
	})
}
