//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPagesInABrowser proves NEWCOMER "What a person sees": the page of a run whose commit
// message is hostile, and pages with everything that a page may have, in a real browser at
// three widths and in two themes. A page runs nothing, requests nothing, does not scroll
// sideways, breaks no word, and axe finds nothing.
func TestPagesInABrowser(t *testing.T) {
	dir := hello(t)
	const hostile = `<script>document.title="owned"</script><img src=x onerror=document.title="owned"> ::error::x`
	commit(t, dir, hostile)
	if code, out := run(t, dir, "run", "--until", "package"); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	pages, err := filepath.Glob(filepath.Join(dir, ".git/goldenpath/runs/*/summary.html"))
	if err != nil || len(pages) != 1 {
		t.Fatalf("pages %v, %v", pages, err)
	}
	page, err := os.ReadFile(pages[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"✓ pass", ">package</a>", "&lt;script&gt;"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	for _, name := range []string{"run", "stopped", "blocked", "hostile"} {
		pages = append(pages, filepath.Join(root(t), "internal/report/testdata", name+".html"))
	}
	shots := t.TempDir()
	cmd := exec.Command("node", append([]string{filepath.Join(root(t), ".cache/browser/look.js"), shots}, pages...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	all, err := filepath.Glob(filepath.Join(shots, "*.png"))
	if err != nil || len(all) != len(pages)*12 {
		t.Fatalf("%d screenshots, %v", len(all), err)
	}
	for _, shot := range all {
		if info, err := os.Stat(shot); err != nil || info.Size() < 10_000 {
			t.Errorf("%s is empty: %v", shot, err)
		}
	}
}
