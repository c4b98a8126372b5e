package gate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestAddWaivers proves GP-GATE-5 and 17 (NEWCOMER 1): waivers are added to the file a
// repository has. Comments, order and line ends stay, and the same waiver is added once.
func TestAddWaivers(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	add := []Waiver{
		{ID: "CVE-2026-1", PURL: "pkg:npm/a", Reason: "to be fixed by 2026-12-21", Owner: "@me", Expires: "2026-12-21"},
		{Rule: "DS-0002", Path: "Dockerfile", Reason: "it needs: port 80 # now", Owner: "Ann Lee", Expires: "2026-12-21"},
	}
	const (
		first  = `{id: CVE-2026-1, purl: "pkg:npm/a", reason: to be fixed by 2026-12-21, owner: "@me", expires: "2026-12-21"}`
		second = `{rule: DS-0002, path: Dockerfile, reason: "it needs: port 80 # now", owner: Ann Lee, expires: "2026-12-21"}`
		old    = "{id: CVE-2025-9, reason: reviewed with the vendor, owner: ann, expires: 2026-12-01}"
	)
	for name, test := range map[string]struct{ before, after string }{
		"no file":           {"", newWaivers + "  - " + first + "\n  - " + second + "\n"},
		"an empty list":     {"# ours\nversion: 1\nwaivers: [] # none yet\n", "# ours\nversion: 1\nwaivers: # none yet\n  - " + first + "\n  - " + second + "\n"},
		"a key":             {"version: 1\nwaivers:\n", "version: 1\nwaivers:\n  - " + first + "\n  - " + second + "\n"},
		"no key":            {"version: 1", "version: 1\nwaivers:\n  - " + first + "\n  - " + second + "\n"},
		"a list":            {"version: 1\nwaivers:\n    # old\n    - " + old + "\n    # last\n", "version: 1\nwaivers:\n    # old\n    - " + old + "\n    # last\n    - " + first + "\n    - " + second + "\n"},
		"before a key":      {"waivers:\n- " + old + "\n# what follows\nversion: 1\n", "waivers:\n- " + first + "\n- " + second + "\n- " + old + "\n# what follows\nversion: 1\n"},
		"of Windows":        {"version: 1\r\nwaivers:\r\n  - " + old + "\r\n", "version: 1\r\nwaivers:\r\n  - " + old + "\r\n  - " + first + "\r\n  - " + second + "\r\n"},
		"one is there":      {"version: 1\nwaivers:\n  - " + strings.Replace(first, "2026-12-21", "2026-12-02", 2) + "\n", "version: 1\nwaivers:\n  - " + strings.Replace(first, "2026-12-21", "2026-12-02", 2) + "\n  - " + second + "\n"},
		"an entry of lines": {"version: 1\nwaivers:\n  - id: CVE-2025-9\n    reason: reviewed with the vendor\n    owner: ann\n    expires: 2026-12-01", "version: 1\nwaivers:\n  - id: CVE-2025-9\n    reason: reviewed with the vendor\n    owner: ann\n    expires: 2026-12-01\n  - " + first + "\n  - " + second + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "waivers.yml")
			if test.before != "" {
				if err := os.WriteFile(file, []byte(test.before), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, _, err := AddWaivers(dir, "waivers.yml", add, WaiverMaxAge, now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.after, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
			again, all, err := AddWaivers(dir, "waivers.yml", add, WaiverMaxAge, now)
			if err != nil || string(again) != string(got) || all[0].Before == nil || all[1].Before == nil || all[0].Line == 0 {
				t.Errorf("again: %v, %+v\n%s", err, all, again)
			}
		})
	}
	for name, test := range map[string]struct{ before, says string }{
		"not YAML":    {"version: [", "waivers.yml:1:"},
		"a bad entry": {"version: 1\nwaivers:\n  - {id: CVE-2025-9}\n", "waivers.yml:3:1 missing reason"},
		"in brackets": {"version: 1\nwaivers: [" + old + "]\n", "waivers.yml:2:1 the waivers are written in brackets"},
		"a link":      {"->", "cannot be read"},
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "waivers.yml")
		err := os.WriteFile(file, []byte(test.before), 0o644)
		if test.before == "->" {
			os.Remove(file)
			err = os.Symlink("/etc/passwd", file)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := AddWaivers(dir, "waivers.yml", add, WaiverMaxAge, now); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
