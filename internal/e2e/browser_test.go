//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSummaryInABrowser opens the page of a run whose commit message is hostile in a
// real browser. The page shows the text, runs nothing and requests nothing.
func TestSummaryInABrowser(t *testing.T) {
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
	shot := filepath.Join(t.TempDir(), "page.png")
	var dom string
	for _, mode := range [][]string{{"--dump-dom"}, {"--screenshot=" + shot, "--window-size=1100,1400"}} {
		args := append([]string{
			"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync", "--user-data-dir=" + t.TempDir(),
		}, append(mode, "file://"+pages[0])...)
		out, err := exec.Command("chromium", args...).Output()
		if err != nil {
			t.Fatalf("chromium %v: %v", mode, err)
		}
		dom += string(out)
	}
	for _, want := range []string{"✓ pass", "<td class=\"name\">package</td>", "&lt;script&gt;document.title=\"owned\"&lt;/script&gt;"} {
		if !strings.Contains(dom, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	if strings.Contains(dom, "<title>owned") || strings.Contains(dom, "<img") {
		t.Error("text of a commit became part of the page")
	}
	if info, err := os.Stat(shot); err != nil || info.Size() < 20_000 {
		t.Errorf("the screenshot is empty: %v", err)
	}
}
