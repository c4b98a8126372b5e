package process

import (
	"archive/tar"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func header(mode int64) tar.Header { return tar.Header{Mode: mode} }

func TestRotating(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.log")
	for i := range 2 { // a second writer goes on where the first stopped
		l := &rotating{path: path, most: 100}
		for j := range 8 {
			fmt.Fprintf(l, "line %d of writer %d.....\n", j, i) // 24 bytes
		}
		l.close()
	}
	now, _ := os.ReadFile(path)
	before, _ := os.ReadFile(path + ".1")
	if len(now) != 96 || len(before) != 96 || !strings.HasPrefix(string(now), "line 4 of writer 1") {
		t.Errorf("app.log %q\napp.log.1 %q", now, before)
	}
}

func TestTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.log")
	text := strings.Repeat("old line\n", 20_000) + "\n\x1b[1;31mred\x1b[0m\x1b]0;title\x07\nbell\a\tdone\r\nkey=s3cr3t-k3y on\n\u202eturned\xff\nlast, unfinished"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []string{"red", "bell done", "key=*** on", "turned\uFFFD", "last, unfinished"}
	if diff := cmp.Diff(want, tail(path, 5, spec{Given: map[string]string{"KEY": "s3cr3t-k3y", "DEBUG": "on"}}.hidden())); diff != "" {
		t.Error(diff)
	}
	if got := tail(path+".not", 5, nil); got != nil {
		t.Errorf("no log: %q", got)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("\x1b[31mred\x1b[0m\n::error::x")
	f.Fuzz(func(t *testing.T, s string) {
		if got := clean(s); strings.ContainsAny(got, "\x1b\n\r\a\u202e\u2028") {
			t.Errorf("%q", got)
		}
	})
}

func TestSlug(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"preview/pr-12", "preview-pr-12", "preview/PR-12", "production", "../..", ".", "-", "ä/ö", strings.Repeat("x", 300), strings.Repeat("x", 301)} {
		s := slug(name)
		if len(s) > 60 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Errorf("%s is not a folder name", s)
		}
		if seen[s] != "" {
			t.Errorf("%s and %s share %s", name, seen[s], s)
		}
		seen[s] = name
	}
}

// TestLastRun proves NEWCOMER 7: the log of an application that crashes again and again is
// shown once.
func TestLastRun(t *testing.T) {
	for name, tt := range map[string]struct{ log, want string }{
		"nothing":                   {"", ""},
		"it runs":                   {"a|b", "a|b"},
		"it was ended":              {"a|b|goldenpath: the application was ended", "a|b"},
		"one crash":                 {"a|goldenpath: the application ended: exit status 1", "a|goldenpath: the application ended: exit status 1"},
		"crashes":                   {"a|goldenpath: the application ended: exit status 1|b|goldenpath: the application ended: exit status 2|c|goldenpath: the application was ended", "b|goldenpath: the application ended: exit status 2|(these lines are of its last start; it was started again after each exit)"},
		"crashes without a word":    {"goldenpath: the application ended: exit status 0|goldenpath: the application ended: exit status 0", "goldenpath: the application ended: exit status 0|(these lines are of its last start; it was started again after each exit)"},
		"only the last lines of it": {"1|2|3|4|5", "3|4|5"},
	} {
		var lines []string
		if tt.log != "" {
			lines = strings.Split(tt.log, "|")
		}
		if got := strings.Join(lastRun(lines, 3), "|"); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
