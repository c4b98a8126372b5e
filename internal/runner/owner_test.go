//go:build unix

package runner

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestGiveBack: what root leaves belongs to the owner of the workspace, and nothing
// outside of it changes hands.
func TestGiveBack(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away; make e2e tries it in a container")
	}
	b := newBench(t)
	workspace, temp, outside := filepath.Join(b.dir, "workspace"), filepath.Join(b.dir, "temp"), filepath.Join(b.dir, "outside")
	for _, dir := range []string{workspace + "/.git/objects", temp + "/goldenpath", outside} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{workspace + "/.git/objects/aa", temp + "/goldenpath/promote.json", outside + "/shadow", workspace + "/other"} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		os.Symlink(outside, workspace+"/link"), os.Link(outside+"/shadow", workspace+"/hard"),
		os.Chown(workspace, 1001, 118), os.Chown(temp, 1001, 118), os.Chown(workspace+"/other", 4, 4),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	b.env["GITHUB_WORKSPACE"], b.env["RUNNER_TEMP"] = workspace, temp
	if err := b.GiveBack(); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]uint32{
		workspace + "/.git": 1001, workspace + "/.git/objects/aa": 1001, workspace + "/link": 1001, workspace + "/other": 4,
		temp + "/goldenpath/promote.json": 1001, outside: 0, outside + "/shadow": 0, b.dir: 0,
	} {
		info, err := os.Lstat(file)
		if err != nil {
			t.Fatal(err)
		}
		if of := info.Sys().(*syscall.Stat_t); of.Uid != want || want == 1001 && of.Gid != 118 {
			t.Errorf("%s belongs to %d:%d, want user %d", file, of.Uid, of.Gid, want)
		}
	}
	b.env["GITHUB_WORKSPACE"] = filepath.Join(b.dir, "none")
	if err := b.GiveBack(); err == nil {
		t.Error("a missing workspace is not an error")
	}
}
